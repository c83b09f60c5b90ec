import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build as bundle } from 'esbuild'
import { build } from 'tsup'
import bundles from '../../tsup.config.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** Below node_modules, so that the build finds its one dependency, and away from the dist/ that a person may be rewriting. */
const BUILDS = join(ROOT, 'node_modules/.cache/crm-bench')
/** What `npm pack` takes from the checkout besides `dist`: named by `files`, or taken always. */
const PACKED = ['bin', 'package.json', 'README.md', 'LICENSE', 'CHANGELOG.md']
/** Bundled CommonJS packages ask for built-ins by require. */
const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"

/** The package as it would be published, built into a directory of its own. */
export interface BuiltPackage {
  readonly directory: string
  /** The command's script. */
  readonly command: string
  /** The library's entry. */
  readonly library: string
  /** The sandbox as a program of the benchmark; not part of the package. */
  readonly sandboxProgram: string
  remove(): void
}

/** Builds the package with its types, and the program that needs its source. Takes a few seconds. */
export async function buildPackage(): Promise<BuiltPackage> {
  mkdirSync(BUILDS, { recursive: true })
  const place = mkdtempSync(join(BUILDS, 'build-'))
  const directory = join(place, 'package')
  const sandboxProgram = join(place, 'sandbox.mjs')
  const configurations = bundles as readonly NonNullable<Parameters<typeof build>[0]>[]
  await Promise.all([
    ...configurations.map((one) =>
      build({ ...one, config: false, silent: true, clean: false, outDir: join(directory, one.outDir ?? 'dist') }),
    ),
    bundle({
      entryPoints: [join(ROOT, 'test/bench/programs/sandbox.ts')],
      outfile: sandboxProgram,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node22',
      banner: { js: REQUIRE },
    }),
  ])
  for (const name of PACKED) if (existsSync(join(ROOT, name))) cpSync(join(ROOT, name), join(directory, name), { recursive: true })
  return {
    directory,
    command: join(directory, 'bin/crm.js'),
    library: join(directory, 'dist/index.js'),
    sandboxProgram,
    remove: () => rmSync(place, { recursive: true }),
  }
}
