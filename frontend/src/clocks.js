// Countdown chips and relative times. The page already says the right words for the moment it was made; this keeps
// them right. The same words and rules live in aftersales/core/templatetags/ui.py.
import { now } from "./now.js";
import { word } from "./words.js";

const two = (n) => String(n).padStart(2, "0");

/** A span in the fewest words that still decide something: minutes and seconds only when they matter. */
export function span(ms, { precise = true } = {}) {
  const seconds = Math.floor(Math.abs(ms) / 1000);
  const m = Math.floor(seconds / 60);
  if (precise && m < 10) return word("ms", { m, s: two(seconds % 60) });
  if (m < 60) return word("m", { m });
  const h = Math.floor(m / 60);
  if (h < 24) return word("hm", { h, m: two(m % 60) });
  return word("dh", { d: Math.floor(h / 24), h: h % 24 });
}

function tick(chip, at) {
  const { due, warn, start, state } = chip.dataset;
  if (state !== "running" || !due) return;
  const dueAt = Date.parse(due);
  const left = dueAt - at;
  const level = left < 0 ? "late" : warn && at >= Date.parse(warn) ? "warn" : "calm";
  const text = left < 0 ? word("over", { span: span(left, { precise: false }) }) : word("left", { span: span(left) });
  const slot = chip.querySelector(".clock-chip-time");
  if (slot && slot.textContent !== text) slot.textContent = text;
  if (chip.dataset.level !== level) {
    const before = chip.dataset.level;
    chip.dataset.level = level;
    const use = chip.querySelector(".clock-chip-mark use");
    if (use) use.setAttribute("href", use.getAttribute("href").replace(/#.*/, level === "late" ? "#alert-triangle" : "#clock"));
    if (before && level === "late") chip.dispatchEvent(new CustomEvent("clock:late", { bubbles: true }));
  }
  const ring = chip.querySelector(".clock-ring-left");
  const began = Date.parse(start);
  if (ring && dueAt > began) ring.style.strokeDashoffset = String(100 - 100 * Math.max(0, Math.min(1, left / (dueAt - began))));
  // Readers hear minutes, not seconds: a label that changed each second would never be read to its end.
  const spoken = `${word(left < 0 ? "over" : "left", { span: span(left, { precise: false }) })}, ${chip.dataset.exact || ""}`;
  const voice = chip.querySelector(".visually-hidden");
  if (voice && voice.textContent !== spoken) voice.textContent = spoken;
}

function relative(time, at) {
  const left = Date.parse(time.dateTime) - at;
  if (Number.isNaN(left) || Math.abs(left) > 7 * 86400e3) return; // further away the date itself was written
  const near = Math.abs(left) < 60e3;
  const text = near ? word("now") : word(left > 0 ? "in" : "ago", { span: span(left, { precise: false }) });
  if (time.textContent !== text) time.textContent = text;
}

let slow = 0;
function all() {
  if (document.hidden) return;
  const at = now();
  for (const chip of document.querySelectorAll(".clock-chip[data-state=running]")) tick(chip, at);
  if (slow++ % 10 === 0) for (const time of document.querySelectorAll("time[data-relative]")) relative(time, at);
}
setInterval(all, 1000);
for (const event of ["clock:resync", "htmx:afterSettle", "visibilitychange"]) document.addEventListener(event, () => ((slow = 0), all()));
all();
