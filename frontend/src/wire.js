// htmx, and what every request of it needs.
import htmx from "htmx.org/dist/htmx.esm.js";
import { learnFrom } from "./now.js";
import { toast } from "./toast.js";
import { word } from "./words.js";

Object.assign(htmx.config, {
  allowEval: false, // the content policy forbids it anyway; this says so before the browser does
  includeIndicatorStyles: false, // an inline style sheet
  historyCacheSize: 0, // pages with customers' names do not belong in the browser's storage
  refreshOnHistoryMiss: true,
  selfRequestsOnly: true,
  timeout: 20_000,
  defaultSettleDelay: 0, // a form swapped in is wired at once: no key pressed meanwhile submits it the plain way
  scrollIntoViewOnBoost: false,
  responseHandling: [
    { code: "204", swap: false },
    { code: "[23]..", swap: true },
    // A refusal (409) or a form with errors (422) is the page's own answer, with the remedy in it.
    { code: "(400|403|404|409|410|412|413|422|423|429)", swap: true, error: false },
    { code: "...", swap: false, error: true },
  ],
});
window.htmx = htmx;

document.addEventListener("htmx:configRequest", ({ detail }) => {
  // One listener instead of inherited hx-headers: the token never leaves our own host.
  if (new URL(detail.path, location.href).origin === location.origin && detail.verb !== "get")
    detail.headers["X-CSRFToken"] = document.querySelector("meta[name=csrf-token]")?.content ?? "";
});

const sentAt = new WeakMap();
document.addEventListener("htmx:beforeSend", ({ detail }) => sentAt.set(detail.xhr, Date.now()));
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const started = sentAt.get(detail.xhr);
  if (started && detail.xhr.status) learnFrom(detail.xhr.getResponseHeader("X-Server-Time"), started);
});

// Refreshes that nobody asked for (a poll, a live event) fail in silence: the mark "no live updates" says it once.
const asked = (event) => !event.detail.elt?.matches?.("[data-live]");

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  const login = document.body.dataset.loginUrl;
  // A lost session answers with the sign-in page; swapped into a panel it would be a page within a page.
  if (login && xhr.responseURL && new URL(xhr.responseURL).pathname === login && location.pathname !== login) {
    event.detail.shouldSwap = false;
    const back = `${login}?next=${encodeURIComponent(location.pathname + location.search)}`;
    document.dispatchEvent(new CustomEvent("session:lost"));
    if (event.detail.requestConfig.verb === "get" && !document.querySelector("form[data-dirty]")) location.assign(back);
    else toast(word("signed_out"), "error", { link: { href: back, text: word("sign_in") } });
    return;
  }
  const page = /^\s*<!doctype/i.test(xhr.responseText);
  if (xhr.status < 400 || (!page && (xhr.getResponseHeader("Content-Type") || "").includes("html"))) return;
  // A whole error page instead of a fragment is told, not swapped; ours say why, and that sentence is what is needed.
  event.detail.shouldSwap = false;
  event.detail.isError = false; // told here, once
  if (!asked(event)) return;
  const why = page && new DOMParser().parseFromString(xhr.responseText, "text/html").querySelector("[data-refusal]");
  const text = why ? [...why.children].map((part) => part.textContent.trim()).join(" ") : "";
  toast(text || word(xhr.status === 403 ? "forbidden" : xhr.status === 404 ? "gone" : "failed"), "error");
});
document.addEventListener("htmx:responseError", (event) => asked(event) && toast(word("failed"), "error"));
document.addEventListener("htmx:sendError", (event) => asked(event) && toast(word("offline"), "error"));
document.addEventListener("htmx:timeout", (event) => asked(event) && toast(word("slow"), "error"));

export { htmx };
