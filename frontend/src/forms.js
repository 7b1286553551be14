// Forms: the consequence is read first, then the form is sent once, and its text is never lost.
import { dialog } from "./dialogs.js";
import { word } from "./words.js";

// Registered before "sent once": a form that waits for its answer is not yet being sent.
// ── The consequence, before the deed ─────────────────────────────────────────────────────────────
const agreed = new WeakSet();
function ask(element, text, then) {
  const box = dialog("confirm-dialog");
  box.querySelector("[data-slot=text]").textContent = text;
  const yes = box.querySelector("[data-slot=yes]");
  yes.textContent = element.dataset.confirmButton || element.textContent.trim() || word("go_on");
  yes.onclick = () => {
    box.close();
    then();
  };
  box.showModal();
}
document.addEventListener("submit", (event) => {
  const from = event.submitter?.dataset.confirm ? event.submitter : event.target;
  if (!from.dataset.confirm || agreed.delete(event.target)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const { target, submitter } = event;
  ask(submitter ?? target, from.dataset.confirm, () => {
    agreed.add(target);
    target.requestSubmit(submitter);
  });
}, true);
document.addEventListener("htmx:confirm", (event) => {
  if (!event.detail.question) return;
  event.preventDefault();
  ask(event.detail.elt, event.detail.question, () => event.detail.issueRequest(true));
});

// ── Sent once ────────────────────────────────────────────────────────────────────────────────────
const busy = new Set();
function release(form) {
  busy.delete(form);
  delete form.dataset.sending;
  for (const button of form.querySelectorAll("[data-was-enabled]")) {
    button.disabled = false;
    button.classList.remove("btn-loading");
    delete button.dataset.wasEnabled;
  }
}
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sending) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  if (event.defaultPrevented && !form.matches("[hx-post],[hx-put],[hx-patch],[hx-delete]")) return;
  if (form.method === "get" || form.method === "dialog" || form.hasAttribute("data-again") || form.target === "_blank") return;
  form.dataset.sending = "1";
  busy.add(form);
  const { submitter } = event;
  // After this turn: a disabled button's name and value would not be sent.
  setTimeout(() => {
    for (const button of form.querySelectorAll("button:not([type=button]):not([disabled]), input[type=submit]:not([disabled])")) {
      button.dataset.wasEnabled = "1";
      button.disabled = true;
    }
    submitter?.classList.add("btn-loading");
  });
  setTimeout(() => release(form), 30_000); // an answer that is a download never leaves the page
}, true);
window.addEventListener("pageshow", () => [...busy].forEach(release));
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.detail.elt.closest?.("form");
  if (form) release(form);
});

// ── Never lost ───────────────────────────────────────────────────────────────────────────────────
// Text survives a lost session, a crashed page and a mistaken click for as long as the tab lives. It belongs to the
// person who typed it: another person signing in in the same tab does not see it.
const user = document.body.dataset.user || "";
const name = (form) => `keep:${user}:${location.pathname}:${form.dataset.keep || form.id || "form"}`;
const fields = (form) =>
  [...form.elements].filter((f) => f.name && f.name !== "csrfmiddlewaretoken" && !["password", "hidden", "file", "submit", "button", "image"].includes(f.type) && !f.hasAttribute("data-no-keep"));
const store = {
  get: (key) => { try { return JSON.parse(sessionStorage.getItem(key)); } catch { return null; } },
  set: (key, value) => { try { sessionStorage.setItem(key, JSON.stringify(value)); } catch { /* full or forbidden */ } },
  drop: (key) => { try { sessionStorage.removeItem(key); } catch { /* forbidden */ } },
  keys: () => { try { return Object.keys(sessionStorage); } catch { return []; } },
};
const read = (form) => fields(form).map((f) => [f.name, /checkbox|radio/.test(f.type) ? f.value : null, /checkbox|radio/.test(f.type) ? f.checked : f.value]);

const timers = new WeakMap();
function remember(event) {
  const form = event.target.form;
  if (!form?.matches?.("form[data-keep]") || event.target.hasAttribute("data-no-keep")) return;
  form.dataset.dirty = "1";
  clearTimeout(timers.get(form));
  timers.set(form, setTimeout(() => store.set(name(form), read(form)), 250));
}
document.addEventListener("input", remember);
document.addEventListener("change", remember);

function restore(form) {
  const kept = store.get(name(form));
  if (!kept || form.dataset.restored) return;
  form.dataset.restored = "1";
  let changed = false;
  const before = read(form);
  const put = (values) => {
    const left = [...values];
    for (const field of fields(form)) {
      const box = /checkbox|radio/.test(field.type);
      const at = left.findIndex(([n, v]) => n === field.name && (!box || v === field.value));
      if (at < 0) continue;
      const [, , value] = left.splice(at, 1)[0];
      if (box ? field.checked !== value : field.value !== value) {
        if (box) field.checked = value;
        else field.value = value;
        changed = true;
      }
    }
  };
  put(kept);
  if (!changed) return;
  form.dataset.dirty = "1";
  for (let fold = form.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  const note = document.createElement("div");
  note.className = "alert alert-info py-2 d-flex align-items-center gap-2";
  note.setAttribute("role", "status");
  const undo = document.createElement("button");
  undo.type = "button";
  undo.className = "btn btn-sm ms-auto";
  undo.textContent = word("discard");
  undo.onclick = () => {
    put(before);
    store.drop(name(form));
    delete form.dataset.dirty;
    note.remove();
    form.querySelector("input:not([type=hidden]),textarea,select")?.focus();
  };
  note.append(word("restored"), undo);
  form.prepend(note);
  form.dispatchEvent(new CustomEvent("keep:restored", { bubbles: true }));
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("[data-forget]")) store.keys().filter((k) => k.startsWith("keep")).forEach(store.drop); // signing out
  if (!form.matches("form[data-keep]") || event.defaultPrevented) return;
  clearTimeout(timers.get(form));
  store.set(name(form), read(form));
  if (!form.matches("[hx-post],[hx-put],[hx-patch],[hx-delete]")) store.set("keep-sent", name(form));
  delete form.dataset.dirty;
});
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const form = detail.elt.closest?.("form[data-keep]");
  const login = document.body.dataset.loginUrl;
  if (!form || detail.requestConfig.verb === "get" || detail.xhr.status >= 400 || !detail.xhr.status) return;
  if (login && new URL(detail.xhr.responseURL || location.href).pathname === login) return;
  clearTimeout(timers.get(form));
  store.drop(name(form));
  delete form.dataset.dirty;
});
function settle() {
  // The answer to a sent form: another page means it was taken; the sign-in page or an error page means it was not.
  const sent = store.get("keep-sent");
  // Told once: the page after the sign-in page is the form again, and its text is still wanted there.
  if (sent) store.drop("keep-sent");
  if (sent && !document.body.dataset.trouble) {
    const again = [...document.querySelectorAll("form[data-keep]")].some((form) => name(form) === sent && form.querySelector(".is-invalid, [data-form-errors]"));
    if (!again) store.drop(sent);
  }
  document.querySelectorAll("form[data-keep]").forEach(restore);
}
settle();
document.addEventListener("htmx:load", (event) => event.detail.elt.querySelectorAll?.("form[data-keep]").forEach(restore));

// ── Errors first ─────────────────────────────────────────────────────────────────────────────────
const toErrors = (root) => root.querySelector?.("[data-form-errors]")?.focus();
toErrors(document);
document.addEventListener("htmx:afterSettle", (event) => toErrors(event.detail.elt));
