// The server's clock is the only one that counts: a promise is judged by it, and a clerk's computer may be minutes wrong.
const meta = document.querySelector("meta[name=server-time]");
let offset = 0;
let roughly = Infinity; // half the round trip of the reading in use, ms

function learn(serverTime, measuredAt, uncertainty) {
  const read = Date.parse(serverTime);
  if (Number.isNaN(read)) return;
  offset = read - measuredAt;
  roughly = uncertainty;
}

if (meta) {
  // The page was rendered just before its first byte arrived, which may be long before this line runs.
  const [load] = performance.getEntriesByType("navigation");
  const arrived = load?.responseStart ? performance.timeOrigin + load.responseStart : Date.now();
  learn(meta.content, arrived, 1000);
}

export const now = () => Date.now() + offset;

/** Take the time from a response that carries it; `sentAt` bounds how old it can be. */
export function learnFrom(header, sentAt) {
  const received = Date.now();
  const half = (received - sentAt) / 2;
  // The header is whole seconds at worst; a slow answer must not spoil a better reading.
  if (header && half <= Math.max(roughly, 1500)) learn(header, received - half, Math.max(half, 250));
}

let asking = false;
export async function resync() {
  const url = meta?.dataset.url;
  if (!url || asking) return;
  asking = true;
  const sentAt = Date.now();
  try {
    const answer = await fetch(url, { method: "HEAD", cache: "no-store", credentials: "same-origin" });
    roughly = Infinity; // after sleep the old reading is worth nothing
    learnFrom(answer.headers.get("X-Server-Time") || answer.headers.get("Date"), sentAt);
    document.dispatchEvent(new CustomEvent("clock:resync"));
  } catch {
    // offline: go on with the last reading
  } finally {
    asking = false;
  }
}

// A computer that slept, or a page that came back from the browser's memory, asks again. Timers stop while asleep but
// the wall clock does not, so a gap between two ticks much longer than a tick means sleep (or a clock set by hand).
let lastTick = Date.now();
setInterval(() => {
  const gap = Date.now() - lastTick;
  lastTick = Date.now();
  if (gap > 20_000 || gap < -2_000) resync();
}, 5_000);
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && resync());
window.addEventListener("pageshow", (event) => event.persisted && resync());
window.addEventListener("online", resync);
