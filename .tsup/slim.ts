import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Plugin } from 'esbuild'

/** What stands in the place of a file that is left out: whatever calls it after all fails by its name. */
function absent(path: string): string {
  const message = JSON.stringify(`${basename(path)} is not part of this build`)
  return `module.exports = new Proxy(function () {}, { get() { return () => { throw new Error(${message}) } } })`
}

/** A file of a package with parts of it changed. The build fails where the package is not what is expected here. */
async function changed(
  path: string,
  ...changes: readonly [part: string | RegExp, by: string][]
): Promise<{ contents: string; loader: 'js' }> {
  let contents = await readFile(path, 'utf8')
  for (const [part, by] of changes) {
    const next = contents.replaceAll(part, by)
    if (next === contents) throw new Error(`${path} does not hold ${part} as expected`)
    contents = next
  }
  return { contents, loader: 'js' }
}

const ASSERT = `module.exports = function assert(holds, message) {
  if (!holds) throw message instanceof Error ? message : new Error(message ?? 'an assertion of undici does not hold')
}`

/** What undici takes of `node:http` unless it is told: how many bytes of headers to read, which ours always says; and a class of what others sent it. */
const HTTP = 'module.exports = { maxHeaderSize: 16384, IncomingMessage: class IncomingMessage {} }'

/** The numbers of its parser that undici asks for, of a table of everything that HTTP has ever defined. */
async function parserNumbers(path: string): Promise<string> {
  const { default: constants } = (await import(pathToFileURL(path).href)) as { default: Readonly<Record<string, unknown>> }
  return `module.exports = ${JSON.stringify({ ERROR: constants.ERROR, TYPE: constants.TYPE })}`
}

/**
 * Leaves out of undici what HTTP/1.1 through `Agent` never calls: HTTP/2, the web APIs, a second copy of its parser, and the server and
 * client of Node. They cost half of the time that a network command needs to start.
 */
export const slimUndici: Plugin = {
  name: 'slim-undici',
  setup(build) {
    // `node:assert` compares and paints differences, and asks standard error for its colours; undici asks whether something holds.
    build.onResolve({ filter: /^node:(?:assert|http)$/ }, ({ importer, path }) =>
      /[\\/]undici[\\/]/.test(importer) ? { path, namespace: 'slim-undici' } : undefined,
    )
    build.onLoad({ filter: /./, namespace: 'slim-undici' }, ({ path }) => ({
      contents: path === 'node:http' ? HTTP : ASSERT,
      loader: 'js',
    }))
    // One parser of two: this one runs on every processor, the other needs vector instructions.
    build.onResolve({ filter: /llhttp_simd-wasm\.js$/ }, ({ path, resolveDir, kind }) =>
      build.resolve(path.replace('llhttp_simd-wasm', 'llhttp-wasm'), { resolveDir, kind }),
    )
    build.onLoad({ filter: /undici[\\/]lib[\\/]llhttp[\\/]constants\.js$/ }, async ({ path }) => ({
      contents: await parserNumbers(path),
      loader: 'js',
    }))
    // The clock of the web, which Node loads with its measurements when it is first looked at, tells how long a connection was idle.
    build.onLoad({ filter: /undici[\\/]lib[\\/]dispatcher[\\/]client-h1\.js$/ }, ({ path }) =>
      changed(path, ['performance.now()', '(process.uptime() * 1000)']),
    )
    // A tree of all known names of headers finds one in small letters, which to write them small does as well; to grow it takes longer than the rest.
    build.onLoad({ filter: /undici[\\/]lib[\\/]core[\\/]tree\.js$/ }, () => ({
      contents: 'module.exports = { tree: { lookup: () => null } }',
      loader: 'js',
    }))
    build.onLoad({ filter: /undici[\\/]lib[\\/](?:dispatcher[\\/]client-h2|web[\\/].*)\.js$/ }, ({ path }) => ({
      contents: absent(path),
      loader: 'js',
    }))
  },
}

/** The method of commander that runs a command which is a program of its own. */
const RUN_PROGRAM = /^ {2}_executeSubCommand\(subcommand, args\) \{$[\s\S]*?^ {2}\}$/gm

/**
 * Leaves `node:child_process` out of commander, which takes it for commands that are programs of their own; ours are not. It would
 * bring sockets and streams into every start. The names of our values are in ASCII: to know every letter there is takes half a millisecond.
 */
