import { Buffer } from 'node:buffer'
import { lstatSync, readdirSync, readFileSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Script } from 'node:vm'
import { vaultExists } from './exists.ts'
import { type PathVariables, resolvePaths } from './paths.ts'
import { createPrivateDirectory, type FileOwner, writePrivateFile } from './private.ts'

/** What is asked of the world to find the place for compiled code. */
export interface CompiledWorld extends FileOwner {
  readonly argv: readonly string[]
  readonly env: PathVariables
  readonly home: string | undefined
  readonly platform: string
  /** What the code is compiled for: `v24.21.0-x64`. */
  readonly engine: string
  /** What Node loads files with, by their extensions: `require.extensions`. To ask `node:module` for them costs a start more. */
  readonly loaders: Loaders
}

/** Names the code that was built: kept code of another build is none. Written into the file by the build. */
const BUILD = 'the build of crm'

/** How Node loads a file of an extension. */
export type Loaders = Record<string, (module: NodeJS.Module, filename: string) => void>

/** The code of a file as Node wraps it. */
type Wrapper = (
  exports: unknown,
  require: (id: string) => unknown,
  module: { exports: unknown },
  filename: string,
  directory: string,
) => void

/** A file that this run has loaded. */
interface Loaded {
  readonly name: string
  /** V8 compares no more of the text than its length. */
  readonly changedAtMs: number
  readonly script: Script
  readonly isNew: boolean
}

/**
 * Takes the compiled code of the files that are loaded from here on from what an earlier run of the same command has kept. Node's own
 * cache keeps what is compiled when a file is loaded, which leaves out most functions: those are compiled when they are first called.
 * Whoever writes into the directory says what runs, so it is left out where that is not ours alone. Whoever has no vault may be only
 * looking: nothing is kept then, and of a command's first run only that it ran, since on many machines it is the last.
 * @returns what keeps the compiled code of this run, for when it has done well, under the name of the command that ran; it never throws.
 */
export function useCompiled({ argv, env, home, platform, uid, engine, loaders }: CompiledWorld): (command: string | undefined) => void {
  const directory = placeBesideVault(env, home, platform)
  if (directory === undefined || !isForUsAlone(directory, uid)) return () => {}
  const suffix = argv.includes('--json') ? '-json' : ''
  const kept = readKept(fileOf(argv, (name) => join(directory, `${engine}-${name}${suffix}`)))
  const loaded: Loaded[] = []
  loaders['.cjs'] = (first, filename) => {
    delete loaders['.cjs']
    const { Script } = first.require('node:vm') as typeof import('node:vm')
    const place = dirname(filename)
    const modules = new Map<string, { exports: unknown }>([[basename(filename), first]])
    // Files of ours stand beside each other, which takes Node long to find out for each. It has loaded the one that asks.
    const require = (id: string): unknown => (id.startsWith('./') && id !== './main.cjs' ? load(id.slice(2)) : first.require(id))
    const load = (name: string): unknown => {
      const known = modules.get(name)
      if (known !== undefined) return known.exports
      const module = { exports: {} }
      modules.set(name, module)
      try {
        run(name, module)
      } catch (error) {
        modules.delete(name)
        throw error
      }
      return module.exports
    }
    const run = (name: string, module: { exports: unknown }): void => {
      const path = join(place, name)
      const changedAtMs = statSync(path).mtimeMs
      const cachedData = kept.get(name)?.changedAtMs === changedAtMs ? kept.get(name)?.code : undefined
      const code = wrapped(readFileSync(path))
      const script = new Script(code, { filename: path, ...(cachedData === undefined ? {} : { cachedData }) })
      loaded.push({ name, changedAtMs, script, isNew: cachedData === undefined || script.cachedDataRejected === true })
      ;(script.runInThisContext() as Wrapper)(module.exports, require, module, path, place)
    }
    run(basename(filename), first)
  }
  return (command) => {
    const called = command ?? askedOf(argv)
    // What was called by another name would not be found again.
    if (called === undefined || !wordsOf(argv).includes(called.split(' ')[0] ?? '') || !loaded.some(({ isNew }) => isNew)) return
    const compiled = (): Buffer => {
      const parts = new Map(kept)
      for (const { name, changedAtMs, script } of loaded) parts.set(name, { changedAtMs, code: script.createCachedData() })
      return packed(parts)
    }
    keep(directory, `${engine}-`, `${called.replaceAll(' ', '-')}${suffix}`, compiled, uid)
  }
}

const BEFORE = Buffer.from('(function(exports,require,module,__filename,__dirname){')
const AFTER = Buffer.from('\n})')

/** The code of a file as Node wraps it, which is in ASCII: put together before it is a text, or V8 would hold it twice, and collect it. */
function wrapped(code: Buffer): string {
  return Buffer.concat([BEFORE, code, AFTER]).toString('latin1')
}

const WORD_OF_COMMAND = /^[a-z][a-z-]{1,24}$/
/** A profile or two may stand before the command. */
const MOST_WORDS = 4

