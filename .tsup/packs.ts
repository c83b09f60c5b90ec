import { createHash } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import type { Plugin as EsbuildPlugin, Metafile } from 'esbuild'
import type { Options } from 'tsup'

type Plugin = NonNullable<Options['plugins']>[number]
type Outputs = Metafile['outputs']

/** What the first file names its build by, until it is built. */
const BUILD = 'the build of crm'
/** What a file costs a start: to be found, opened, read and compiled on its own. In milliseconds. */
const FILE_MS = 0.2
/** What a byte of minified code costs that is read and not used. */
const BYTE_MS = 0.00003

/** A run that people and scripts make all day. */
interface Frequent {
  /** The files that it asks for with `import()`, and the one that every run begins with; from the root of the repository. */
  readonly entries: readonly string[]
  readonly weight: number
}

/** Chunks that become one file. */
interface Pack {
  readonly chunks: readonly string[]
  /** Whether it is what every run begins with. */
  readonly isFirst: boolean
  readonly users: ReadonlySet<Frequent>
  /** Packages of others in it and in what is loaded with it: whoever does not use them must not read them. */
  readonly packages: string
  readonly bytes: number
}

/** The halves of the plugin: esbuild tells what it made, tsup when it is written. */
export interface Packs {
  readonly listener: EsbuildPlugin
  readonly writer: Plugin
}

/** What is packed. */
export interface Packing {
  /** The file that `bin` asks for. */
  readonly command: string
  /** The file that stands behind the one that programs import, which is written beside it. */
  readonly library: string
  /**
   * What each kind of frequent run asks for, that of every run first: a run that asks for more finds it too, and reads a file more.
   */
  readonly frequent: readonly Frequent[]
  /** Packages so small that they may stand beside what does without them. */
  readonly small: readonly string[]
}

/**
 * Puts chunks that run together into one file, since opening a file costs more than the few kilobytes in it. Each chunk stays a function
 * that runs when somebody asks for it, so what is loaded, and in which order, stays as it was.
 */
export function packs({ command, library, frequent, small }: Packing): Packs {
  let outputs: Outputs = {}
  return {
    listener: {
      name: 'packs',
      setup: (build) =>
        build.onEnd(({ metafile }) => {
          outputs = metafile?.outputs ?? {}
        }),
    },
    writer: {
      name: 'packs',
      async buildEnd() {
        const directory = this.options.outDir
        const made = makePacks(command, namedChunks(outputs), frequent, small)
        const homes: Homes = new Map(
          made.flatMap(({ name, chunks }) => chunks.map((chunk, index) => [chunk, { file: name, index }] as const)),
        )
        const code = async (chunk: string): Promise<string> => readFile(join(directory, chunk), 'utf8')
        const files = new Map<string, string>()
        for (const chunk of namedChunks(outputs).keys()) if (!homes.has(chunk)) files.set(chunk, linked(await code(chunk), homes))
        for (const { name, chunks } of made) files.set(name, await packed(name, chunks, command, homes, code))
        const build = createHash('sha256')
          .update([...files].sort().join())
          .digest('hex')
          .slice(0, 16)
        const first = files.get(command) ?? ''
        // See `src/files/compiled.ts`: without it, compiled code of another build would be taken for that of this one.
        if (!first.includes(BUILD)) throw new Error(`${command} does not say which build it is of`)
        files.set(command, first.replace(BUILD, build))
        files.set(library.replace('.cjs', '.js'), imported(library, homes, Object.entries(outputs)))
        await Promise.all([...homes.keys()].map((chunk) => rm(join(directory, chunk))))
        await Promise.all([...files].map(([name, text]) => writeFile(join(directory, name), text)))
      },
    },
  }
}

/** Where a chunk is that was packed. */
type Homes = ReadonlyMap<string, { readonly file: string; readonly index: number }>

interface Chunk {
  readonly bytes: number
  /** The file that an `import()` asks for, where the chunk is its. */
  readonly source: string | undefined
  /** Chunks that are loaded with it. */
  readonly needs: readonly string[]
  readonly packages: readonly string[]
}

const PACKAGE = /node_modules\/((?:@[^/]+\/)?[^/]+)\//

