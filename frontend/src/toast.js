import { icon } from "./icon.js";
import { word } from "./words.js";

const ICONS = { success: "circle-check", info: "info-circle", warning: "alert-triangle", error: "alert-octagon" };
const COLOURS = { success: "success", info: "info", warning: "warning", error: "danger" };

/** Say something in the corner. Errors stay until they are put away: they may carry the only reason. */
export function toast(text, level = "info", { link } = {}) {
  const box = document.getElementById("toasts");
  if (!box) return;
  const item = document.createElement("div");
  item.className = `alert alert-${COLOURS[level] || "info"} alert-dismissible message`;
  item.dataset.level = level;
  item.setAttribute("role", level === "error" ? "alert" : "status");
  const words = document.createElement("div");
  words.className = "message-text";
  const lead = document.createElement("strong");
  lead.textContent = word(`level_${level}`);
  words.append(lead, " ", text);
  if (link) {
    const anchor = document.createElement("a");
    anchor.className = "alert-link ms-2";
    anchor.href = link.href;
    anchor.textContent = link.text;
    words.append(anchor);
  }
  const close = document.createElement("button");
  close.type = "button";
  close.className = "btn-close";
  close.setAttribute("aria-label", word("close"));
  close.dataset.dismiss = "";
  item.append(icon(ICONS[level] || "info-circle"), words, close);
  box.append(item);
  expire(item);
}

function expire(item) {
  if (item.dataset.level === "error" || item.dataset.level === "warning" || item.dataset.timed) return;
  item.dataset.timed = "1";
  let rest;
  const start = () => (rest = setTimeout(() => item.remove(), 8000));
  // WCAG 2.2.1: a message being read does not go away.
  for (const stop of ["pointerenter", "focusin"]) item.addEventListener(stop, () => clearTimeout(rest));
  for (const go of ["pointerleave", "focusout"]) item.addEventListener(go, start);
  start();
}

document.addEventListener("click", (event) => {
  event.target.closest?.("[data-dismiss]")?.closest(".message")?.remove();
});
// HX-Trigger: {"toast": {"text": "…", "level": "success"}}
document.addEventListener("toast", (event) => toast(event.detail.text ?? event.detail.value, event.detail.level));
const watch = () => document.querySelectorAll("#toasts .message").forEach(expire);
document.addEventListener("htmx:oobAfterSwap", watch);
watch();