const VERSION = 'asked-for-version'
const HELP = 'asked-for-help'
/** What is asked of no command, and what it goes by: no word of a command line, such as a profile's name. */
const ASKED: ReadonlyMap<string, string> = new Map([
  ['-V', VERSION],
  ['--version', VERSION],
  ['-h', HELP],
  ['--help', HELP],
])

function askedOf(argv: readonly string[]): string | undefined {
  return argv.length === 1 ? ASKED.get(argv[0] ?? '') : undefined
}

function wordsOf(argv: readonly string[]): readonly string[] {
  const asked = askedOf(argv)
  return asked === undefined ? argv.filter((word) => WORD_OF_COMMAND.test(word)) : [asked]
}

/** The file of what the words call, as far as that can be told before they are parsed: `key list` before `key`. */
function fileOf(argv: readonly string[], pathOf: (name: string) => string): string | undefined {
  const words = wordsOf(argv).slice(0, MOST_WORDS)
  const names = words.flatMap((word, index) => (words[index + 1] === undefined ? [word] : [`${word}-${words[index + 1]}`, word]))
  return names.map(pathOf).find((path) => lstatSync(path, { throwIfNoEntry: false })?.isFile())
}

function placeBesideVault(env: PathVariables, home: string | undefined, platform: string): string | undefined {
  try {
    const { vault, cacheDirectory } = resolvePaths(env, home, platform)
    return vaultExists(vault) ? cacheDirectory : undefined
  } catch {
    return undefined // There is no home directory, or it cannot be read: what that means is said by what needs it.
  }
}

/** Whether nobody else can get at what is or will be in a directory; false also where the platform has no owners to tell that by. */
function isForUsAlone(path: string, uid: number | undefined): boolean {
  if (uid === undefined) return false
  try {
    const own = lstatSync(path, { throwIfNoEntry: false })
    if (own === undefined) return true
    const parent = statSync(dirname(path))
    return own.isDirectory() && own.uid === uid && (own.mode & 0o077) === 0 && parent.uid === uid && (parent.mode & 0o022) === 0
  } catch {
    return false
  }
}

/** V8 takes compiled code where it lies if it begins at a word. */
const WORD = 8
const LENGTH_BYTES = 4
const aligned = (offset: number): number => Math.ceil(offset / WORD) * WORD

/**
 * The compiled code of each file: a header of JSON with its length before it, then the parts; and all that once more. V8 does not check
 * what it is given, and would crash on a byte that went bad: to compare two halves takes microseconds, while the checksums of Node come
 * with modules that take milliseconds to load.
 */
function readKept(file: string | undefined): ReadonlyMap<string, Part> {
  const kept = new Map<string, Part>()
  if (file === undefined) return kept
  try {
    const whole = readFileSync(file)
    const content = whole.subarray(0, whole.length / 2)
    const begin = LENGTH_BYTES + content.readUInt32LE(0)
    const header = JSON.parse(content.toString('utf8', LENGTH_BYTES, begin)) as Header
    if (header.build !== BUILD || !content.equals(whole.subarray(whole.length / 2))) return kept
    for (const [name, changedAtMs, offset, length] of header.parts) {
      const start = aligned(begin) + offset
      kept.set(name, { changedAtMs, code: content.subarray(start, start + length) })
    }
  } catch {
    kept.clear() // There is none yet, or it is not what was written: this run writes it anew.
  }
  return kept
}

/** Compiled code, and when the text of it was changed last, in Unix milliseconds. */
interface Part {
  readonly changedAtMs: number
  readonly code: Buffer
}

interface Header {
  readonly build: string
  /** Name of the file, when it was changed, place after the header, length. */
  readonly parts: readonly (readonly [name: string, changedAtMs: number, offset: number, length: number])[]
}

/** A name of ours, of any Node; the end is that of what a run has left that was killed while it wrote. Whatever else lies there stays. */
const KEPT = /^v\d+\.\d+\.\d+-[a-z\d]+-[a-z]+(?:-[a-z]+)*((?:\.[A-Za-z\d]{6})?)$/

/** Keeps what `content` makes under a name, from the second time on; the first time leaves an empty file. */
function keep(directory: string, engine: string, name: string, content: () => Buffer, uid: number | undefined): void {
  const file = join(directory, `${engine}${name}`)
  try {
    if (!isBelowOurs(directory, uid)) return
    createPrivateDirectory(directory)
    if (!isForUsAlone(directory, uid)) return
    if (lstatSync(file, { throwIfNoEntry: false }) === undefined) writeFileSync(file, '', { flag: 'wx', mode: 0o600 })
    else if (!isNearlyFull(directory)) {
      removeOthers(directory, engine)
      writePrivateFile(file, content(), { durable: false })
    }
  } catch {
    // A cache that cannot be written is none.
  }
}

/** Removes what another Node has kept, and what was left half written. */
function removeOthers(directory: string, engine: string): void {
  for (const other of readdirSync(directory)) {
    const [, unfinished] = KEPT.exec(other) ?? [undefined, undefined]
    if (unfinished !== undefined && (unfinished !== '' || !other.startsWith(engine)))
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

function packed(codes: ReadonlyMap<string, Part>): Buffer {
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
