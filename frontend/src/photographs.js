// A photograph leaves the telephone small: drawn anew at 2,000 pixels, then sent; without this script the form does.
// Without a network it is kept as a command and shown as not sent yet.
//   <form data-photograph-form data-again data-label data-words-…> with `key`, `file` and [data-photograph-answer]
import { keep, kept } from "./queue.js";

const LONGEST_SIDE = 2000;
const LARGEST = 40_000_000; // bytes; more would fill a telephone's memory before it is made small
const LARGEST_SENT = 10 * 2 ** 20; // as the server takes them
const PATIENCE = 30_000; // milliseconds; a weak signal is no network
const here = document.querySelector("[data-visit]");
const user = document.body.dataset.user || "";

/** Whether the file begins as a JPEG, PNG or WebP does, whatever its name says. */
async function isPicture(file) {
  const head = String.fromCharCode(...new Uint8Array(await file.slice(0, 12).arrayBuffer()));
  return head.startsWith("\xff\xd8\xff") || head.startsWith("\x89PNG") || (head.startsWith("RIFF") && head.endsWith("WEBP"));
}

/** The photograph as it is sent; throws the name of the words that say why not. */
async function prepared(file) {
  if (file.size >= LARGEST) throw "wordsLarge";
  const small = await smaller(file);
  if (small === file && !(await isPicture(file))) throw "wordsUnreadable";
  if (small.size > LARGEST_SENT) throw "wordsLarge";
  return small;
}

async function smaller(file) {
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const factor = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * factor);
    canvas.height = Math.round(picture.height * factor);
    const brush = canvas.getContext("2d");
    brush.fillStyle = "#fff";
    brush.fillRect(0, 0, canvas.width, canvas.height);
    brush.drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.88));
    return blob && blob.size < file.size ? blob : file;
  } catch {
    return file; // what the browser cannot read, the server may, or it refuses with its reason
  }
}

async function send(form) {
  const answer = form.querySelector("[data-photograph-answer]");
  const button = form.querySelector("button[type=submit]");
  const file = form.elements.file.files[0];
  const say = (text, bad) => {
    answer.textContent = text;
    answer.className = text ? `alert py-2 ${bad ? "alert-danger" : "alert-info"}` : "";
  };
  if (!file) return form.elements.file.click();
  button.disabled = true;
  say(form.dataset.wordsSending, false);
  let small;
  try {
    small = await prepared(file);
  } catch (why) {
    say(form.dataset[why] ?? form.dataset.wordsFailed, true);
    button.disabled = false;
    return;
  }
  const body = new FormData(form);
  body.set("file", small, "photograph.jpg");
  try {
    const response = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" }, signal: AbortSignal.timeout(PATIENCE) });
    if (response.status === 201) {
      // The rest of the page may hold a report half written: only the list of photographs is read anew.
      const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
      for (const part of ["[data-photographs]", "[data-photograph-count]"]) document.querySelector(part)?.replaceWith(page.querySelector(part));
      for (const choice of page.querySelectorAll("[data-photograph-choices]")) {
        const own = document.getElementById(choice.id);
        const chosen = new Set([...(own?.querySelectorAll("input:checked") ?? [])].map((input) => input.value));
        own?.replaceWith(choice);
        choice.querySelectorAll("input").forEach((input) => (input.checked = chosen.has(input.value)));
      }
      form.reset();
      form.elements.key.value = crypto.randomUUID?.() ?? page.querySelector("[data-photograph-form]")?.elements.key.value;
      say("", false);
      unsent();
      if (!page.querySelector("[data-photograph-form]")) form.remove();
    } else {
      const errors = response.headers.get("Content-Type")?.startsWith("application/json")
        ? Object.values((await response.json()).errors).flat().map((error) => error.message).join(" ")
        : await response.text();
      say(response.status < 500 && errors.length < 400 ? errors : form.dataset.wordsFailed, true);
    }
  } catch {
    const done = await later(form, small).catch(() => false); // no room left, no such database
    say(done ? form.dataset.wordsKept : form.dataset.wordsFailed, !done);
  }
  button.disabled = false;
}

/** Keep it for later under the id that it was sent with: should it have arrived all the same, it is the same one. */
async function later(form, small) {
  if (!user || !here || !navigator.serviceWorker?.controller) return false;
  const { key, purpose, caption } = form.elements;
  await keep({
    id: key.value,
    user,
    visit: Number(here.dataset.visit),
    name: "add_photograph",
    fields: { key: [key.value], purpose: [purpose.value], caption: [caption.value] },
    file: { field: "file", name: "photograph.jpg", blob: small },
    pass: here.dataset.pass ?? "",
    label: [form.dataset.label, caption.value || purpose.selectedOptions[0]?.textContent].join(" · "),
  });
  form.reset();
  key.value = crypto.randomUUID();
  document.dispatchEvent(new CustomEvent("kept"));
  await unsent();
  return true;
}

/** Those that wait on this telephone stand among the others, marked. */
async function unsent() {
  const list = document.querySelector("[data-photographs]");
  const form = document.querySelector("[data-photograph-form]");
  if (!list || !form || !user || !here || !window.indexedDB) return;
  const waiting = (await kept(user)).filter((one) => one.visit === Number(here.dataset.visit) && one.name === "add_photograph");
  for (const old of list.querySelectorAll("[data-unsent-photograph]")) {
    URL.revokeObjectURL(old.querySelector("img").src);
    old.remove();
  }
  for (const one of waiting) {
    const line = document.createElement("li");
    line.dataset.unsentPhotograph = one.id;
    const picture = Object.assign(new Image(96, 96), { alt: one.label, src: URL.createObjectURL(one.file.blob) });
    const words = document.createElement("span");
    words.textContent = one.said || form.dataset.wordsUnsent;
    line.append(picture, words);
    list.append(line);
  }
}
const waiting = document.querySelector("[data-photograph-form]");
if (waiting) {
  // A page that was kept without a network would give every photograph the same id.
  if (crypto.randomUUID) waiting.elements.key.value = crypto.randomUUID();
  unsent();
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest?.("form[data-photograph-form]");
  if (!form) return;
  event.preventDefault();
  send(form);
});
