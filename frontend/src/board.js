// The dispatch board. The timeline shows local time of the installation, whatever zone the browser stands in: all
// moments travel as local time without a zone ("2026-03-04T12:00"), only the now-line is told the installation's offset.
import { createCalendar, Interaction, ResourceTimeline } from "@event-calendar/core";
import { icon } from "./icon.js";

const place = document.getElementById("timeline");
const list = document.getElementById("board-list");
const box = document.getElementById("board-dialog");
const inside = document.getElementById("board-inside");
const spec = JSON.parse(document.getElementById("board-data")?.textContent ?? "null");
const words = spec?.words ?? {};
const wide = matchMedia("(min-width: 768px)");
const MINUTE = 60_000;

const two = (n) => String(n).padStart(2, "0");
const wall = (date) => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}`;
const clock = (text) => text.slice(11, 16);
const later = (date, minutes) => new Date(date.getTime() + minutes * MINUTE);
const say = (text, level = "error") => document.dispatchEvent(new CustomEvent("toast", { detail: { text, level } }));
const element = (tag, css, ...inner) => {
  const found = document.createElement(tag);
  found.className = css;
  found.append(...inner);
  return found;
};

/** Ask our own server. Whoever was signed out meanwhile is led to the sign-in page and back. */
async function ask(url, options = {}) {
  const answer = await fetch(url, { credentials: "same-origin", cache: "no-store", ...options });
  if (answer.redirected && new URL(answer.url).pathname === document.body.dataset.loginUrl) {
    location.assign(`${document.body.dataset.loginUrl}?next=${encodeURIComponent(location.pathname + location.search)}`);
    throw new Error("signed out");
  }
  return answer;
}
/** Why something was refused, as one sentence. */
async function why(answer) {
  try {
    const { detail, errors } = await answer.json();
    return detail || errors?.map((error) => error.detail).join(" ") || words.failed;
  } catch {
    return words.failed;
  }
}

// ── The timeline ─────────────────────────────────────────────────────────────────────────────────
let calendar;
let busy = false; // a drag or a dialog: what others change is shown afterwards
let missed = false;
const known = new Map(); // id → the JSON that the shown event was made from

function shown(visit) {
  // A week leaves room for the beginning only, and for a sign of what is not merely planned.
  const week = spec.view === "week";
  const head = week ? element("span", "board-event-time", visit.time.slice(0, 5)) : element("span", "board-event-time", icon(visit.icon), ` ${visit.time} `);
  const who = week ? element("span", "board-event-who", ...(visit.movable ? [] : [icon(visit.icon), " "]), visit.who) : element("span", "board-event-who", visit.who);
  for (const one of [head, who]) one.setAttribute("aria-hidden", "true");
  return { domNodes: [head, who, element("span", "visually-hidden", visit.spoken)] };
}
const visitEvent = (visit) => ({
  id: visit.id,
  resourceIds: [visit.row],
  start: visit.start,
  end: visit.end,
  title: visit.spoken,
  editable: visit.movable,
  classNames: ["board-visit", `is-${visit.state}`, `key-${visit.id}`],
  extendedProps: { visit },
});
const SAID = new Set(["leave", "free"]); // what a pattern alone does not tell
const lying = ({ id, row, start, end, kind, word }) => ({
  id, resourceIds: [row], start, end, display: "background", title: word || words[kind], classNames: [`board-${kind}`], extendedProps: { kind },
});

/** Change only what differs: an event that stays keeps its element, and with it the focus. */
function show(events) {
  const now = new Map(events.map((event) => [event.id, JSON.stringify(event)]));
  for (const id of [...known.keys()]) {
    if (!now.has(id)) {
      calendar.removeEventById(id);
      known.delete(id);
    }
  }
  for (const event of events) {
    const text = now.get(event.id);
    if (known.get(event.id) === text) continue;
    if (known.has(event.id)) calendar.updateEvent(event);
    else calendar.addEvent(event);
    known.set(event.id, text);
  }
}

let told = false;
let asking;
async function load() {
  if (busy) {
    missed = true;
    return;
  }
  asking?.abort();
  const abort = (asking = new AbortController());
  let found;
  try {
    const answer = await ask(spec.feed, { headers: { Accept: "application/json" }, signal: abort.signal });
    if (!answer.ok) return;
    found = await answer.json();
  } catch {
    return; // the mark "no live updates" says it once
  }
  if (busy) {
    missed = true;
    return;
  }
  const focused = document.activeElement?.closest?.(".board-visit")?.className.match(/key-(visit-\d+)/)?.[1];
  show([...found.visits.map(visitEvent), ...found.lies.map(lying)]);
  if (focused && !document.activeElement?.closest?.(".board-visit")) requestAnimationFrame(() => place.querySelector(`.key-${focused}`)?.focus());
  if (!found.whole && !told) {
    told = true;
    say(words.too_many, "warning");
  }
}
function refresh() {
  if (calendar) load();
  else if (list) window.htmx.trigger(list, "live", {});
}
function release() {
  busy = false;
  if (missed) {
    missed = false;
    refresh();
  }
}

// The library calls its rows a table, but the order of its elements is none for a reader: the buttons in it speak for
// themselves, each with its technician.
const TABLE = "[role=table], [role=row], [role=rowgroup], [role=columnheader], [role=rowheader], [role=cell], [role=gridcell]";
function plain() {
  for (const one of place.querySelectorAll(TABLE)) for (const name of ["role", "aria-colindex", "aria-colspan"]) one.removeAttribute(name);
  const main = place.querySelector(".ec-main");
  if (main && !main.hasAttribute("tabindex")) {
    main.tabIndex = 0;
    main.setAttribute("role", "region");
    main.setAttribute("aria-label", words.board);
  }
}

const SLOT = { day: "00:30", week: "02:00" };
const SLOTS = { day: 28, week: 49 };
const SIDEBAR = 178; // px: 11rem, as board.css says, and its borders
const slotWidth = () => Math.max({ day: 26, week: 50 }[spec.view], (place.clientWidth - SIDEBAR) / SLOTS[spec.view]);

function start() {
  calendar = createCalendar(place, [ResourceTimeline, Interaction], {
    view: spec.view === "week" ? "resourceTimelineWeek" : "resourceTimelineDay",
    date: spec.day,
    firstDay: 1,
    locale: document.documentElement.lang,
    timeZone: spec.offset,
    headerToolbar: { start: "", center: "", end: "" },
    nowIndicator: true,
    editable: true,
    eventStartEditable: undefined,
    eventDurationEditable: undefined,
    slotMinTime: "07:00",
    slotMaxTime: "21:00",
    scrollTime: "07:00",
    flexibleSlotTimeLimits: true,
    slotDuration: SLOT[spec.view],
    slotLabelInterval: spec.view === "week" ? "02:00" : "01:00",
    snapDuration: spec.view === "week" ? "00:30" : "00:15",
    slotWidth: slotWidth(),
    slotLabelFormat: { hour: "2-digit", hourCycle: "h23" },
    dayHeaderFormat: { weekday: "short", month: "short", day: "numeric" },
    longPressDelay: 400,
    resources: spec.rows.map((row) => ({ id: row.id, title: row.name, extendedProps: { row } })),
    resourceLabelContent: ({ resource }) => {
      const { row } = resource.extendedProps;
      const label = element("span", "board-row", element("strong", "", row.name), element("small", "text-secondary", row.about));
      label.dataset.row = row.id;
      return { domNodes: [label] };
    },
    events: [],
    eventContent: ({ event }) => {
      const { visit, what, kind } = event.extendedProps;
      if (event.display === "background") return { domNodes: SAID.has(kind) ? [element("span", "board-word", event.title)] : [] };
      if (!visit) return { domNodes: [element("span", "board-event-time", `${clock(wall(event.start))}–${clock(wall(event.end))} `), element("span", "board-event-who", what ?? "")] };
      if (event.display === "preview") return shown({ ...visit, time: `${clock(wall(event.start))}–${clock(wall(event.end))}` });
      return shown(visit);
    },
    eventDidMount: ({ event, el }) => {
      if (event.title) el.title = event.title;
    },
    eventClick: ({ event }) => event.extendedProps.visit && open(event.extendedProps.visit.url),
    eventDragStart: () => (busy = true),
    eventResizeStart: () => (busy = true),
    eventDragStop: () => setTimeout(() => !box.open && !dropping && release()),
    eventResizeStop: () => setTimeout(() => !box.open && !dropping && release()),
    eventDrop: dropped,
    eventResize: dropped,
  });
  new MutationObserver(plain).observe(place, { childList: true, subtree: true });
  plain();
  new ResizeObserver(() => place.clientWidth && calendar.setOption("slotWidth", slotWidth())).observe(place);
  load();
}

// ── The dialog ───────────────────────────────────────────────────────────────────────────────────
let undo; // puts a dragged visit back when the dialog is left

/** Open the form behind an address; `false` when it was refused, which is then said. */
async function open(url, back) {
  let answer;
  try {
    answer = await ask(url, { headers: { "HX-Request": "true" } });
  } catch {
    say(words.offline ?? "");
    return false;
  }
  if (!answer.ok) {
    say(await why(answer));
    return false;
  }
  inside.innerHTML = await answer.text();
  window.htmx.process(inside);
  undo = back;
  busy = true;
  box.showModal();
  return true;
}
let dropping = false;
async function dropped(info) {
  busy = dropping = true;
  const { event, revert } = info;
  const query = new URLSearchParams({ dropped: "1", technician: event.resourceIds[0], window_start: wall(event.start), window_end: wall(event.end) });
  const opened = await open(`${event.extendedProps.visit.url}?${query}`, revert);
  dropping = false;
  if (opened) return;
  revert();
  missed = true;
  release();
}
box.addEventListener("close", () => {
  undo?.();
  undo = undefined;
  inside.replaceChildren();
  release();
});
document.addEventListener("board:changed", () => {
  undo = undefined;
  missed = true;
  box.close();
  for (const one of document.querySelectorAll("#waiting, #board-list[data-live]")) window.htmx.trigger(one, "live", { asked: true });
});
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-board-dialog]");
  const entry = link ?? (event.target.closest?.("a, button") ? null : event.target.closest?.("[data-entry]"));
  if (!entry || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  entry.querySelector?.("[data-board-dialog]")?.focus();
  open(entry.dataset.boardDialog ?? entry.dataset.entry);
});

// ── A ticket in the hand ─────────────────────────────────────────────────────────────────────────
let hand;
const DRAG = "in-hand";

/** Show what the customer wished, and who has the skill and the region. */
function consider(entry) {
  if (!calendar) return;
  const { region, skill, wished } = entry.dataset;
  const all = spec.rows.map((row) => row.id);
  JSON.parse(wished || "[]").forEach(({ start: from, end }, n) =>
    calendar.addEvent({ id: `wish-${n}`, resourceIds: all, start: from, end, display: "background", title: words.wished, classNames: ["board-wish"] }));
  for (const row of spec.rows) {
    const fits = (!skill || row.skills.includes(skill)) && (!region || row.regions.includes(region));
    place.querySelector(`[data-row="${CSS.escape(row.id)}"]`)?.classList.toggle("fits", fits);
  }
}
function forget() {
  if (!calendar) return;
  for (const event of calendar.getEvents()) if (event.id.startsWith("wish-")) calendar.removeEventById(event.id);
  for (const one of place.querySelectorAll("[data-row].fits")) one.classList.remove("fits");
}

function over(x, y) {
  const main = place.querySelector(".ec-main")?.getBoundingClientRect();
  if (!main || x < main.left || x > main.right || y < main.top || y > main.bottom) return null;
  const found = calendar.dateFromPoint(x, y);
  return found?.resource ? found : null;
}
function carry({ clientX: x, clientY: y }) {
  hand.label.style.transform = `translate(${x + 10}px, ${y + 10}px)`;
  const found = over(x, y);
  if (!found) {
    if (hand.target) calendar.removeEventById(DRAG);
    hand.target = null;
    return;
  }
  const target = { row: found.resource.id, start: wall(found.date), end: wall(later(found.date, spec.usual)) };
  const event = { id: DRAG, resourceIds: [target.row], start: target.start, end: target.end, editable: false, classNames: ["board-visit", "is-carried"], extendedProps: { what: hand.name } };
  if (!hand.target) calendar.addEvent(event);
  else if (hand.target.row !== target.row || hand.target.start !== target.start) calendar.updateEvent(event);
  hand.target = target;
}
function take(event) {
  busy = true;
  hand.label = element("div", "board-hand", hand.name);
  hand.label.setAttribute("aria-hidden", "true");
  document.body.append(hand.label);
  document.body.classList.add("board-carrying");
  forget();
  consider(hand.entry);
  carry(event);
}
function letGo() {
  hand.label?.remove();
  document.body.classList.remove("board-carrying");
  forget();
  hand = undefined;
}
async function plan({ url, version, target }) {
  const body = new URLSearchParams({ technician: target.row, window_start: target.start, window_end: target.end, version });
  const token = document.querySelector("meta[name=csrf-token]").content;
  let answer;
  try {
    answer = await ask(url, { method: "POST", body, headers: { "X-CSRFToken": token, Accept: "application/json" } });
    if (answer.ok) say((await answer.json()).message, "success");
    else say(await why(answer));
  } catch {
    say(words.offline);
  }
  calendar.removeEventById(DRAG);
  missed = true;
  release();
  // Planned or refused because it was planned by someone else: either way the column is another now.
  window.htmx.trigger(document.getElementById("waiting"), "live", { asked: true });
}
document.addEventListener("pointerdown", (event) => {
  const entry = event.target.closest?.("[data-entry]");
  if (!entry || !calendar || busy || event.button || event.pointerType === "touch" || event.target.closest(".clock-chip")) return;
  hand = { entry, x: event.clientX, y: event.clientY, url: entry.dataset.entry, version: entry.dataset.version, name: entry.dataset.name, target: null };
});
document.addEventListener("pointermove", (event) => {
  if (!hand) return;
  if (hand.label) carry(event);
  else if (Math.hypot(event.clientX - hand.x, event.clientY - hand.y) > 5) take(event);
});
document.addEventListener("pointerup", () => {
  if (!hand) return;
  const done = hand;
  letGo();
  if (!done.label) return;
  // The click that follows a drag is no click; where none follows, the next one is meant.
  const swallow = (click) => (click.preventDefault(), click.stopPropagation());
  addEventListener("click", swallow, { capture: true, once: true });
  setTimeout(() => removeEventListener("click", swallow, { capture: true }));
  if (done.target) plan(done);
  else release();
});
for (const cause of ["pointercancel", "blur"])
  addEventListener(cause, () => hand && putBack());
function putBack() {
  const carried = hand.label;
  calendar.removeEventById(DRAG);
  letGo();
  if (carried) release();
}
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && hand) putBack();
});
document.addEventListener("dragstart", (event) => event.target.closest?.("[data-entry]") && event.preventDefault());
document.addEventListener("selectstart", (event) => hand?.label && event.preventDefault());
document.addEventListener("focusin", (event) => {
  if (hand) return;
  forget();
  const entry = event.target.closest?.("[data-entry]");
  if (entry) consider(entry);
});

// ── Live ─────────────────────────────────────────────────────────────────────────────────────────
let soon;
document.addEventListener("live:message", ({ detail }) => {
  if (!detail.tickets?.length || !calendar || soon) return;
  soon = setTimeout(() => {
    soon = undefined;
    if (!document.hidden) load();
  }, 300 + Math.random() * 400);
});
setInterval(() => !document.hidden && refresh(), 60_000); // whoever hears no live updates sees a change within a minute
document.addEventListener("visibilitychange", () => !document.hidden && calendar && load());

/** The timeline where there is room for it; the list, which refreshes itself as others do, where there is not. */
function choose() {
  const timeline = place && wide.matches;
  list?.toggleAttribute("data-live", !timeline);
  if (timeline && !calendar) start();
}
if (place || list) {
  wide.addEventListener("change", choose);
  choose();
}
