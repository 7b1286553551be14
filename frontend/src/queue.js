// What was done without a network, kept in the browser's database until the server has it: page and worker share it.
let opened;
function base() {
  opened ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open("aftersales", 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore("commands", { keyPath: "id" });
      asked.result.createObjectStore("facts"); // the telephone's own id, the next number of each visit
    };
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  return opened;
}
const value = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** Every command kept for this person, in the order in which they were given. */
export async function kept(user) {
  const all = await value((await base()).transaction("commands").objectStore("commands").getAll());
  return all.filter((one) => one.user === user).sort((a, b) => a.madeAt - b.madeAt || a.number - b.number);
}

/** Keep a command; the same id again is the same command. Its number is drawn in the same transaction. */
export async function keep(command) {
  const work = (await base()).transaction(["commands", "facts"], "readwrite");
  const commands = work.objectStore("commands");
  const facts = work.objectStore("facts");
  if (await value(commands.get(command.id))) return;
  const device = (await value(facts.get("device"))) ?? crypto.randomUUID();
  const key = `number-${command.user}-${command.visit}`;
  const number = ((await value(facts.get(key))) ?? 0) + 1;
  facts.put(device, "device");
  facts.put(number, key);
  commands.put({ ...command, device, number, madeAt: Date.now(), state: "waiting", said: "" });
  await new Promise((resolve, reject) => {
    work.oncomplete = resolve;
    work.onerror = work.onabort = () => reject(work.error);
  });
}

export async function change(command, changes) {
  const store = (await base()).transaction("commands", "readwrite").objectStore("commands");
  await value(store.put({ ...command, ...changes }));
}

export async function drop(id) {
  await value((await base()).transaction("commands", "readwrite").objectStore("commands").delete(id));
}
