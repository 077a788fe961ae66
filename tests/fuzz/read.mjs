// Reads the cases that gate.py accepted with the reference implementation: every update must apply, nothing may wait,
// and a newcomer who is given the server's whole document must agree with somebody who followed every edit.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const Y = createRequire(new URL('../interop/package.json', import.meta.url))('yjs')

console.warn = console.error = () => {}
const data = readFileSync(process.argv[2])
let at = 0
const number = () => data.readUInt32BE((at += 4) - 4)
const bytes = () => {
  const length = number()
  at += length
  return new Uint8Array(data.subarray(at - length, at))
}

const clocks = (doc) => JSON.stringify([...Y.decodeStateVector(Y.encodeStateVector(doc))].sort((a, b) => a[0] - b[0]))
const files = (doc) => {
  const found = []
  for (const [id, file] of doc.getMap('files')) {
    const text = file instanceof Y.Map ? file.get('text') : null
    if (text instanceof Y.Text) found.push([id, String(file.get('path')), text.toString()])
  }
  return JSON.stringify(found.sort())
}
const waits = (doc) => doc.store.pendingStructs !== null || doc.store.pendingDs !== null

const check = (updates) => {
  const follower = new Y.Doc()
  const newcomer = new Y.Doc()
  for (const update of updates) Y.applyUpdate(follower, update)
  Y.applyUpdate(newcomer, updates.at(-1))
  if (waits(follower) || waits(newcomer)) throw new Error('something waits')
  if (clocks(follower) !== clocks(newcomer)) throw new Error('the clocks differ')
  if (files(follower) !== files(newcomer)) throw new Error('the files differ')
}

let cases = 0
while (at < data.length) {
  const name = number()
  const updates = Array.from({ length: number() }, bytes)
  try {
    check(updates)
  } catch (error) {
    console.log(`case ${name}: ${error.message}`)
  }
  cases += 1
}
console.log(`read ${cases}`)
