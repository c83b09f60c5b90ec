/** The rules of the house (`style.md`, "Direction of imports"), read from the source itself. */
import { builtinModules } from 'node:module'
import { dirname } from 'node:path/posix'
import { expect, test } from 'vitest'
import { type GlobalUse, globalUses, type Import, readSources, type Source, undocumentedExports } from './support/sources.ts'

const sources = readSources('src')
const tests = readSources('test')
const byPath = new Map(sources.map((source) => [source.path, source]))

/** What each room may look into, besides itself. A file at the top of `src/` is a room of its own. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  crypto: ['core'],
  files: ['core'],
  keychain: ['core'],
  http: ['core'],
  oauth: ['core'],
  chatwoot: ['core'],
  sandbox: ['core'],
  receiver: ['core'],
  providers: ['core', 'chatwoot'],
  session: ['core', 'crypto', 'files', 'keychain'],
  vault: ['core', 'crypto', 'files'],
  usecases: ['core', 'crypto', 'files', 'http', 'oauth', 'chatwoot', 'providers', 'receiver', 'sandbox', 'vault'],
  terminal: ['core', 'files'],
  'process-facts.ts': [],
  'process-home.ts': [],
  library: ['core', 'crypto', 'files', 'http', 'chatwoot', 'providers', 'vault', 'usecases', 'process-facts.ts', 'process-home.ts'],
  'index.ts': ['core', 'crypto', 'http', 'chatwoot', 'providers', 'vault', 'usecases', 'library'],
  'world.ts': ['core', 'terminal'],
  commands: [
    'core',
    'crypto',
    'files',
    'keychain',
    'session',
    'http',
    'chatwoot',
    'providers',
    'sandbox',
    'vault',
    'usecases',
    'terminal',
    'world.ts',
  ],
  'main.ts': ['core', 'files', 'terminal', 'commands', 'world.ts', 'process-facts.ts', 'process-home.ts'],
  'start.ts': ['files', 'process-home.ts', 'main.ts'],
}

/** Where each package may be imported; `zod` has rules of its own. */
const HOMES: Readonly<Record<string, readonly string[]>> = {
  undici: ['http'],
  oauth4webapi: ['oauth'],
  'age-encryption': ['crypto'],
  'better-sqlite3': ['vault'],
  '@inquirer/prompts': ['terminal'],
  chalk: ['terminal'],
  'cli-table3': ['terminal'],
  uqr: ['terminal'],
  ora: ['terminal'],
  commander: ['commands'],
  yaml: ['usecases'],
  'csv-parse': ['usecases'],
  zod: ['core', 'usecases', 'terminal', 'commands'],
}

const isInRoom = (path: string, ...rooms: readonly string[]): boolean => rooms.includes(roomOf(path))

/** `src/core/json.ts` → `core`, `src/main.ts` → `main.ts`. */
function roomOf(path: string): string {
  return path.split('/')[1] ?? path
}

/** `undici/lib/dispatcher/agent.js` → `undici`, `@inquirer/prompts` → itself. */
function packageOf(name: string): string {
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/')
}

/** Every import that breaks a rule, as `file:line names what`. */
function importsThat(breaks: (found: Import, source: Source) => boolean, among: readonly Source[] = sources): string[] {
  return among.flatMap((source) =>
    source.imports.filter((found) => breaks(found, source)).map(({ to, line }) => `${source.path}:${line} imports ${to}`),
  )
}

test('every room imports only from the rooms before it', () => {
  expect(new Set(sources.map(({ path }) => roomOf(path)))).toEqual(new Set(Object.keys(MAY_IMPORT)))
  const wrong = importsThat(({ own, to }, { path }) => {
    if (!own || to === 'package.json' || roomOf(to) === roomOf(path)) return false
    return !to.startsWith('src/') || !MAY_IMPORT[roomOf(path)]?.includes(roomOf(to))
  })
  expect(wrong).toEqual([])
})

test('the order of the rooms has no way back', () => {
  const reach = (room: string, seen: ReadonlySet<string>): string[] => {
    if (seen.has(room)) return [[...seen, room].join(' <- ')]
    return (MAY_IMPORT[room] ?? []).flatMap((next) => reach(next, new Set([...seen, room])))
  }
  expect(Object.keys(MAY_IMPORT).flatMap((room) => reach(room, new Set()))).toEqual([])
})

