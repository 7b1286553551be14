// The keyboard. Single keys are for people who want them: WCAG 2.1.4 asks for the switch.
import { dialog } from "./dialogs.js";
import { palette } from "./palette.js";

const OFF = "single-keys-off";
const off = () => { try { return localStorage.getItem(OFF) === "1"; } catch { return false; } };
const typing = (el) => el?.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(el?.tagName ?? "") && !/^(checkbox|radio|button|submit)$/.test(el.type);

// ── Rows ─────────────────────────────────────────────────────────────────────────────────────────
const rows = () => [...document.querySelectorAll("table[data-rows] tr[data-href], [data-rows] [data-href]:not(tr)")].filter((row) => row.offsetParent !== null);
export const cursor = () => document.querySelector(".row-cursor");
let lastHref; // keeps the place when the list is refreshed under it
function place(row) {
  cursor()?.classList.remove("row-cursor");
  if (!row) return;
  row.classList.add("row-cursor");
  row.tabIndex = -1;
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
  lastHref = row.dataset.href;
}
function move(step) {
  const list = rows();
  if (!list.length) return false;
  const at = list.indexOf(cursor());
  place(list[at < 0 ? (step > 0 ? 0 : list.length - 1) : Math.max(0, Math.min(list.length - 1, at + step))]);
  return true;
}
document.addEventListener("htmx:afterSettle", () => {
  if (cursor() || !lastHref || typing(document.activeElement)) return;
  const same = rows().find((row) => row.dataset.href === lastHref);
  if (same && document.activeElement === document.body) place(same);
});
const go = (url, event) => (event.ctrlKey || event.metaKey || event.button === 1 ? window.open(url, "_blank", "noopener") : location.assign(url));
for (const kind of ["click", "auxclick"])
  document.addEventListener(kind, (event) => {
    const row = event.target.closest?.("[data-rows] [data-href]");
    // Real links, buttons and selected text inside a row keep their own meaning.
    if (!row || event.defaultPrevented || event.button > 1 || event.target.closest("a,button,input,label,select,textarea,summary") || String(getSelection())) return;
    go(row.dataset.href, event);
  });

// ── Keys ─────────────────────────────────────────────────────────────────────────────────────────
let waiting = 0; // until when a letter after g counts
const follow = (element) => element && (element.click(), true);
const first = (selector) => [...document.querySelectorAll(selector)].find((el) => el.offsetParent !== null) ?? document.querySelector(selector);

function single(event) {
  const { key } = event;
  if (performance.now() < waiting) {
    waiting = 0;
    return /^[a-z0-9]$/i.test(key) && follow(document.querySelector(`[data-go="${key.toLowerCase()}"]`));
  }
  switch (key) {
    case "/": {
      const box = first("[data-search]");
      box?.focus();
      box?.select();
      return Boolean(box);
    }
    case "g":
      waiting = performance.now() + 1500;
      return true;
    case "j":
      return move(1);
    case "k":
      return move(-1);
    case "?":
      dialog("help-dialog")?.showModal();
      return true;
    default:
      // Any action may name its own letter: <a data-key="n">, <button data-key="c">.
      return /^[a-z]$/.test(key) && follow(first(`[data-key="${key}"]:not(:disabled)`));
  }
}

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.keyCode === 229) return; // an input method is choosing characters
  const meta = event.ctrlKey || event.metaKey;
  if (meta && event.key.toLowerCase() === "k") {
    event.preventDefault();
    palette();
    return;
  }
  if (meta && event.key === "Enter") {
    const form = event.target.form ?? event.target.closest?.("form");
    const button = form?.querySelector("[data-primary]:not(:disabled)") ?? form?.querySelector("button[type=submit]:not(:disabled), button:not([type]):not(:disabled)");
    if (form && (button || form.querySelector("input"))) {
      event.preventDefault();
      form.requestSubmit(button);
    }
    return;
  }
  if (meta || event.altKey || document.querySelector("dialog[open], .modal.show")) return;
  if (event.key === "Escape" && typing(event.target)) {
    if (event.target.matches("[data-search]")) event.target.blur();
    return;
  }
  if (typing(event.target)) return;
  if (event.key === "Enter" && event.target === cursor()) {
    event.preventDefault();
    go(cursor().dataset.href, event);
    return;
  }
  if (!off() && single(event)) event.preventDefault();
});

for (const box of document.querySelectorAll("[data-single-keys]")) {
  box.checked = !off();
  box.addEventListener("change", () => {
    try {
      if (box.checked) localStorage.removeItem(OFF);
      else localStorage.setItem(OFF, "1");
    } catch {
      // storage forbidden: the switch lasts for this page only
    }
  });
}