export const slimCommander: Plugin = {
  name: 'slim-commander',
  setup(build) {
    build.onLoad({ filter: /commander[\\/]lib[\\/]command\.js$/ }, ({ path }) =>
      changed(path, ["import childProcess from 'node:child_process';", ''], [RUN_PROGRAM, '']),
    )
    build.onLoad({ filter: /commander[\\/]lib[\\/]option\.js$/ }, ({ path }) =>
      changed(path, ['/\\p{ID_Continue}\\.\\.\\.[>\\]]$/u', '/\\w\\.\\.\\.[>\\]]$/']),
    )
  },
}

/** Leaves out of the prompts the one that opens an editor, with its tables of every character set: half a megabyte. */
export const slimPrompts: Plugin = {
  name: 'slim-prompts',
  setup(build) {
    build.onLoad({ filter: /@inquirer[\\/]external-editor[\\/].*\.js$/ }, ({ path }) => ({ contents: absent(path), loader: 'js' }))
  },
}

/** What is used of the files of age's packages that are left out, by the ends of their paths. */
const AGE_LEAVES_OUT: Readonly<Record<string, readonly string[]>> = {
  '@noble/curves/nist.js': ['p256'],
  '@noble/post-quantum/hybrid.js': ['MLKEM768P256', 'MLKEM768X25519'],
  '@noble/hashes/scrypt.js': ['scrypt'],
  'age-encryption/dist/webauthn.js': [],
}
/** Where the multiplication on Curve25519 begins (RFC 7748 section 4.1): all that is used of a package that can do it without the system. */
const CURVE = 'export const x25519 = { GuBytes: Uint8Array.of(9, ...new Uint8Array(31)) }'

/**
 * Leaves out of age what X25519 recipients and passphrases never call: post-quantum and passkey recipients, and curves and scrypt in
 * JavaScript, which Node has by itself. They are two thirds of it.
 */
export const slimAge: Plugin = {
  name: 'slim-age',
  setup(build) {
    build.onLoad({ filter: /(?:@noble|age-encryption)[\\/].*\.js$/ }, ({ path }) => {
      const file = path.replaceAll('\\', '/')
      if (file.endsWith('@noble/curves/ed25519.js')) return { contents: CURVE, loader: 'js' }
      const [, names] = Object.entries(AGE_LEAVES_OUT).find(([end]) => file.endsWith(end)) ?? []
      if (names === undefined) return undefined
      const gone = `() => { throw new Error(${JSON.stringify(`${basename(path)} is not part of this build`)}) }`
      const parts = names.map((name) => `export const ${name} = new Proxy(function () {}, { get: ${gone}, apply: ${gone} })`)
      return { contents: parts.join('\n'), loader: 'js' }
    })
  },
}

/** Finds the directory `lib` of the installed package as `require.resolve` does, without the reading of its package.json. */
const FIND_LIB = `
function installedLib() {
  for (let at = __dirname; ; at = path.dirname(at)) {
    const lib = path.join(at, 'node_modules', 'better-sqlite3', 'lib');
    if (fs.existsSync(lib)) return lib;
    if (path.dirname(at) === at) return path.dirname(require.resolve('better-sqlite3'));
  }
}
// As \`require\` does it, which looks longer for what is known to be there.
function opened(filename) {
  const module = { exports: {} };
  process.dlopen(module, filename);
  return module.exports;
}
`

/**
 * Bundles the JavaScript of better-sqlite3, whose ten files cost a start twice what the library itself does. Its binary stays in the
 * installed package, and is chosen there by the package's own rules.
 */
export const bundledSqlite: Plugin = {
  name: 'bundled-sqlite',
  setup(build) {
    build.onLoad({ filter: /better-sqlite3[\\/]lib[\\/]binding\.js$/ }, async ({ path }) => {
      const { contents, loader } = await changed(
        path,
        ['__dirname', 'installedLib()'],
        ['require(getPrebuildPath() || filename)', 'opened(getPrebuildPath() || filename)'],
      )
      return { contents: contents + FIND_LIB, loader }
    })
    build.onLoad({ filter: /better-sqlite3[\\/]lib[\\/]methods[\\/](?:aggregate|table)\.js$/ }, ({ path }) => ({
      contents: absent(path),
      loader: 'js',
    }))
  },
}
