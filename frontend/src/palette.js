// Ctrl+K: every place and every action of this page, by name. Nothing is listed that is not on the page already, so
// nobody is offered what they may not do.
import { dialog } from "./dialogs.js";
import { icon } from "./icon.js";
import { word } from "./words.js";

let box, input, list, items, at;

function label(el) {
  const copy = el.cloneNode(true);
  copy.querySelectorAll("kbd, .badge").forEach((extra) => extra.remove());
  return (el.dataset.label || el.getAttribute("aria-label") || copy.textContent).replace(/\s+/g, " ").trim();
}

function collect() {
  const seen = new Set();
  const found = [];
  const add = (el, group) => {
    const text = label(el);
    if (!text || seen.has(text) || el.closest("[hidden], dialog") || el.disabled) return;
    seen.add(text);
    found.push({ text, group, icon: el.dataset.icon || (group === "action" ? "bolt" : "arrow-right"), keys: el.dataset.key || (el.dataset.go ? `g ${el.dataset.go}` : ""), run: () => el.click() });
  };
  document.querySelectorAll("[data-key], [data-action], .toolbar a.btn, .toolbar button.btn:not([data-bs-toggle]), .toolbar .dropdown-item").forEach((el) => add(el, "action"));
  document.querySelectorAll("[data-go]").forEach((el) => add(el, "place"));
  return found;
}

function show() {
  const query = input.value.trim();
  const needle = query.toLowerCase();
  const shown = items.filter((item) => item.text.toLowerCase().includes(needle));
  const search = document.querySelector("[data-search]")?.form;
  if (query && search)
    shown.push({ text: word("search_for", { query }), icon: "search", keys: "", run: () => { search.querySelector("[data-search]").value = query; search.requestSubmit(); } });
  at = 0;
  list.replaceChildren(
    ...shown.map((item, index) => {
      const row = document.createElement("li");
      row.id = `palette-${index}`;
      row.className = "palette-item";
      row.setAttribute("role", "option");
      const text = document.createElement("span");
      text.textContent = item.text;
      row.append(icon(item.icon), text);
      if (item.keys) {
        const kbd = document.createElement("kbd");
        kbd.textContent = item.keys;
        row.append(kbd);
      }
      row.addEventListener("pointermove", () => select(index));
      row.addEventListener("click", () => run(item));
      row.run = () => run(item);
      return row;
    }),
  );
  box.querySelector("[data-slot=none]").hidden = shown.length > 0;
  select(0);
}
function select(index) {
  const rows = [...list.children];
  at = Math.max(0, Math.min(rows.length - 1, index));
  rows.forEach((row, i) => row.setAttribute("aria-selected", String(i === at)));
  if (rows[at]) {
    input.setAttribute("aria-activedescendant", rows[at].id);
    rows[at].scrollIntoView({ block: "nearest" });
  } else input.removeAttribute("aria-activedescendant");
}
function run(item) {
  box.close();
  item.run();
}

export function palette() {
  box = dialog("palette-dialog");
  if (!box || box.open || document.querySelector("dialog[open], .modal.show")) return;
  input = box.querySelector("input");
  list = box.querySelector("[role=listbox]");
  if (!box.dataset.ready) {
    box.dataset.ready = "1";
    input.addEventListener("input", show);
    input.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) select(at + step);
      else if (event.key === "Enter") list.children[at]?.run();
      else return;
      event.preventDefault();
    });
  }
  items = collect();
  input.value = "";
  box.showModal();
  show();
}
document.addEventListener("click", (event) => event.target.closest?.("[data-palette]") && palette());
