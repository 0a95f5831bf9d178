// Makes traffic.gz: what real Yjs clients send, in the order a server would receive it.
// Deterministic: the same Yjs version and seed give the same bytes. `npm ci && npm run make`

import { writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import * as Y from 'yjs'
import * as encoding from 'lib0/encoding'

const UPDATE = 0
const STEP2 = 1
const MERGED = 2

const random = seed => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296
}

const KEYS = [
  ...'abcdefghijklmnopqrstuvwxyz', ...'      ', '\n', '.', ',', '{', '}', '😀', '👩‍💻', '🇫🇷', '👍🏽', '語', '漢',
  'é', 'e\u0301', 'ש', 'ل', '한', '𝕏', '�', '\u200d', '\ufe0f', '\u202e', '\u0001', '\r\n'
]
const PASTES = [
  'You are a careful assistant. Answer {{question}} in {{language}}.\n', '{{role "user"}}\n',
  '👨‍👩‍👧‍👦🏳️‍🌈🇩🇪🇯🇵👍🏿', '日本語の文章をここに貼り付けます。\n', 'مرحبا بالعالم שלום עולם\n', 'Zalgo: z̷̢̛a̶̧l̴g̵o̸ n̈̈̈',
  '{"type":"object","properties":{"a":{"type":"string"}}}', '한국어 텍스트\r\n', '𝔘𝔫𝔦𝔠𝔬𝔡𝔢 😀😀😀😀', '- one\n- two\n- three\n'
]

class Client {
  constructor (session, actor) {
    this.session = session
    this.actor = actor
    this.online = true
    this.inbox = []
    this.outbox = []
    this.open(null)
  }

  // A page load: a new client id, whatever the browser kept, an empty undo history.
  open (kept) {
    this.doc?.destroy()
    this.doc = new Y.Doc({ gc: this.session.roll() < 0.85 })
    this.doc.clientID = Math.floor(this.session.roll() * 4294967295) + 1
    if (kept) Y.applyUpdate(this.doc, kept)
    this.text = this.doc.getText('text')
    this.origin = { client: this }
    this.undo = new Y.UndoManager(this.text, { trackedOrigins: new Set([this.origin]), captureTimeout: 1e9 })
    this.doc.on('update', (update, origin) => {
      if (origin !== 'server' && this.online) this.outbox.push(update)
    })
  }

  pick (n) { return Math.floor(this.session.roll() * n) }

  // A position between two code points, near the caret more often than not.
  position () {
    const text = this.text.toString()
    let at = this.session.roll() < 0.8 ? Math.min(text.length, (this.caret ?? 0)) : this.pick(text.length + 1)
    if (text.codePointAt(at - 1) > 0xffff) at--
    return at
  }

  removable (at, want) {
    const text = this.text.toString()
    let end = Math.min(text.length, at + want)
    if (end > at && text.codePointAt(end - 1) > 0xffff) end++
    return end - at
  }

  insert (piece) {
    const at = this.position()
    this.text.insert(at, piece)
    this.caret = at + piece.length
  }

  remove (most) {
    const at = this.position()
    const count = this.removable(at, 1 + this.pick(most))
    if (count > 0) this.text.delete(at, count)
    this.caret = at
  }

  backspace () {
    const text = this.text.toString()
    const at = this.position()
    if (at === 0) return
    const size = at > 1 && text.codePointAt(at - 2) > 0xffff ? 2 : 1
    this.text.delete(at - size, size)
    this.caret = at - size
  }

  // Several changes in one transaction, from left to right, as the editor binding makes them.
  several () {
    let moved = 0
    const text = this.text.toString()
    const wanted = this.session.roll() < 0.5 ? /[aeiou]/g : /\n/g
    const found = [...text.matchAll(wanted)].slice(0, 12)
    for (const match of found) {
      const piece = KEYS[this.pick(KEYS.length)]
      this.text.delete(match.index + moved, 1)
      this.text.insert(match.index + moved, piece)
      moved += piece.length - 1
    }
  }

  delta () {
    const at = this.position()
    const steps = at > 0 ? [{ retain: at }] : []
    steps.push({ insert: PASTES[this.pick(PASTES.length)] })
    const count = this.removable(at, this.pick(8))
    if (count > 0) steps.push({ delete: count })
    this.text.applyDelta(steps)
  }

  replaceAll () {
    const text = this.text.toString()
    if (text.length > 0) this.text.delete(0, text.length)
    this.text.insert(0, text.slice(0, 0) + PASTES[this.pick(PASTES.length)])
  }

  edit () {
    const roll = this.session.roll()
    if (roll < 0.05) { this.undo.stopCapturing() }
    if (roll < 0.03) { this.undo.undo(); return }
    if (roll < 0.045) { this.undo.redo(); return }
    this.doc.transact(() => {
      if (roll < 0.62) this.insert(KEYS[this.pick(KEYS.length)])
      else if (roll < 0.76) this.backspace()
      else if (roll < 0.84) this.remove(12)
      else if (roll < 0.90) this.insert(PASTES[this.pick(PASTES.length)])
      else if (roll < 0.93) { this.remove(6); this.insert(KEYS[this.pick(KEYS.length)]) }
      else if (roll < 0.95) this.several()
      else if (roll < 0.97) this.delta()
      else if (roll < 0.972) this.replaceAll()
      else if (roll < 0.975) this.insert(PASTES[this.pick(PASTES.length)].repeat(30))
      else { this.caret = this.pick(this.text.length + 1); this.insert(KEYS[this.pick(KEYS.length)]) }
    }, this.origin)
  }

  receive (most) {
    for (const update of this.inbox.splice(0, most)) Y.applyUpdate(this.doc, update, 'server')
  }