function namedChunks(outputs: Outputs): ReadonlyMap<string, Chunk> {
  return new Map(
    Object.entries(outputs).map(([path, { bytes, entryPoint, imports, inputs }]) => [
      basename(path),
      {
        bytes,
        // An `import()` is wrapped in a namespace; see `fewChunks`.
        source: entryPoint === undefined ? undefined : relative('', entryPoint.replace(/^with-companions:/, '')),
        needs: imports.flatMap(({ kind, path: other, external }) =>
          kind === 'import-statement' && external !== true ? [basename(other)] : [],
        ),
        packages: [...new Set(Object.keys(inputs).flatMap((file) => PACKAGE.exec(file)?.[1] ?? []))].sort(),
      },
    ]),
  )
}

function makePacks(
  entry: string,
  chunks: ReadonlyMap<string, Chunk>,
  frequent: readonly Frequent[],
  small: readonly string[],
): { name: string; chunks: readonly string[] }[] {
  const loaded = new Map(frequent.map((run) => [run, new Set(run.entries.flatMap((source) => [...closure(chunkOf(source))]))]))
  // What the first file holds is compiled anew by every run: only what comes after it can be kept compiled.
  const first = closure(entry)
  const anywhere = [...small, ...packagesOf(loaded.get(frequent[0] as Frequent) ?? [])]
  const alike = new Map<string, Pack>()
  for (const [chunk, { bytes }] of chunks) {
    const users = new Set(frequent.filter((run) => loaded.get(run)?.has(chunk)))
    if (users.size === 0) continue
    const packages = packagesOf(closure(chunk))
      .filter((name) => !anywhere.includes(name))
      .join(' ')
    const isFirst = first.has(chunk)
    const key = [isFirst, packages, ...frequent.map((run) => users.has(run))].join()
    const pack = alike.get(key)
    alike.set(key, { chunks: [...(pack?.chunks ?? []), chunk], isFirst, users, packages, bytes: (pack?.bytes ?? 0) + bytes })
  }
  return joined([...alike.values()]).map((pack, index) => ({
    name: pack.chunks.includes(entry) ? entry : `pack-${index}.cjs`,
    chunks: pack.chunks,
  }))

  function chunkOf(source: string): string {
    const found = [...chunks].find(([, chunk]) => chunk.source === source)
    if (found === undefined) throw new Error(`no import() asks for ${source}`)
    return found[0]
  }

  function packagesOf(names: Iterable<string>): readonly string[] {
    return [...new Set([...names].flatMap((chunk) => chunks.get(chunk)?.packages ?? []))].sort()
  }

  function closure(chunk: string, found = new Set<string>()): Set<string> {
    if (found.has(chunk)) return found
    found.add(chunk)
    for (const next of chunks.get(chunk)?.needs ?? []) closure(next, found)
    return found
  }
}

/** Joins packs where that saves more, in files that are not opened, than it costs in code that somebody does not need. */
function joined(packs: readonly Pack[]): readonly Pack[] {
  let best: { readonly a: Pack; readonly b: Pack; readonly gain: number } | undefined
  for (const [index, a] of packs.entries()) {
    for (const b of packs.slice(index + 1)) {
      const gain = gainOf(a, b)
      if (gain > (best?.gain ?? 0)) best = { a, b, gain }
    }
  }
  if (best === undefined) return packs
  const { a, b } = best
  const both: Pack = { ...a, chunks: [...a.chunks, ...b.chunks], users: new Set([...a.users, ...b.users]), bytes: a.bytes + b.bytes }
  return joined([...packs.filter((pack) => pack !== a && pack !== b), both])
}

/** Milliseconds that all frequent runs together gain. */
function gainOf(a: Pack, b: Pack): number {
  if (a.isFirst !== b.isFirst || a.packages !== b.packages) return 0
  const weight = (users: Iterable<Frequent>): number => [...users].reduce((sum, run) => sum + run.weight, 0)
  const both = weight([...a.users].filter((run) => b.users.has(run)))
  return both * FILE_MS - ((weight(a.users) - both) * b.bytes + (weight(b.users) - both) * a.bytes) * BYTE_MS
}

const REQUIRED = /\brequire\("\.\/([^"]+)"\)/g

