import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { type Plugin as EsbuildPlugin, transform } from 'esbuild'
import { defineConfig, type Options } from 'tsup'

/** better-sqlite3 brings its own binary and stays a dependency; everything else is bundled. */
const external = ['better-sqlite3']

type Plugin = NonNullable<Options['plugins']>[number]

/**
 * Turns the split ESM chunks of the command into CommonJS: importing a built-in from ESM reads every getter it exports, which
 * costs a start-up tens of milliseconds. esbuild splits ESM only, so each chunk is converted after it was made.
 */
const chunksToCommonJs: Plugin = {
  name: 'chunks-to-commonjs',
  async renderChunk(code) {
    const converted = await transform(code, {
      format: 'cjs',
      platform: 'node',
      target: 'node22',
      minify: true,
      // `import()` of a chunk becomes a `require` at that place, and stays lazy.
      supported: { 'dynamic-import': false },
    })
    return { code: converted.code }
  },
}

/**
 * Leaves out of undici what HTTP/1.1 through `Agent` never calls: HTTP/2 and the web APIs. They cost a third of the time that a
 * network command needs to start. Whatever calls them after all fails by name.
 */
const slimUndici: EsbuildPlugin = {
  name: 'slim-undici',
  setup(build) {
    build.onLoad({ filter: /undici[\\/]lib[\\/](?:dispatcher[\\/]client-h2|web[\\/].*)\.js$/ }, ({ path }) => ({
      contents: `module.exports = new Proxy(function () {}, { get() { return () => { throw new Error(${JSON.stringify(basename(path))} + ' is not part of this build') } } })`,
      loader: 'js',
    }))
  },
}

/**
 * Leaves `node:child_process` out of commander, which takes it for commands that are programs of their own; ours are not. It would
 * bring sockets and streams into every start.
 */
const slimCommander: EsbuildPlugin = {
  name: 'slim-commander',
  setup(build) {
    const statement = "import childProcess from 'node:child_process';"
    build.onLoad({ filter: /commander[\\/]lib[\\/]command\.js$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8')
      if (!source.includes(statement)) throw new Error(`${path} does not import node:child_process as expected`)
      return { contents: source.replace(statement, 'const childProcess = undefined;'), loader: 'js' }
    })
  },
}

export default defineConfig([
  {
    entry: { main: 'src/main.ts' },
    outDir: 'dist/cli',
    format: ['esm'],
    // Turns every import() into a chunk of its own, so that a command loads what it uses.
    splitting: true,
    minify: true,
    target: 'node22',
    platform: 'node',
    removeNodeProtocol: false,
    noExternal: [/^(?!better-sqlite3)/],
    external,
    outExtension: () => ({ js: '.cjs' }),
    plugins: [chunksToCommonJs],
    esbuildPlugins: [slimCommander, slimUndici],
    // Drops undici's experimental parser, which is chosen by this test.
    define: { esbuildDetection: 'true' },
    clean: true,
  },
  {
    entry: { index: 'src/index.ts' },
    outDir: 'dist',
    format: ['esm'],
    target: 'node22',
    platform: 'node',
    removeNodeProtocol: false,
    noExternal: [/^(?!better-sqlite3)/],
    external,
    esbuildPlugins: [slimUndici],
    define: { esbuildDetection: 'true' },
    // Bundled CommonJS packages ask for built-ins by require.
    banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
    dts: true,
  },
])