  send (most) {
    const updates = this.outbox.splice(0, most)
    if (updates.length > 1 && this.session.roll() < 0.3) this.session.arrive(this, MERGED, Y.mergeUpdates(updates))
    else for (const update of updates) this.session.arrive(this, UPDATE, update)
  }

  leave () {
    this.online = false
    this.inbox = []
    this.outbox = []
  }

  // The two halves of a sync; `stale` is what the server had when it asked, some messages ago.
  join (stale) {
    this.online = true
    const lacks = Y.encodeStateAsUpdate(this.session.server, Y.encodeStateVector(this.doc))
    const reply = Y.encodeStateAsUpdate(this.doc, stale)
    this.session.arrive(this, STEP2, reply)
    Y.applyUpdate(this.doc, lacks, 'server')
  }
}

class Session {
  constructor (name, seed, people) {
    this.name = name
    this.roll = random(seed)
    this.log = []
    this.server = new Y.Doc()
    this.clients = people.map(actor => new Client(this, actor))
  }

  arrive (from, kind, update) {
    this.log.push([from.actor, kind, update])
    Y.applyUpdate(this.server, update)
    if (this.server.store.pendingStructs || this.server.store.pendingDs) throw new Error('a gap: not what a client sends')
    for (const client of this.clients) if (client !== from && client.online) client.inbox.push(update)
  }

  state () { return Y.encodeStateVector(this.server) }

  step (mood) {
    const client = this.clients[Math.floor(this.roll() * this.clients.length)]
    const roll = this.roll()
    if (roll < 0.55) client.edit()
    else if (roll < 0.8) client.receive(1 + client.pick(4))
    else if (roll < 0.985 || !mood.forks) { if (client.online) client.send(1 + client.pick(5)) }
    else if (!client.online) {
      if (client.session.roll() < 0.4) client.open(Y.encodeStateAsUpdate(client.doc))
      client.edit()
      client.join(this.state())
    } else if (roll < 0.988) {
      const stale = this.state()
      client.send(99)
      client.edit()
      client.outbox = []
      client.join(stale)
    } else if (roll < 0.99) this.arrive(client, STEP2, (client.send(99), Y.encodeStateAsUpdate(client.doc)))
    else client.leave()
  }

  finish () {
    for (const client of this.clients) {
      if (client.online) client.send(1e9)
      else client.join(this.state())
    }
    for (const client of this.clients) {
      client.receive(1e9)
      if (client.text.toString() !== this.server.getText('text').toString()) throw new Error(`${this.name} diverged`)
    }
    const text = this.server.getText('text').toString()
    if (/\p{Surrogate}/u.test(text)) throw new Error(`${this.name} has half a character`)
    return text
  }

  play (steps, mood) {
    for (let i = 0; i < steps; i++) this.step(mood)
    return this.finish()
  }
}

// A day without a network: the page is loaded again and again, each time with a new client id.
const offlineDay = (name, seed, loads) => {
  const session = new Session(name, seed, [0, 1])
  const [away, home] = session.clients
  for (let i = 0; i < 30; i++) session.step({ forks: false })
  away.send(1e9)
  away.receive(1e9)
  away.leave()
  for (let i = 0; i < loads; i++) {
    away.open(Y.encodeStateAsUpdate(away.doc))
    for (let j = 0; j < 6; j++) away.edit()
    home.edit()
    home.send(9)
  }
  away.join(session.state())
  return [session, session.finish()]
}

// Somebody replaces every third word of a long text at once.
const replaceEverywhere = (name, seed, words) => {
  const session = new Session(name, seed, [0, 1])
  const [one, two] = session.clients
  one.text.insert(0, 'word 😀 {{name}} '.repeat(words))
  one.send(9)
  two.receive(9)
  two.doc.transact(() => {
    for (let i = words - 1; i >= 0; i--) {
      two.text.delete(i * 17, 4)
      two.text.insert(i * 17, 'said')
    }
  }, two.origin)
  two.send(9)
  one.receive(9)
  two.undo.undo()
  two.send(9)
  return [session, session.finish()]
}

const out = encoding.createEncoder()
const plans = []
for (let i = 0; i < 100; i++) {
  const people = [0, 1, 2, 0, 3, 1, 4, 5].slice(0, 2 + (i % 7))
  plans.push([`together ${i}`, 7000 + i, people, 1150, { forks: i % 3 !== 0 }])
}
plans.push(['one person typing', 1, [0], 4000, { forks: false }])
plans.push(['two people, long', 2, [0, 1], 6000, { forks: true }])
const played = plans.map(([name, seed, people, steps, mood]) => {
  const session = new Session(name, seed, people)
  return [session, session.play(steps, mood)]
})
for (const loads of [3, 12, 40]) played.push(offlineDay(`offline, ${loads} page loads`, 900 + loads, loads))
for (const words of [100, 1500]) played.push(replaceEverywhere(`replace ${words} words`, 950 + words, words))
encoding.writeVarUint(out, played.length)
let updates = 0
for (const [session, text] of played) {
  encoding.writeVarString(out, session.name)
  encoding.writeVarUint(out, session.log.length)
  for (const [actor, kind, update] of session.log) {
    encoding.writeVarUint(out, actor)
    encoding.writeVarUint(out, kind)
    encoding.writeVarUint8Array(out, update)
  }
  encoding.writeVarString(out, text)
  updates += session.log.length
}
const packed = gzipSync(encoding.toUint8Array(out), { level: 9 })
writeFileSync(new URL('traffic.gz', import.meta.url), packed)
console.log(`${played.length} sessions, ${updates} updates, ${packed.length} bytes`)