test('no file needs itself to be loaded', () => {
  const cycles: string[] = []
  const finished = new Set<string>()
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path)
    if (start >= 0) cycles.push([...trail.slice(start), path].join(' -> '))
    if (start >= 0 || finished.has(path)) return
    for (const { own, kind, to } of byPath.get(path)?.imports ?? []) if (own && kind === 'value') visit(to, [...trail, path])
    finished.add(path)
  }
  for (const { path } of sources) visit(path, [])
  expect(cycles).toEqual([])
})

test('every file that is imported is there, by a path that is written out', () => {
  expect(importsThat(({ own, to }) => to === '(computed)' || (own && to !== 'package.json' && !byPath.has(to)))).toEqual([])
})

test('every file is part of a program', () => {
  const reached = closure(['src/start.ts', 'src/index.ts'], ['value', 'lazy', 'type'])
  const declarations = (path: string): boolean => path.endsWith('.d.ts')
  expect(sources.map(({ path }) => path).filter((path) => !reached.has(path) && !declarations(path))).toEqual([])
})

test('each package has one room', () => {
  const wrong = importsThat(({ own, to }, { path }) => {
    if (own || to.startsWith('node:')) return false
    return !HOMES[packageOf(to)]?.includes(roomOf(path))
  })
  expect(wrong).toEqual([])
})

test('built-ins are named with node:', () => {
  expect(importsThat(({ to }) => builtinModules.includes(to))).toEqual([])
})

test('only the network client, the receiver, the sandbox and the listener of a sign-in reach the network', () => {
  // What an address is can be asked anywhere; nothing is opened for it.
  const askable = new Set(['isIP', 'isIPv4', 'isIPv6', 'BlockList'])
  const network = /^node:(?:net|tls|https?|http2|dgram|dns(?:\/promises)?|inspector)$/
  const wrong = importsThat(({ to, kind, names }, { path }) => {
    if (!network.test(to) || kind === 'type' || isInRoom(path, 'http', 'receiver', 'sandbox') || path === 'src/oauth/callback-listener.ts')
      return false
    // A pipe that has a name is read by its descriptor, as a socket is; nothing is connected.
    if (path === 'src/terminal/input-file.ts' && to === 'node:net' && kind === 'lazy') return false
    return to !== 'node:net' || names.some((name) => !askable.has(name))
  })
  expect(wrong).toEqual([])
})

test('only the runner of a child, the opener of a browser and the tour start programs', () => {
  const starters = ['src/terminal/child.ts', 'src/terminal/browser.ts', 'src/commands/tour.ts', 'src/keychain/keychain.ts']
  expect(importsThat(({ to }, { path }) => to === 'node:child_process' && !starters.includes(path))).toEqual([])
})

test('zod is imported whole, which leaves its locales out of the build, and small, since its schemas with methods take twice the time', () => {
  const english = 'zod/v4/locales/en.js'
  expect(importsThat(({ to, kind, names }) => to === 'zod/mini' && kind !== 'type' && names.join() !== '*')).toEqual([])
  expect(importsThat(({ to }) => packageOf(to) === 'zod' && to !== 'zod/mini' && to !== english)).toEqual([])
})

test('no command that reads loads zod: what comes from outside is validated where it comes in', () => {
  const heavy = ['src/commands/demo-create.ts', 'src/commands/topics/json.ts']
  const entries = sources.map(({ path }) => path).filter((path) => isInRoom(path, 'commands', 'main.ts') && !heavy.includes(path))
  const wrong = entries.flatMap((entry) =>
    [...closure([entry], ['value'])]
      .filter((path) => byPath.get(path)?.imports.some(({ to }) => packageOf(to) === 'zod'))
      .map((path) => [entry, path]),
  )
  expect(wrong).toEqual([])
})

/** All files that are needed by some, through imports of these kinds. */
function closure(entries: readonly string[], kinds: readonly Import['kind'][]): ReadonlySet<string> {
  const reached = new Set<string>()
  const open = [...entries]
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (reached.has(path)) continue
    reached.add(path)
    for (const { own, kind, to } of byPath.get(path)?.imports ?? []) if (own && kinds.includes(kind)) open.push(to)
  }
  return reached
}

