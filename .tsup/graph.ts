import { relative } from 'node:path'
import { build } from 'esbuild'

/** What a file costs a start, and what the parser takes for a source of this size once it is minified; in milliseconds. */
const FILE_MS = 0.2
const SOURCE_BYTE_MS = 0.000012

/** What people and scripts run all day: its gain counts more than that of the rest, and so does what it has to carry. */
const OFTEN = /^src\/(?:commands\/(?:list|show|add|test)|vault\/(?:vault|unlock))\.ts$/
const OFTEN_WEIGHT = 20

interface File {
  readonly bytes: number
  readonly imports: readonly string[]
  /** Files imported when they are needed: entries. */
  readonly later: readonly string[]
  /** Packages and built-ins. */
  readonly foreign: readonly string[]
}

/** Files that become one chunk. */
interface Group {
  readonly files: readonly string[]
  /** The entries that load it. */
  readonly users: ReadonlySet<string>
  /** What the library uses does not bring what only the command does. */
  readonly part: 'start of the library' | 'library' | 'command'
  /** Packages and built-ins that it brings: who does not need them must not load them. */
  readonly foreign: string
}

/** What is loaded with each `import()` besides what it names. Paths of files are relative to the root of the repository. */
export interface Graph {
  companionsOf(path: string): readonly string[]
}

/**
 * Reads the graph of our own files, and makes groups of them: what every run begins with, in so far as the library uses it and besides; what the same entries use; and groups joined
 * where that saves more, in files that are not opened, than it costs in code that somebody does not need.
 */
export async function readGraph(root: string, started: readonly string[], library: string): Promise<Graph> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [...started, library],
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    splitting: true,
    outdir: 'dist',
    write: false,
    metafile: true,
    logLevel: 'silent',
  })
  const files = new Map<string, File>()
  for (const [path, { bytes, imports }] of Object.entries(metafile.inputs)) {
    const named = (isForeign: boolean, kind: string): string[] =>
      imports
        // Data such as package.json becomes part of whatever reads it.
        .filter((one) => (one.external === true) === isForeign && one.kind === kind && !one.path.endsWith('.json'))
        .map((one) => one.path)
    files.set(path, {
      bytes,
      imports: named(false, 'import-statement'),
      later: named(false, 'dynamic-import'),
      foreign: named(true, 'import-statement'),
    })
  }
  return graphOf(root, started, library, files)
}

function graphOf(root: string, started: readonly string[], library: string, files: ReadonlyMap<string, File>): Graph {
  const start = new Set(started.flatMap((path) => [...closure(path)]))
  const libraryStart = closure(library)
  const inLibrary = closure(library, new Set(), ({ imports, later }) => [...imports, ...later])
  const known = foreignOf(start)
  const entries = [...new Set([...files.values()].flatMap(({ later }) => later))]
  const reach = new Map(entries.map((path) => [path, new Set([...closure(path)].filter((file) => !start.has(file)))]))
  const gains = new Map<Group, Map<Group, number>>()
  const groups = joined(sameUsers())

  function closure(path: string, found = new Set<string>(), nextOf = ({ imports }: File) => imports): Set<string> {
    const file = files.get(path)
    if (file === undefined || found.has(path)) return found
    found.add(path)
    for (const next of nextOf(file)) closure(next, found, nextOf)
    return found
  }

  function foreignOf(paths: Iterable<string>): Set<string> {
    return new Set([...paths].flatMap((path) => files.get(path)?.foreign ?? []))
  }

  /** Entries that have been loaded wherever this one is: those whose files alone import it. */
  function ancestorsOf(path: string, found: readonly string[] = []): readonly string[] {
    const importers = [...files].filter(([, { later }]) => later.includes(path)).map(([file]) => file)
    const users = new Set(importers.flatMap((file) => entries.filter((user) => reach.get(user)?.has(file))))
    const [only] = users
    if (only === undefined || users.size > 1 || found.includes(only) || importers.some((file) => start.has(file) || libraryStart.has(file)))
      return found
    return ancestorsOf(only, [...found, only])
  }

  /** Files of the same entries; an entry whose ancestor uses a file too finds it loaded. */
  function sameUsers(): Group[] {
    const found = new Map<string, Group>()
    for (const file of new Set([...reach.values()].flatMap((reached) => [...reached]))) {
      const all = entries.filter((user) => reach.get(user)?.has(file))
      // An entry's own files make its own chunk.
      if (all.length < 2) continue
      const users = all.filter((user) => !ancestorsOf(user).some((ancestor) => all.includes(ancestor)))
      const foreign = [...foreignOf(closure(file))].filter((name) => !known.has(name)).sort()
      const part = libraryStart.has(file) ? 'start of the library' : inLibrary.has(file) ? 'library' : 'command'
      const key = [part, ...users, ...foreign].join(' ')
      found.set(key, { files: [...(found.get(key)?.files ?? []), file], users: new Set(users), part, foreign: foreign.join(' ') })
    }
    return [...found.values()]
  }

  function joined(groups: readonly Group[]): readonly Group[] {
    const pairs = groups.flatMap((a, index) => groups.slice(index + 1).map((b) => ({ a, b, gain: knownGainOf(a, b) })))
    const best = pairs.reduce((most, pair) => (pair.gain > most.gain ? pair : most), { a: groups[0], b: groups[0], gain: 0 })
    const { a, b } = best
    if (best.gain <= 0 || a === undefined || b === undefined) return groups
    const both: Group = { ...a, files: [...a.files, ...b.files], users: new Set([...a.users, ...b.users]) }
    return joined([...groups.filter((group) => group !== a && group !== b), both])
  }

  function knownGainOf(a: Group, b: Group): number {
    const own = gains.get(a) ?? new Map<Group, number>()
    gains.set(a, own)
    const gain = own.get(b) ?? gainOf(a, b)
    own.set(b, gain)
    return gain
  }

  /** Milliseconds that all entries together gain. */
  function gainOf(a: Group, b: Group): number {
    if (a.foreign !== b.foreign || a.part !== b.part) return 0
    const both = [...a.users].filter((user) => b.users.has(user)).reduce((sum, user) => sum + weightOf(user), 0)
    return both * FILE_MS - burdenOf(a, b) - burdenOf(b, a)
  }

  function weightOf(user: string): number {
    return OFTEN.test(user) ? OFTEN_WEIGHT : 1
  }

  /** What the users of one group have to read of another, which they do not need: its files, and all that those import. */
  function burdenOf({ users }: Group, other: Group): number {
    const others = [...users].filter((user) => !other.users.has(user))
    if (others.length === 0) return 0
    const read = new Set(other.files.flatMap((file) => [...closure(file)]))
    const bytesFor = (user: string): number =>
      [...read].reduce((sum, file) => (start.has(file) || reach.get(user)?.has(file) ? sum : sum + (files.get(file)?.bytes ?? 0)), 0)
    return others.reduce((sum, user) => sum + weightOf(user) * bytesFor(user) * SOURCE_BYTE_MS, 0)
  }

  return {
    companionsOf(path) {
      const own = relative(root, path)
      const loaded = [own, ...ancestorsOf(own)]
      const begin = inLibrary.has(own) ? [...start].filter((file) => inLibrary.has(file)) : started
      return [...begin, ...groups.filter(({ users }) => loaded.some((one) => users.has(one))).flatMap((group) => group.files)]
    },
  }
}
