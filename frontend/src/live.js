// Live updates. The server sends only which tickets changed; what they say now is fetched through the page's own
// permissions. What a person is working on is marked, never replaced under the hand.
import { cursor } from "./keys.js";
import { icon } from "./icon.js";
import { word } from "./words.js";
import { htmx } from "./wire.js";

const { eventsUrl, eventsPort } = document.body.dataset;
const opened = Date.now();

function address() {
  if (!eventsUrl) return null;
  const url = new URL(eventsUrl, location.href);
  if (eventsPort && eventsPort !== "0") {
    url.hostname = location.hostname;
    url.port = eventsPort;
  }
  return url;
}

// ── Marks ────────────────────────────────────────────────────────────────────────────────────────
const idOf = (ticket) => String(ticket?.id ?? ticket);
function mark(tickets) {
  for (const ticket of tickets) {
    for (const element of document.querySelectorAll(`[data-live-ticket="${CSS.escape(idOf(ticket))}"]`)) {
      const known = Number(element.dataset.liveVersion);
      if (ticket?.version && known && known >= ticket.version) continue;
      // Without a version, an echo of what this page has just done cannot be told from news.
      if (!ticket?.version && Date.now() - opened < 3000) continue;
      stale(element);
    }
  }
}
function stale(element) {
  if (element.classList.contains("is-changed")) return;
  element.classList.add("is-changed");
  const slot = element.querySelector("[data-live-mark]") ?? (element.matches("tr") ? element.cells[0] : element);
  const button = document.createElement("a");
  button.className = "badge bg-yellow-lt changed-mark";
  button.href = location.href;
  button.append(icon("refresh-dot"), word("changed"));
  if (element.matches("tr, li")) {
    button.href = element.dataset.href || location.href;
    button.lastChild.textContent = word("changed_row");
  }
  button.setAttribute("role", "status");
  slot.append(" ", button);
}

// ── Lists that refresh themselves ────────────────────────────────────────────────────────────────
const held = (container) => {
  const active = document.activeElement;
  return (
    (container.contains(active) && active.matches("input:not([type=search]), textarea, select, [contenteditable]")) ||
    (cursor() && container.contains(cursor()) && cursor() === active) ||
    container.querySelector(".dropdown-menu.show, dialog[open], details.folded[open], form[data-dirty], input[type=checkbox]:checked[data-row]") !== null
  );
};
function hold(container) {
  if (container.querySelector(":scope > .live-held")) return;
  const note = document.createElement("button");
  note.type = "button";
  note.className = "btn btn-sm btn-warning live-held";
  note.append(icon("refresh"), word("show_changes"));
  note.addEventListener("click", () => {
    note.remove();
    htmx.trigger(container, "live", { asked: true });
  });
  container.prepend(note);
}
const pulls = new Map();
function pull() {
  for (const container of document.querySelectorAll("[data-live]")) {
    // Many tickets may change in a second; one request a second and a bit is enough for a person.
    if (pulls.has(container)) continue;
    pulls.set(container, setTimeout(() => {
      pulls.delete(container);
      if (!container.isConnected) return;
      if (held(container)) hold(container);
      else htmx.trigger(container, "live", {});
    }, 700 + Math.random() * 600));
  }
}
document.addEventListener("htmx:beforeRequest", (event) => {
  const { elt, requestConfig } = event.detail;
  if (!elt.matches?.("[data-live]") || elt !== event.target) return;
  const cause = requestConfig.triggeringEvent;
  if (cause?.detail?.asked || (cause && cause.type !== "live")) return;
  // A page in the background does not poll; it catches up when it is looked at.
  if (document.hidden || held(elt)) event.preventDefault();
});
document.addEventListener("visibilitychange", () => !document.hidden && Date.now() - opened > 5000 && pull());

// New rows announce themselves once.
let known;
const rowKeys = (root) => new Set([...root.querySelectorAll("[data-live-ticket]")].map((row) => row.dataset.liveTicket));
document.addEventListener("htmx:beforeSwap", (event) => { if (event.detail.target?.closest?.("[data-live]")) known = rowKeys(document); });
document.addEventListener("htmx:afterSettle", (event) => {
  if (!known || !event.target.closest?.("[data-live]")) return;
  for (const row of document.querySelectorAll("[data-live] [data-live-ticket]")) if (!known.has(row.dataset.liveTicket)) row.classList.add("is-new");
  known = undefined;
});

// ── The stream ───────────────────────────────────────────────────────────────────────────────────
const channel = "BroadcastChannel" in window ? new BroadcastChannel("aftersales-live") : null;
function take(message) {
  if (message.tickets?.length) {
    mark(message.tickets);
    pull();
  }
  if (message.unread !== undefined) unread(message.unread);
  document.dispatchEvent(new CustomEvent("live:message", { detail: message }));
}
function unread(count) {
  for (const badge of document.querySelectorAll("[data-unread]")) {
    badge.textContent = count > 99 ? "99+" : count;
    badge.hidden = !count;
  }
}
channel?.addEventListener("message", ({ data }) => take(data));

function listen(url) {
  let source;
  let wait = 2000;
  let timer;
  let silence;
  const open = () => {
    clearTimeout(timer);
    source = new EventSource(url, { withCredentials: true });
    source.onopen = () => {
      wait = 2000;
      clearTimeout(silence);
      document.documentElement.dataset.stream = "on";
    };
    source.onmessage = ({ data }) => {
      let message;
      try {
        message = JSON.parse(data);
      } catch {
        return; // a heartbeat
      }
      take(message);
      channel?.postMessage(message);
    };
    source.onerror = () => {
      // The browser retries by itself unless the answer was a refusal; then we try again, ever more slowly.
      // Streams end every few minutes by design; only one that stays away is worth a word.
      clearTimeout(silence);
      silence = setTimeout(() => (document.documentElement.dataset.stream = "off"), 15_000);
      if (source.readyState !== EventSource.CLOSED) return;
      timer = setTimeout(open, wait);
      wait = Math.min(wait * 2, 60_000);
    };
  };
  open();
  return () => {
    clearTimeout(timer);
    clearTimeout(silence);
    source.close();
  };
}

const url = address();
if (url && "EventSource" in window) {
  if (navigator.locks && channel) {
    // One stream per browser, not per tab: six open tabs would use up every connection a browser allows to a host.
    navigator.locks.request("aftersales-live", () => {
      listen(url);
      return new Promise(() => {}); // until this tab goes; then the next one takes over
    });
  } else {
    let stop;
    const follow = () => {
      if (document.hidden) stop = stop?.();
      else stop ??= listen(url);
    };
    document.addEventListener("visibilitychange", follow);
    follow();
  }
}
