import { defineConfig } from 'tsup'

/** better-sqlite3 brings its own binary and stays a dependency; everything else is bundled. */
const external = ['better-sqlite3']

export default defineConfig([
  {
    entry: { main: 'src/main.ts' },
    outDir: 'dist/cli',
    format: ['cjs'],
    // Turns every import() into a chunk of its own, so that a command loads what it uses.
    splitting: true,
    minify: true,
    target: 'node22',
    platform: 'node',
    removeNodeProtocol: false,
    noExternal: [/.*/],
    external,
    outExtension: () => ({ js: '.cjs' }),
    clean: true,
  },
  {
    entry: { index: 'src/index.ts' },
    outDir: 'dist',
    format: ['esm'],
    target: 'node22',
    platform: 'node',
    removeNodeProtocol: false,
    noExternal: [/.*/],
    external,
    dts: true,
  },
])