/** A chunk that finds the others where they are now. @param load what loads another file. */
function linked(code: string, homes: Homes, own?: string, load = 'require'): string {
  return code.replace(REQUIRED, (all, chunk: string) => {
    const home = homes.get(chunk)
    if (home === undefined) return all
    return home.file === own ? `__load(${home.index})` : `${load}("./${home.file}").__load(${home.index})`
  })
}

/** What esbuild writes at the head of a module that it makes CommonJS: how names are handed out, how a module is taken, and the mark of one. */
const HELPERS =
  /var (?:[\w$]+=Object\.create;var )?([\w$]+)=Object\.defineProperty;var [\w$]+=Object\.getOwnPropertyDescriptor;var [\w$]+=Object\.getOwnPropertyNames;var (?:[\w$]+=Object\.getPrototypeOf,)?[\w$]+=Object\.prototype\.hasOwnProperty;var ([\w$]+)=.{20,70}?enumerable:!0\}\)\},([\w$]+)=.{100,250}?return [\w$]+\};var (?:([\w$]+)=.{60,160}?,[\w$]+\)\),)?([\w$]+)=([\w$]+)=>\3\(\1\(\{\},"__esModule",\{value:!0\}\),\6\);/

/** The same for all chunks of a file. */
const SHARED_HELPERS = [
  'const __copy=(to,from)=>{for(const n of Object.getOwnPropertyNames(from))if(!Object.hasOwn(to,n))Object.defineProperty(to,n,{get:()=>from[n],enumerable:Object.getOwnPropertyDescriptor(from,n).enumerable});return to}',
  '__names=(to,all)=>{for(const n in all)Object.defineProperty(to,n,{get:all[n],enumerable:!0})}',
  // One of ours is taken as it is: a copy would be made each time that it is asked for.
  '__taken=(from,whole,to)=>!whole&&from&&from.__esModule?from:(to=from!=null?Object.create(Object.getPrototypeOf(from)):{},Object.defineProperty(to,"default",{value:from,enumerable:!0}),from&&(typeof from=="object"||typeof from=="function")?__copy(to,from):to)',
  '__marked=(to)=>Object.defineProperty(to,"__esModule",{value:!0});',
].join(',')

/** Names for whoever reads the file without running it. */
const ANNOTATION = /0&&\(module\.exports=\{[\w$,]*\}\);\s*$/

/** A chunk without helpers of its own. */
function sharingHelpers(code: string): string {
  return code
    .replace(ANNOTATION, '')
    .replace(HELPERS, (_all, _define, names: string, _copy, taken: string | undefined, marked: string) =>
      [`const ${names}=__names`, ...(taken === undefined ? [] : [`${taken}=__taken`]), `${marked}=__marked;`].join(','),
    )
}

async function packed(
  name: string,
  chunks: readonly string[],
  entry: string,
  homes: Homes,
  code: (chunk: string) => Promise<string>,
): Promise<string> {
  const isEntry = name === entry
  // The parentheses tell V8 that the function is about to run: it is compiled once, not looked at first.
  const functions = await Promise.all(
    chunks.map(async (chunk) => {
      const own = linked(sharingHelpers(await code(chunk)), homes, name, isEntry ? '__require' : 'require')
      return `(function(exports,module){${own}\n})`
    }),
  )
  // What loads the other files need not be Node's: see `LoadWith` in `src/files/compiled.ts`.
  const [begin, end] = isEntry
    ? [
        'let __require=require;',
        `exports.loadWith=(make)=>{__require=make({require,module})};exports.start=(...words)=>__load(${homes.get(entry)?.index}).start(...words);`,
      ]
    : ['', '']
  return `"use strict";${begin}${SHARED_HELPERS}
const __made=[],__chunks=[${functions.join(',\n')}];
function __load(index){let module=__made[index];if(module===undefined){module=__made[index]={exports:{}};__chunks[index](module.exports,module)}return module.exports}
exports.__load=__load;${end}
`
}

/** The module that programs import: the library is CommonJS as the command is, whose chunks it shares. */
function imported(library: string, homes: Homes, outputs: readonly [string, Outputs[string]][]): string {
  const names = outputs.find(([path]) => basename(path) === library)?.[1].exports ?? []
  const code = linked(`require("./${library}")`, homes)
  return `const require=process.getBuiltinModule("node:module").createRequire(import.meta.url);export const{${names.join(',')}}=${code};\n`
}
