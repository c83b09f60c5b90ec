import { defineConfig, type Options } from 'tsup'
import { builtInsByCall, chunksToCommonJs, fewChunks } from './.tsup/chunks.ts'
import { packs } from './.tsup/packs.ts'
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

/** Files that every run of a kind asks for: see `packs`. */
const opened = ['src/vault/vault.ts', 'src/commands/key-sources.ts', 'src/vault/unlock.ts']
const tested = ['src/http/http.ts', 'src/http/proxy-rules.ts', 'src/chatwoot/connection-test.ts']

const commandPacks = packs('main.cjs', [
  { entries: ['src/main.ts'], weight: 10 },
  { entries: ['src/main.ts', 'src/commands/list.ts', 'src/vault/vault.ts', 'src/terminal/views/list.ts'], weight: 1 },
  { entries: ['src/main.ts', 'src/commands/show.ts', ...opened, 'src/terminal/views/show.ts'], weight: 1 },
  { entries: ['src/main.ts', 'src/commands/add.ts', ...opened, 'src/terminal/views/changed.ts'], weight: 1 },
  {
    entries: ['src/main.ts', 'src/commands/test.ts', ...opened, ...tested, 'src/providers/custom-answer.ts', 'src/terminal/views/test.ts'],
    weight: 1,
  },
  { entries: ['src/main.ts', 'src/commands/demo-create.ts', ...opened, ...tested, 'src/terminal/views/demo-create.ts'], weight: 1 },
])

export default defineConfig([
  {
    ...shared,
    entry: { main: 'src/main.ts' },
    outDir: 'dist/cli',
    outExtension: () => ({ js: '.cjs' }),
    plugins: [chunksToCommonJs, commandPacks.writer],
    esbuildPlugins: [slimCommander, slimPrompts, slimUndici, slimAge, bundledSqlite, fewChunks('src/main.ts'), commandPacks.listener],
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
