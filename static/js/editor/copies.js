/* This browser's database of room copies. Knows IndexedDB and nothing of documents, so sign-out can use it alone. */

const NAME = "promptroom";
export const PROPOSAL = "promptroom:proposal:"; // localStorage: text that could not be merged, see proposal.js
export const UNSENT = "promptroom:unsent:"; // localStorage: comments that were not sent yet, see ../threads/drafts.js
const KEPT = 30; // fully saved copies of other prompts kept for reading offline

const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});
const finished = (transaction) => new Promise((resolve, reject) => {
  transaction.oncomplete = () => resolve();
  transaction.onabort = transaction.onerror = () => reject(transaction.error);
});

function upgrade(database) {
  database.createObjectStore("copies", { keyPath: "id" });
  database.createObjectStore("updates", { autoIncrement: true }).createIndex("copy", "copy");
}

export class Copies {
  static async open() {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => upgrade(request.result);
    const copies = new Copies();
    copies.database = await done(request);
    copies.database.onversionchange = () => copies.database.close();
    return copies;
  }

  #stores(mode = "readwrite") {
    const transaction = this.database.transaction(["copies", "updates"], mode);
    return { transaction, copies: transaction.objectStore("copies"), updates: transaction.objectStore("updates") };
  }

  /* Newest first. */
  async of(user, room) {
    const all = await done(this.#stores("readonly").copies.getAll());
    return all.filter((copy) => copy.user === user && copy.room === room).sort((a, b) => b.touched - a.touched);
  }

  async updates(id) {
    const { updates } = this.#stores("readonly");
    const index = updates.index("copy");
    const [keys, rows] = await Promise.all([done(index.getAllKeys(id)), done(index.getAll(id))]);
    return { keys, updates: rows.map((row) => row.update) };
  }

  /* Writes the copy's record and its new updates in one transaction; resolves with their keys when it is committed. */
  async append(copy, updates) {
    const stores = this.#stores();
    stores.copies.put({ ...copy, touched: Date.now() });
    const keys = updates.map((update) => done(stores.updates.add({ copy: copy.id, update })));
    await finished(stores.transaction);
    return Promise.all(keys);
  }

  /* One update in place of many: only the rows named are removed, another tab may have added more. */
  async compact(copy, keys, update) {
    const stores = this.#stores();
    stores.copies.put({ ...copy, touched: Date.now() });
    for (const key of keys) stores.updates.delete(key);
    const key = done(stores.updates.add({ copy: copy.id, update }));
    await finished(stores.transaction);
    return key;
  }

  async remove(id) {
    const stores = this.#stores();
    stores.copies.delete(id);
    const keys = await done(stores.updates.index("copy").getAllKeys(id));
    for (const key of keys) stores.updates.delete(key);
    await finished(stores.transaction);
  }

  /* Copies of other people on this browser, and old ones that hold nothing unsaved. */
  async tidy(user, room) {
    const all = await done(this.#stores("readonly").copies.getAll());
    const idle = all.filter((copy) => copy.user === user && copy.room !== room && !copy.unsent)
      .sort((a, b) => b.touched - a.touched);
    for (const copy of idle.slice(KEPT)) await this.remove(copy.id);
  }
}

/* What would be lost by a purge, as a person would count it. */
export async function unsentEdits() {
  const copies = await Copies.open();
  const all = await done(copies.database.transaction("copies").objectStore("copies").getAll());
  copies.database.close();
  return all.reduce((sum, copy) => sum + (copy.unsent ?? 0), 0);
}

/* Sign-out and revocation: leaves nothing of anyone on this device. */
export async function purge() {
  for (const key of Object.keys(localStorage)) if ([PROPOSAL, UNSENT].some((kind) => key.startsWith(kind))) localStorage.removeItem(key);
  const copies = await Copies.open();
  const transaction = copies.database.transaction(["copies", "updates"], "readwrite");
  transaction.objectStore("copies").clear();
  transaction.objectStore("updates").clear();
  await finished(transaction);
  copies.database.close();
}
