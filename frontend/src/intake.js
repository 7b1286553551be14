// The intake screen. The lists come from the server; here are only the keys, and what is shown for which choice.
import { htmx } from "./wire.js";

const form = document.getElementById("intake");
const box = form?.elements.q;
const list = document.getElementById("candidates");

// ── Shown only when it is asked for ──────────────────────────────────────────────────────────────
// Without this script everything is shown, and the server takes what fits.
function value(name) {
  const field = form.elements[name];
  return field ? String(field.value ?? "") : "";
}
function show() {
  for (const part of form.querySelectorAll("[data-when]")) {
    const [name, wanted] = part.dataset.when.split("=");
    part.hidden = value(name) !== wanted;
  }
  let spare = false;
  for (const row of form.querySelectorAll("[data-window]")) {
    row.hidden = row.hasAttribute("data-empty") && ![...row.querySelectorAll("input")].some((input) => input.value);
    spare ||= row.hidden;
  }
  const more = form.querySelector("[data-more-windows]");
  if (more) more.hidden = !spare;
  form.elements.model?.setAttribute("list", "models");
}

// ── Who is calling ───────────────────────────────────────────────────────────────────────────────
let wanted = false; // Enter was pressed before the answer came
let asked = ""; // what was looked for last
let shown = ""; // what the rows on the screen answer; empty until they can be taken
const options = () => [...list.querySelectorAll("[role=option]")];
const marked = () => options().find((option) => option.getAttribute("aria-selected") === "true");
function mark(option) {
  for (const one of options()) one.setAttribute("aria-selected", String(one === option));
  if (option) {
    box.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  } else box.removeAttribute("aria-activedescendant");
}
function close() {
  list.replaceChildren();
  asked = shown = "";
  box.setAttribute("aria-expanded", "false");
  box.removeAttribute("aria-activedescendant");
}
function take(option) {
  htmx.trigger(option, "take");
  close();
}
function fresh() {
  wanted = false;
  close();
  const url = `${location.pathname}?q=${encodeURIComponent(box.value.trim())}`;
  htmx.ajax("GET", url, { target: "#who", swap: "outerHTML", source: "#who" });
  history.replaceState(null, "", location.pathname);
}
function decide() {
  const typed = box.value.trim();
  if (!typed) return form.elements.customer_name?.focus();
  if (shown !== typed) {
    wanted = true; // an answer that is on its way, or swapped in but not settled, is taken when it is ready
    if (asked !== typed) htmx.trigger(box, "look");
    return undefined;
  }
  const option = marked() ?? options()[0];
  return option ? take(option) : fresh();
}

function begin() {
  box.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && options().length) {
      const all = options();
      mark(all[Math.max(0, Math.min(all.length - 1, all.indexOf(marked()) + step))]);
    } else if (event.key === "Enter") decide();
    else if (event.key === "Escape") fresh();
    else return;
    event.preventDefault();
  });
  list.addEventListener("pointerdown", (event) => event.preventDefault()); // the box keeps the focus until one is taken
  list.addEventListener("click", () => setTimeout(close));
  box.addEventListener("blur", () => setTimeout(() => {
    // Who goes on without choosing is at a new caller: the number must not stay behind in the search box.
    const typed = box.value.trim();
    if (!typed || form.elements.customer) return;
    const dialled = /^[\d\s()+./*#x转轉分机機-]+$/i.test(typed) && typed.replace(/\D/g, "").length >= 4;
    const field = form.elements[dialled ? "phone" : "customer_name"];
    if (field && !field.value) field.value = typed;
  }, 150));

  document.addEventListener("htmx:configRequest", ({ detail }) => {
    if (detail.elt === box) asked = String(box.value).trim();
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (detail.elt === box && !detail.successful) asked = ""; // Enter asks again
  });
  // Settled, not only swapped: before that htmx does not know what the new rows can do.
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    if (detail.target === list) {
      const first = options()[0];
      shown = String(detail.requestConfig?.parameters?.q ?? "").trim();
      box.setAttribute("aria-expanded", String(options().length > 0));
      mark(first);
      if (wanted && shown === box.value.trim()) {
        wanted = false;
        if (first) take(first);
        else fresh();
      }
    }
    const who = document.getElementById("who");
    if (!who?.hasAttribute("data-swapped")) return;
    who.removeAttribute("data-swapped");
    close();
    show();
    renew();
    const next = form.elements.customer
      ? (form.elements.product?.type !== "hidden" && !value("product") && form.elements.product) || form.elements.summary
      : form.elements.customer_name.value ? form.elements.phone : form.elements.customer_name;
    next?.focus();
  });

  form.addEventListener("click", (event) => {
    if (event.target.closest("[data-new-caller]")) {
      box.value = "";
      fresh();
    }
    if (event.target.closest("[data-more-windows]")) {
      const row = [...form.querySelectorAll("[data-window]")].find((one) => one.hidden);
      row?.removeAttribute("data-empty");
      show();
      row?.querySelector("input")?.focus();
    }
    const wish = event.target.closest("[data-wish]");
    if (wish) fill(...wish.dataset.wish.split(" "));
  });
  // Enter in a line of text goes nowhere: a ticket is saved by Ctrl+Enter or by a button, never by a slip.
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && event.target.matches("input") && event.target !== box) event.preventDefault();
    if (event.key === "Escape" && event.target !== box && event.target.matches("input, select, textarea") && form.elements.customer && !event.isComposing) {
      box.focus();
      box.select();
    }
  });
  let looking;
  form.addEventListener("input", (event) => {
    if (event.target.name !== "serial") return;
    clearTimeout(looking);
    looking = setTimeout(() => {
      const values = { serial: event.target.value, customer: value("customer") };
      htmx.ajax("GET", location.pathname, { target: "#serials", source: "#serials", values });
    }, 350);
  });
  const weighs = ["kind", "channel", "grade", "visit_needed", "region", "site", "vip", "contacted", "product", "model"];
  form.addEventListener("change", (event) => {
    show();
    if (weighs.includes(event.target.name)) renew();
    if (event.target.name === "product") htmx.trigger("#context", "renew");
  });
  form.addEventListener("keep:restored", () => {
    show();
    renew();
  });
}
let renewing;
function renew() {
  clearTimeout(renewing);
  renewing = setTimeout(() => htmx.trigger("#promises", "renew"), 80);
}

// ── Wished times ─────────────────────────────────────────────────────────────────────────────────
function fill(days, from, to) {
  const row = [...form.querySelectorAll("[data-window]")].find((one) => ![...one.querySelectorAll("input")].some((input) => input.value));
  if (!row) return;
  const day = new Date(Date.now() + Number(days) * 86400e3);
  const date = [day.getFullYear(), String(day.getMonth() + 1).padStart(2, "0"), String(day.getDate()).padStart(2, "0")].join("-");
  const [start, end] = row.querySelectorAll("input");
  start.value = `${date}T${from}`;
  end.value = to;
  row.removeAttribute("data-empty");
  show();
  start.dispatchEvent(new Event("change", { bubbles: true }));
}

if (form) {
  begin();
  show();
}
