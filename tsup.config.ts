import { defineConfig } from 'tsup'
import { chunksToCommonJs, fewChunks } from './.tsup/chunks.ts'
import { packs } from './.tsup/packs.ts'
import { bundledSqlite, slimAge, slimCommander, slimPrompts, slimUndici } from './.tsup/slim.ts'

/** Files that every run of a kind asks for: see `packs`. */
const started = ['src/start.ts', 'src/main.ts']
const opened = ['src/vault/vault.ts', 'src/commands/key-sources.ts', 'src/vault/unlock.ts']
const tested = ['src/commands/network.ts', 'src/chatwoot/connection-test.ts']

const together = packs({
  command: 'start.cjs',
  library: 'index.cjs',
  small: ['better-sqlite3'],
  frequent: [
    { entries: started, weight: 10 },
    { entries: [...started, 'src/commands/list.ts', 'src/vault/vault.ts', 'src/terminal/views/list.ts'], weight: 1 },
    { entries: [...started, 'src/commands/show.ts', ...opened, 'src/terminal/views/show.ts'], weight: 1 },
    { entries: [...started, 'src/commands/add.ts', ...opened, 'src/terminal/views/changed.ts'], weight: 1 },
    {
      entries: [...started, 'src/commands/test.ts', ...opened, ...tested, 'src/providers/custom-answer.ts', 'src/terminal/views/test.ts'],
      weight: 1,
    },
    {
      entries: [
        ...started,
        'src/commands/demo-create.ts',
        ...opened,
        'src/vault/profile-demos.ts',
        ...tested,
        'src/terminal/views/demo-create.ts',
      ],
      weight: 1,
    },
    { entries: ['src/index.ts', 'src/vault/vault.ts', 'src/vault/unlock.ts'], weight: 0.3 },
  ],
})

export default defineConfig([
  {
    // The command and the library share their chunks.
    entry: { start: 'src/start.ts', index: 'src/index.ts' },
    format: ['esm'],
    // Turns every import() into a chunk of its own, so that a command loads what it uses.
    splitting: true,
    minify: true,
    target: 'node22',
    platform: 'node',
    removeNodeProtocol: false,
    outExtension: () => ({ js: '.cjs' }),
    // Everything is bundled but the binary of better-sqlite3, for which its package stays a dependency.
    noExternal: [/./],
    // Drops undici's experimental parser, which is chosen by this test.
    define: { esbuildDetection: 'true' },
    plugins: [chunksToCommonJs, together.writer],
    esbuildPlugins: [slimCommander, slimPrompts, slimUndici, slimAge, bundledSqlite, fewChunks(started, 'src/index.ts'), together.listener],
    dts: { entry: { index: 'src/index.ts' } },
    clean: true,
  },
])
