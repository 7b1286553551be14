// The technician's pages without a network: they are shown as they were kept, and what is sent is kept for later.
import { keep, kept } from "./queue.js";

const PAGES = "pages-";
const STATIC = "static";
const PATIENCE = 6000; // milliseconds; a weak signal is no network
let user = "";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("message", (event) => {
  const { user: given, pages = [], assets = [], forget } = event.data ?? {};
  if (forget) return event.waitUntil(forgetOthers(""));
  if (!given) return;
  user = given;
  event.waitUntil(
    (async () => {
      await forgetOthers(given);
      const cache = await caches.open(PAGES + given);
      const fixed = await caches.open(STATIC);
      for (const address of assets) if (!(await fixed.match(address))) await put(fixed, address);
      for (const address of pages) await put(cache, address);
      event.source?.postMessage({ keptPages: pages.length });
    })(),
  );
});

async function put(cache, address) {
  try {
    const answer = await fetch(address, { credentials: "same-origin" });
    if (answer.ok && !answer.redirected) await cache.put(address, answer);
  } catch {
    // No network now: what was kept before stays.
  }
}

/** Customers' names stay on a telephone only for who is signed in. */
async function forgetOthers(mine) {
  for (const name of await caches.keys()) if (name.startsWith(PAGES) && name !== PAGES + mine) await caches.delete(name);
  if (!mine) user = "";
}

async function whose() {
  if (user) return user;
  const name = (await caches.keys()).find((one) => one.startsWith(PAGES)); // the worker was asleep
  user = name?.slice(PAGES.length) ?? "";
  return user;
}

const STEPS = { "set-out": "set_out", "check-in": "check_in", report: "complete_visit" };
const AFTER = { set_out: "en_route", check_in: "on_site", complete_visit: "done" };

/** Which command of which visit an address is, if it is one. */
function commandOf(path) {
  const found = /^\/visits\/(\d+)\/(?:(set-out|check-in|report)|do\/([a-z0-9_-]+))\/$/.exec(path);
  return found && { visit: Number(found[1]), name: found[3] ?? STEPS[found[2]] };
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== self.location.origin) return;
  if (request.method === "POST" && request.mode === "navigate") {
    const command = commandOf(pathname);
    if (command) event.respondWith(give(request, command));
  } else if (request.method === "GET" && pathname.startsWith("/static/")) event.respondWith(fixed(request));
  else if (request.method === "GET" && request.mode === "navigate" && /^\/(my-day|visits\/\d+)\/$/.test(pathname))
    event.respondWith(page(request));
});

async function fixed(request) {
  const known = await caches.match(request, { cacheName: STATIC });
  return known ?? fetch(request);
}

async function page(request) {
  const cache = await caches.open(PAGES + (await whose()));
  const address = new URL(request.url);
  address.hash = "";
  const known = await cache.match(address.href);
  try {
    const waiting = known ? AbortSignal.timeout(PATIENCE) : undefined;
    const answer = await fetch(request, waiting && { signal: waiting });
    if (user && answer.ok && !answer.redirected) await cache.put(address.href, answer.clone());
    return answer;
  } catch (error) {
    // Another address of the same visit is better than none.
    const other = known ?? (await cache.match(address.origin + address.pathname)) ?? (await cache.match("/my-day/"));
    if (other) return other;
    throw error;
  }
}

/** Send a command; keep it when that cannot be, or when others that came before it are still waiting. */
async function give(request, { visit, name }) {
  const copy = request.clone();
  const me = await whose();
  const before = me ? (await kept(me)).filter((one) => one.visit === visit && one.state === "waiting") : [];
  if (!me || !before.length)
    try {
      return await fetch(request);
    } catch (error) {
      if (!me) throw error; // nobody to keep it for: the browser says that there is no network
    }
  const form = await copy.formData();
  const fields = {};
  let file = null;
  for (const [key, entry] of form) {
    if (entry instanceof File) {
      if (entry.size) file = { field: key, name: entry.name, blob: entry };
    } else if (!["csrfmiddlewaretoken", "version", "command_id", "pass", "page_state", "label"].includes(key))
      (fields[key] ??= []).push(entry);
  }
  // Nobody can say now that the code matches nothing: the arrival counts, and the code stays on record.
  if (name === "check_in") fields.code_anyway = ["true"];
  await keep({
    id: form.get("command_id") || crypto.randomUUID(),
    user: me,
    visit,
    name,
    fields,
    file,
    pass: form.get("pass") ?? "",
    label: form.get("label") ?? name,
  });
  for (const client of await self.clients.matchAll()) client.postMessage({ keptCommand: true });
  const next = AFTER[name] ?? form.get("page_state") ?? "";
  return Response.redirect(`/visits/${visit}/${next ? `?as=${next}` : ""}`, 303);
}
