import { Buffer } from 'node:buffer'
import { lstatSync, readdirSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { aligned, askedOf, BUILD, type Compiled, type Header, isForUsAlone, LENGTH_BYTES, wordsOf } from './compiled.ts'
import { createPrivateDirectory, writePrivateFile } from './private.ts'

/** A name of ours, of any Node; the end is that of what a run has left that was killed while it wrote. Whatever else lies there stays. */
const KEPT = /^v\d+\.\d+\.\d+-[a-z\d]+-[a-z]+(?:-[a-z]+)*((?:\.[A-Za-z\d]{6})?)$/

/**
 * Keeps the compiled code of a run that has done well, under the name of the command that ran, for `useCompiled`; it never throws. Of
 * a command's first run it keeps only that it ran, since on many machines it is the last.
 */
export function keepCompiled(compiled: Compiled, command: string | undefined): void {
  const { world, directory, prefix, suffix } = compiled
  const { argv, uid } = world
  const called = command ?? askedOf(argv)
  // What was called by another name would not be found again.
  if (called === undefined || !wordsOf(argv).includes(called.split(' ')[0] ?? '')) return
  const file = join(directory, `${prefix}${called.replaceAll(' ', '-')}${suffix}`)
  try {
    if (!isBelowOurs(directory, uid)) return
    createPrivateDirectory(directory)
    if (!isForUsAlone(directory, uid)) return
    if (lstatSync(file, { throwIfNoEntry: false }) === undefined) writeFileSync(file, '', { flag: 'wx', mode: 0o600 })
    else if (!isNearlyFull(directory)) {
      removeOthers(directory, prefix)
      writePrivateFile(file, packed(compiled), { durable: false })
    }
  } catch {
    // A cache that cannot be written is none.
  }
}

/** Removes what another Node has kept, and what was left half written. */
function removeOthers(directory: string, prefix: string): void {
  for (const other of readdirSync(directory)) {
    const [, unfinished] = KEPT.exec(other) ?? [undefined, undefined]
    if (unfinished !== undefined && (unfinished !== '' || !other.startsWith(prefix)))
      rmSync(join(directory, other), { recursive: unfinished !== '', force: true })
  }
}

/** Whether what is nearest to a directory that may not be there yet is ours, and nobody else's to write: not so for whoever is root with our home. */
function isBelowOurs(path: string, uid: number | undefined): boolean {
  const facts = statSync(path, { throwIfNoEntry: false })
  if (facts !== undefined) return facts.uid === uid && (facts.mode & 0o022) === 0
  return dirname(path) !== path && isBelowOurs(dirname(path), uid)
}

/** Space that is left for the vault, which may be on the same disk: hundreds of times what one command keeps. */
const LEAST_FREE_BYTES = 128 * 1024 * 1024

function isNearlyFull(directory: string): boolean {
  const { bavail, bsize } = statfsSync(directory)
  return bavail * bsize < LEAST_FREE_BYTES
}

function packed({ kept, loaded }: Compiled): Buffer {
  const codes = new Map(kept)
  for (const { name, changedAtMs, script } of loaded) codes.set(name, { changedAtMs, code: script.createCachedData() })
  const parts: [string, number, number, number][] = []
  let length = 0
  for (const [name, { changedAtMs, code }] of codes) {
    parts.push([name, changedAtMs, length, code.length])
    length = aligned(length + code.length)
  }
  const header = JSON.stringify({ build: BUILD, parts } satisfies Header)
  const begin = aligned(LENGTH_BYTES + header.length)
  const content = Buffer.alloc(begin + length)
  content.writeUInt32LE(header.length, 0)
  content.write(header, LENGTH_BYTES)
  for (const [name, , offset] of parts) codes.get(name)?.code.copy(content, begin + offset)
  return Buffer.concat([content, content])
}