test('heavy packages are behind import(), or in files that are', () => {
  const heavy = [
    'undici',
    'oauth4webapi',
    'better-sqlite3',
    '@inquirer/prompts',
    'chalk',
    'cli-table3',
    'uqr',
    'ora',
    'zod',
    'yaml',
    'csv-parse',
  ]
  const atOnce = [...closure(['src/start.ts', 'src/main.ts'], ['value'])]
  const wrong = atOnce.flatMap((path) =>
    (byPath.get(path)?.imports ?? [])
      .filter(({ to, kind, own }) => !own && kind === 'value' && heavy.includes(packageOf(to)))
      .map(({ to }) => `${path} imports ${to}`),
  )
  expect(wrong).toEqual([])
})

test('randomness of a seal comes from the seal alone: its salt is chosen in the vector test and nowhere else', () => {
  const users = [...sources, ...tests].filter(({ imports }) => imports.some(({ names }) => names.includes('sealWithSalt')))
  expect(users.map(({ path }) => path)).toEqual(['test/crypto/vectors.test.ts'])
})

/** Uses of a global that are not in the files that may, as `file:line uses what`. */
function usesThat(breaks: (use: GlobalUse, path: string) => boolean): string[] {
  return sources.flatMap((source) =>
    globalUses(source)
      .filter((use) => breaks(use, source.path))
      .map(({ name, line }) => `${source.path}:${line} uses ${name}`),
  )
}

const isOf = (name: string, global: string): boolean => name === global || name.startsWith(`${global}.`) || name === `new ${global}`

test('the process is read where a program begins: the command in main.ts, the library in its world', () => {
  const readers = ['src/library/world.ts']
  expect(usesThat(({ name }, path) => (isOf(name, 'process') || isOf(name, 'globalThis')) && !readers.includes(path))).toEqual([])
  expect(usesThat(({ name }) => name === 'process.exit')).toEqual([])
  const host = /\bNodeJS\.Process\b/
  expect(sources.filter(({ text }) => host.test(text)).map(({ path }) => path)).toEqual([
    'src/main.ts',
    'src/process-facts.ts',
    'src/process-home.ts',
    'src/start.ts',
  ])
})

test('nothing is printed past the terminal', () => {
  expect(usesThat(({ name }) => isOf(name, 'console'))).toEqual([])
})

test('the clock comes as an argument', () => {
  const beginnings = (path: string): boolean => isInRoom(path, 'main.ts', 'library')
  expect(usesThat(({ name }, path) => (name === 'Date.now' || name === 'new Date') && !beginnings(path))).toEqual([])
})

test('no request is made but by the network client', () => {
  expect(usesThat(({ name }) => ['fetch', 'WebSocket', 'XMLHttpRequest'].some((global) => isOf(name, global)))).toEqual([])
})

test('chance that need not be secret is for the pauses between tries alone', () => {
  expect(usesThat(({ name }, path) => name === 'Math.random' && path !== 'src/http/retry.ts')).toEqual([])
})

test('the library shows nothing of the command: neither its terminal nor its commands', () => {
  const reached = [...closure(['src/index.ts'], ['value', 'lazy', 'type'])]
  expect(reached.filter((path) => isInRoom(path, 'terminal', 'commands', 'start.ts', 'main.ts', 'world.ts'))).toEqual([])
})

test('every export says what it is', () => {
  // What the `define` of a command file does is said once, at the interface that all of them fill.
  const isDefine = (path: string, name: string): boolean => name === 'define' && dirname(path) === 'src/commands'
  const silent = sources.flatMap((source) =>
    undocumentedExports(source)
      .filter(({ name }) => !isDefine(source.path, name))
      .map(({ name, line }) => `${source.path}:${line} exports ${name}`),
  )
  expect(silent).toEqual([])
})

test('tests run the real thing, all of it: nothing of ours is mocked, nothing is left out', () => {
  const forbidden =
    /\bvi\.(?:mock|doMock|spyOn|stubGlobal|fn)\(|\b(?:test|it|describe)(?:\.concurrent)?\.(?:only|skip|todo|skipIf|runIf|fails)\b/
  const wrong = tests.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, index) => (forbidden.test(line) && path !== 'test/architecture.test.ts' ? [`${path}:${index + 1}`] : [])),
  )
  expect(wrong).toEqual([])
})
