import { defineConfig, type Options } from 'tsup'
import { builtInsByCall, chunksToCommonJs, fewChunks } from './.tsup/chunks.ts'
import { bundledSqlite, slimAge, slimCommander, slimPrompts, slimUndici } from './.tsup/slim.ts'

const shared: Options = {
  format: ['esm'],
  // Turns every import() into a chunk of its own, so that a command loads what it uses.
  splitting: true,
  minify: true,
  target: 'node22',
  platform: 'node',
  removeNodeProtocol: false,
  // Everything is bundled but the binary of better-sqlite3, for which its package stays a dependency.
  noExternal: [/./],
  // Drops undici's experimental parser, which is chosen by this test.
  define: { esbuildDetection: 'true' },
}

export default defineConfig([
  {
    ...shared,
    entry: { main: 'src/main.ts' },
    outDir: 'dist/cli',
    outExtension: () => ({ js: '.cjs' }),
    plugins: [chunksToCommonJs],
    esbuildPlugins: [slimCommander, slimPrompts, slimUndici, slimAge, bundledSqlite, fewChunks('src/main.ts')],
    clean: true,
  },
  {
    ...shared,
    entry: { index: 'src/index.ts' },
    outDir: 'dist',
    plugins: [builtInsByCall],
    esbuildPlugins: [slimUndici, bundledSqlite, fewChunks('src/index.ts')],
    // Bundled CommonJS packages ask for built-ins by require, and for their own place by name.
    banner: {
      js: "const require = process.getBuiltinModule('node:module').createRequire(import.meta.url), __dirname = import.meta.dirname;",
    },
    dts: true,
    clean: ['!cli', '!cli/**'],
  },
])
