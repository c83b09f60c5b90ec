import { Buffer } from 'node:buffer'
import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Script } from 'node:vm'
import { baseDirectory, type PathVariables } from './base-directories.ts'
import type { FileOwner } from './private.ts'

/** What is asked of the world to find the place for compiled code. */
export interface CompiledWorld extends FileOwner {
  readonly argv: readonly string[]
  readonly env: PathVariables
  readonly home: string | undefined
  readonly platform: string
  /** What the code is compiled for: `v24.21.0-x64`. */
  readonly engine: string
  readonly loadWith: LoadWith
}

/** Names the code that was built: kept code of another build is none. Written into the file by the build. */
export const BUILD = 'the build of crm'

/** Node's `require` in the file that every run begins with, and the module that this is. */
interface First {
  readonly require: NodeJS.Require
  readonly module: NodeJS.Module
}

/** Makes that file load what comes after it with what is made from its own `require`. The build writes it. */
export type LoadWith = (make: (first: First) => (id: string) => unknown) => void

/** The code of a file as Node wraps it. */
type Wrapper = (
  exports: unknown,
  require: (id: string) => unknown,
  module: { exports: unknown },
  filename: string,
  directory: string,
) => void

/** A file that this run has loaded. */
export interface Loaded {
  readonly name: string
  /** V8 compares no more of the text than its length. */
  readonly changedAtMs: number
  readonly script: Script
  readonly isNew: boolean
}

/** What a run has compiled, and what earlier ones have kept: see `keepCompiled`. */
export interface Compiled {
  readonly world: CompiledWorld
  readonly directory: string
  /** What the name of a file begins with, and ends with, beside the command's. */
  readonly prefix: string
  readonly suffix: string
  readonly kept: ReadonlyMap<string, Part>
  readonly loaded: readonly Loaded[]
}

/**
 * Takes the compiled code of the files that are loaded from here on from what an earlier run of the same command has kept. Node's own
 * cache keeps what is compiled when a file is loaded, which leaves out most functions: those are compiled when they are first called.
 * Whoever writes into the directory says what runs, so it is left out where that is not ours alone.
 *
 * This file itself is compiled anew by every run: nothing stands in it that may as well come later.
 * @returns what tells what this run has compiled; undefined where nothing of it is new, or nothing may be kept.
 */
export function useCompiled(world: CompiledWorld): () => Compiled | undefined {
  const { argv, env, home, platform, uid, engine, loadWith } = world
  const directory = baseDirectory('cache', env, home, platform)
  const whose = directory === undefined ? 'others' : ownerOf(directory, uid)
  if (directory === undefined || whose === 'others') return () => undefined
  const prefix = `${engine}-`
  const suffix = argv.includes('--json') ? '-json' : ''
  // What appears in a place where nothing was may be anybody's.
  const kept = whose === 'us' ? readKept(argv, (name) => join(directory, `${prefix}${name}${suffix}`), uid) : new Map<string, Part>()
  const loaded: Loaded[] = []
  loadWith((first) => {
    const { Script } = first.require('node:vm') as typeof import('node:vm')
    const place = dirname(first.module.filename)
    // Files of ours stand beside each other, which takes Node long to find out for each.
    const modules = new Map<string, { exports: unknown }>([[basename(first.module.filename), first.module]])
    const require = (id: string): unknown => (id.startsWith('./') ? load(id.slice(2)) : first.require(id))
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
    return require
  })
  return () => (loaded.some(({ isNew }) => isNew) ? { world, directory, prefix, suffix, kept, loaded: [...loaded] } : undefined)
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

/** What is asked of no command. */
export function askedOf(argv: readonly string[]): string | undefined {
  return argv.length === 1 ? ASKED.get(argv[0] ?? '') : undefined
}

/** The words of a command line that may name a command. */
export function wordsOf(argv: readonly string[]): readonly string[] {
  const asked = askedOf(argv)
  return asked === undefined ? argv.filter((word) => WORD_OF_COMMAND.test(word)) : [asked]
}

/** The file of what the words call, as far as that can be told before they are parsed: `key list` before `key`. */
function fileOf(argv: readonly string[], pathOf: (name: string) => string): string | undefined {
  const words = wordsOf(argv).slice(0, MOST_WORDS)
  const names = words.flatMap((word, index) => (words[index + 1] === undefined ? [word] : [`${word}-${words[index + 1]}`, word]))
  return names.map(pathOf).find((path) => lstatSync(path, { throwIfNoEntry: false })?.isFile())
}

/** Who can get at what is or will be in a directory; `others` also where the platform has no owners to tell that by. */
function ownerOf(path: string, uid: number | undefined): 'us' | 'others' | 'nobody' {
  if (uid === undefined) return 'others'
  try {
    const own = lstatSync(path, { throwIfNoEntry: false })
    if (own === undefined) return 'nobody'
    const parent = statSync(dirname(path))
    const isOurs = own.isDirectory() && own.uid === uid && (own.mode & 0o077) === 0 && parent.uid === uid && (parent.mode & 0o022) === 0
    return isOurs ? 'us' : 'others'
  } catch {
    return 'others'
  }
}

/** Whether a directory is there, and nobody else can get at what is in it. */
export function isForUsAlone(path: string, uid: number | undefined): boolean {
  return ownerOf(path, uid) === 'us'
}

/** V8 takes compiled code where it lies if it begins at a word. */
const WORD = 8
/** The length of the header stands before it. */
export const LENGTH_BYTES = 4

/** The next place for a part. */
export const aligned = (offset: number): number => Math.ceil(offset / WORD) * WORD

/**
 * The compiled code of each file: a header of JSON with its length before it, then the parts; and all that once more. V8 does not check
 * what it is given, and would crash on a byte that went bad: to compare two halves takes microseconds, while the checksums of Node come
 * with modules that take milliseconds to load.
 */
function readKept(argv: readonly string[], pathOf: (name: string) => string, uid: number | undefined): ReadonlyMap<string, Part> {
  const kept = new Map<string, Part>()
  try {
    const file = fileOf(argv, pathOf)
    if (file === undefined) return kept
    const whole = readOurs(file, uid)
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

/** A file that nobody else can have written: what is looked at is what is read. */
function readOurs(path: string, uid: number | undefined): Buffer {
  const descriptor = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
  try {
    const file = fstatSync(descriptor)
    return file.isFile() && file.uid === uid && (file.mode & 0o022) === 0 ? readFileSync(descriptor) : Buffer.alloc(0)
  } finally {
    closeSync(descriptor)
  }
}

/** Compiled code, and when the text of it was changed last, in Unix milliseconds. */
export interface Part {
  readonly changedAtMs: number
  readonly code: Buffer
}

/** What stands before the parts. */
export interface Header {
  readonly build: string
  /** Name of the file, when it was changed, place after the header, length. */
  readonly parts: readonly (readonly [name: string, changedAtMs: number, offset: number, length: number])[]
}
