// The technician's pages: kept for when there is no network, and what was done without one is sent when it is back.
import "./arrival.js";
import { change, drop, kept } from "./queue.js";
import { word } from "./words.js";

const user = document.body.dataset.user || "";
const here = document.querySelector("[data-visit]");
const EVERY = 15_000; // milliseconds between two tries
const LONGEST_PHOTOGRAPH = 10_000_000; // bytes, as the server takes them

// ── Pages ────────────────────────────────────────────────────────────────────────────────────────
const LATER = ["", "?as=en_route", "?as=on_site", "?as=done"];
function pagesToKeep() {
  const visits = here
    ? [location.pathname]
    : [...document.querySelectorAll("a.visit-row:not([data-over])")].slice(0, 10).map((link) => new URL(link.href).pathname);
  return ["/my-day/", ...visits.flatMap((path) => LATER.map((state) => path + state))];
}
const assets = () =>
  [...document.querySelectorAll("script[src], link[rel=stylesheet], link[rel=icon]")]
    .map((one) => one.src || one.href)
    .concat(document.querySelector("meta[name=icons]")?.content ?? [], document.body.dataset.signatureUrl ?? []);

async function prepare() {
  if (!("serviceWorker" in navigator) || !user) return;
  await navigator.serviceWorker.register("/worker.js");
  const { active } = await navigator.serviceWorker.ready;
  navigator.serviceWorker.addEventListener("message", ({ data }) => {
    if (data.keptPages) document.documentElement.dataset.kept = String(data.keptPages);
    if (data.keptCommand) show();
  });
  if (navigator.onLine) active.postMessage({ user, pages: pagesToKeep(), assets: assets() });
}

// ── Forms ────────────────────────────────────────────────────────────────────────────────────────
const isCommand = (form) => /\/visits\/\d+\/(set-out|check-in|report|do\/[a-z0-9_-]+)\/$/.test(new URL(form.action).pathname);
function put(form, name, text) {
  const field = form.querySelector(`input[type=hidden][name="${name}"]`) ?? form.appendChild(document.createElement("input"));
  Object.assign(field, { type: "hidden", name });
  field.value ||= text;
}
function fault(form, field, text) {
  form.querySelector("[data-phone-fault]")?.remove();
  field?.closest("details")?.setAttribute("open", "");
  const note = document.createElement("p");
  note.className = "text-danger mb-2";
  note.dataset.phoneFault = "";
  note.setAttribute("role", "alert");
  note.textContent = text;
  const place = field?.closest(".field") ?? form.querySelector("button[type=submit]");
  place.before(note);
  note.scrollIntoView({ block: "center" });
  (form.querySelector("canvas[tabindex]") === place ? place : field)?.focus?.();
}
/** What the server would refuse: without a network nobody would say so before the customer is out of sight. */
function wrong(form) {
  const missing = [...form.elements].find((field) => field.willValidate && field.required && !field.value.trim());
  if (missing) return [missing, word("fill_in")];
  const { solved, signature, typed_signature: typed, unsigned_reason: reason, signer_name: name } = form.elements;
  if (solved && solved.value === "") return [form.querySelector("[name=solved]"), word("fill_in")];
  // The report (R32): drawn, or typed with the reason.
  if (solved && !signature.value && !reason.value.trim()) return typed?.value.trim() ? [reason, word("fill_in")] : [signature, word("sign_here")];
  if (signature?.value && name && !name.value.trim() && !typed?.value.trim()) return [name, word("fill_in")];
  const large = [...form.elements].find((field) => field.type === "file" && [...field.files].some((file) => file.size > LONGEST_PHOTOGRAPH));
  return large ? [large, word("too_large")] : null;
}
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || !isCommand(form)) return;
  const found = wrong(form);
  if (found) {
    event.preventDefault();
    event.stopImmediatePropagation();
    fault(form, ...found);
    return;
  }
  put(form, "command_id", crypto.randomUUID()); // the second tap of a thumb sends the same id
  put(form, "pass", here?.dataset.pass ?? "");
  put(form, "page_state", here?.dataset.as ?? "");
  put(form, "label", event.submitter?.textContent.trim() ?? "");
}, true);

// ── What is not sent yet ─────────────────────────────────────────────────────────────────────────
const box = document.querySelector("[data-unsent]");
const time = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hour12: false });
async function show() {
  if (!box) return [];
  const all = await kept(user);
  const waiting = all.filter((one) => one.state === "waiting");
  box.hidden = !all.length;
  box.querySelector("[data-slot=title]").textContent = waiting.length ? word("unsent", { n: waiting.length }) : word("not_done");
  const list = box.querySelector("ul");
  list.replaceChildren(
    ...all.map((one) => {
      const line = document.createElement("li");
      line.dataset.state = one.state;
      line.append(`${time.format(one.madeAt)} ${one.label}`);
      if (one.said) {
        const why = document.createElement("div");
        why.className = "text-danger";
        why.textContent = one.said;
        const read = document.createElement("button");
        Object.assign(read, { type: "button", className: "btn btn-sm", textContent: word("seen_it") });
        read.addEventListener("click", () => drop(one.id).then(show));
        line.append(why, read);
      }
      return line;
    }),
  );
  box.querySelector("[data-send]").hidden = !waiting.length;
  document.dispatchEvent(new CustomEvent("waiting")); // signing out asks how many
  return waiting;
}

const sendOne = async (one) => {
  const form = new FormData();
  const { id, device, number, name, pass } = one;
  // Only how long ago: the clock of a telephone may be a day off.
  const given = { id, device, number, name, pass, age: Date.now() - one.madeAt, data: JSON.stringify(one.fields) };
  for (const [key, text] of Object.entries(given)) form.set(key, text);
  if (one.file) form.set(one.file.field, one.file.blob, one.file.name);
  const token = document.querySelector("meta[name=csrf-token]").content;
  return fetch(`/visits/${one.visit}/commands/`, { method: "POST", body: form, headers: { "X-CSRFToken": token, Accept: "application/json" } });
};

/** Send all that waits, one after the other; whatever cannot be sent now stays. */
async function send() {
  let sent = 0;
  for (const one of (await kept(user)).filter((each) => each.state === "waiting")) {
    let answer;
    try {
      answer = await sendOne(one);
    } catch {
      break; // still no network
    }
    if (answer.redirected || [401, 403].includes(answer.status)) {
      box.querySelector("[data-slot=note]").textContent = word("sign_in_to_send");
      break;
    }
    if (answer.status >= 500 || answer.status === 429) break;
    const said = await answer.json().catch(() => ({}));
    if (answer.ok && said.state === "waiting") continue; // the one before it has not come
    sent += 1;
    if (answer.ok && ["done", "settled"].includes(said.state)) await drop(one.id);
    else if (answer.ok) await change(one, { state: "conflict", said: said.said || word("not_done") });
    else await change(one, { state: "refused", said: said.detail || word("not_done") });
  }
  const waiting = await show();
  // The page that was ahead is caught up with.
  if (sent && !waiting.length && here) location.replace(location.pathname);
}
/** One page at a time. */
const sendNow = () => navigator.locks.request("send", { ifAvailable: true }, (lock) => lock && send());

if (user) {
  prepare();
  show().then((waiting) => waiting.length && sendNow());
  window.addEventListener("online", sendNow);
  document.addEventListener("kept", show);
  setInterval(() => show().then((waiting) => waiting.length && sendNow()), EVERY);
  box?.querySelector("[data-send]").addEventListener("click", sendNow);
}
