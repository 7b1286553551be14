// Checking in: the telephone says where it is, if it may, and reads a code with its camera, if it can.
//   <form data-arrival data-words-asking="…"> with latitude, longitude, accuracy, place_missing
//   <button data-scan="id of the field" hidden> <dialog data-scanner> with <video>, [data-scan-says], [data-scan-stop]
import { word } from "./words.js";

const PATIENCE = 10_000; // milliseconds for the place itself
const ANSWER = 20_000; // with the question whether it may be told, which may stay unanswered
const REASONS = { 1: "refused", 2: "unavailable", 3: "timeout" };
const FORMATS = ["qr_code", "data_matrix", "code_128", "code_39", "ean_13", "ean_8", "itf"];

/** Where the telephone is, or why that is not known; never later than ANSWER. */
function place() {
  if (!navigator.geolocation || !isSecureContext) return Promise.resolve({ place_missing: "unavailable" });
  return new Promise((done) => {
    setTimeout(() => done({ place_missing: "timeout" }), ANSWER);
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => done({ latitude: coords.latitude, longitude: coords.longitude, accuracy: coords.accuracy }),
      (error) => done({ place_missing: REASONS[error.code] ?? "unavailable" }),
      { enableHighAccuracy: true, timeout: PATIENCE, maximumAge: 60_000 },
    );
  });
}

// Before every other listener: a form that waits for the place is not being sent yet.
const placed = new WeakSet();
window.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches?.("form[data-arrival]") || placed.has(form)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (form.dataset.finding) return;
  form.dataset.finding = "1";
  const { submitter } = event;
  const label = submitter?.lastChild;
  const before = label?.textContent;
  if (label) label.textContent = ` ${form.dataset.wordsAsking}`;
  const found = form.elements.latitude.value ? {} : await place(); // it was found before the code was refused
  for (const [name, value] of Object.entries(found)) form.elements[name].value = value;
  if (label) label.textContent = before;
  delete form.dataset.finding;
  placed.add(form);
  form.requestSubmit(submitter);
}, true);
window.addEventListener("pageshow", () => document.querySelectorAll("form[data-arrival]").forEach((form) => placed.delete(form)));

// ── Codes ────────────────────────────────────────────────────────────────────────────────────────
async function scan(field, box) {
  const video = box.querySelector("video");
  const says = box.querySelector("[data-scan-says]");
  let stream;
  const stop = () => {
    stream?.getTracks().forEach((track) => track.stop());
    video.srcObject = null;
  };
  box.addEventListener("close", stop, { once: true });
  box.showModal();
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    video.srcObject = stream;
    await video.play();
  } catch {
    says.textContent = word("no_camera");
    return;
  }
  const known = await BarcodeDetector.getSupportedFormats();
  const detector = new BarcodeDetector({ formats: FORMATS.filter((format) => known.includes(format)) });
  while (box.open) {
    const [code] = await detector.detect(video).catch(() => []);
    if (code?.rawValue) {
      field.value = code.rawValue;
      field.dispatchEvent(new Event("input", { bubbles: true }));
      box.close();
      field.focus();
    }
    await new Promise((next) => setTimeout(next, 200));
  }
}
if ("BarcodeDetector" in window && navigator.mediaDevices)
  for (const button of document.querySelectorAll("[data-scan]")) {
    const box = document.querySelector("[data-scanner]");
    button.hidden = false;
    button.addEventListener("click", () => scan(document.getElementById(button.dataset.scan), box));
    box.querySelector("[data-scan-stop]").addEventListener("click", () => box.close());
  }
