import { lstatSync, readFileSync, statfsSync, statSync } from 'node:fs'
import Module from 'node:module'
import { basename, dirname, join } from 'node:path'
import { Script } from 'node:vm'
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
}

/** Names the code that was built: kept code of another build is none. Written into the file by the build. */
const BUILD = 'the build of crm'

/** How Node loads a file of an extension. */
type Loader = (module: NodeJS.Module, filename: string) => void
const { _extensions: loaders } = Module as unknown as { readonly _extensions: Record<string, Loader> }

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
  readonly script: Script
  readonly isNew: boolean
}

/**
 * Takes the compiled code of the files that are loaded from here on from what an earlier run of the same command has kept. Node's own
 * cache keeps what is compiled when a file is loaded, which leaves out most functions: those are compiled when they are first called.
 * Whoever writes into the directory says what runs, so it is left out where that is not ours alone. Whoever has no vault may be only
 * looking: nothing is kept then.
 * @returns what keeps the compiled code of this run, for when it has done well; it never throws.
 */
export function useCompiled({ argv, env, home, platform, uid, engine }: CompiledWorld): () => void {
  const directory = placeBesideVault(env, home, platform)
  if (directory === undefined || !isForUsAlone(directory, uid)) return () => {}
  const file = join(directory, `${engine}-${nameOf(argv)}`)
  const kept = readKept(file)
  const loaded: Loaded[] = []
  loaders['.cjs'] = (first, filename) => {
    delete loaders['.cjs']
    const directory = dirname(filename)
    const modules = new Map<string, { exports: unknown }>([[basename(filename), first]])
    // Files of ours stand beside each other, which takes Node long to find out for each. It has loaded the one that asks.
    const require = (id: string): unknown => (id.startsWith('./') && id !== './main.cjs' ? load(id.slice(2)) : first.require(id))
    const load = (name: string): unknown => {
      const known = modules.get(name)
      if (known !== undefined) return known.exports
      const module = { exports: {} }
      modules.set(name, module)
      run(name, module)
      return module.exports
    }
    const run = (name: string, module: { exports: unknown }): void => {
      const path = join(directory, name)
      const cachedData = kept.get(name)
      const code = `(function(exports,require,module,__filename,__dirname){${readFileSync(path, 'utf8')}\n})`
      const script = new Script(code, { filename: path, ...(cachedData === undefined ? {} : { cachedData }) })
      loaded.push({ name, script, isNew: cachedData === undefined || script.cachedDataRejected === true })
      ;(script.runInThisContext() as Wrapper)(module.exports, require, module, path, directory)
    }
    run(basename(filename), first)
  }
  return () => {
    if (loaded.some(({ isNew }) => isNew)) keep(directory, file, loaded, uid)
  }
}

/** Commands run different code, and with `--json` other code than without. */
function nameOf([command = '', ...words]: readonly string[]): string {
  const name = /^[a-z][a-z-]{1,24}$/.test(command) ? command : 'crm'
  return words.includes('--json') ? `${name}-json` : name
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
function readKept(file: string): ReadonlyMap<string, Buffer> {
  const kept = new Map<string, Buffer>()
  try {
    const whole = readFileSync(file)
    const content = whole.subarray(0, whole.length / 2)
    const begin = LENGTH_BYTES + content.readUInt32LE(0)
    const header = JSON.parse(content.toString('utf8', LENGTH_BYTES, begin)) as Header
    if (header.build !== BUILD || !content.equals(whole.subarray(whole.length / 2))) return kept
    for (const [name, offset, length] of header.parts) {
      const start = aligned(begin) + offset
      kept.set(name, content.subarray(start, start + length))
    }
  } catch {
    kept.clear() // There is none yet, or it is not what was written: this run writes it anew.
  }
  return kept
}

interface Header {
  readonly build: string
  /** Name of the file, place after the header, length. */
  readonly parts: readonly (readonly [name: string, offset: number, length: number])[]
}

function keep(directory: string, file: string, loaded: readonly Loaded[], uid: number | undefined): void {
  try {
    createPrivateDirectory(directory)
    if (!isForUsAlone(directory, uid) || isNearlyFull(directory)) return
    writePrivateFile(file, packed(loaded.map(({ name, script }) => [name, script.createCachedData()])))
  } catch {
    // A cache that cannot be written is none.
  }
}

/** Space that is left for the vault, which may be on the same disk: hundreds of times what one command keeps. */
const LEAST_FREE_BYTES = 128 * 1024 * 1024

function isNearlyFull(directory: string): boolean {
  const { bavail, bsize } = statfsSync(directory)
  return bavail * bsize < LEAST_FREE_BYTES
}

function packed(codes: readonly (readonly [name: string, code: Buffer])[]): Buffer {
  const parts: [string, number, number][] = []
  let length = 0
  for (const [name, code] of codes) {
    parts.push([name, length, code.length])
    length = aligned(length + code.length)
  }
  const header = JSON.stringify({ build: BUILD, parts } satisfies Header)
  const begin = aligned(LENGTH_BYTES + header.length)
  const content = Buffer.alloc(begin + length)
  content.writeUInt32LE(header.length, 0)
  content.write(header, LENGTH_BYTES)
  for (const [index, [, code]] of codes.entries()) code.copy(content, begin + (parts[index]?.[1] ?? 0))
  return Buffer.concat([content, content])
}
