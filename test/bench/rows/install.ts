import { execFileSync } from 'node:child_process'
import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BuiltPackage } from '../build.ts'
import type { Bench } from '../measure.ts'
import type { Row } from '../row.ts'

/** A production install of the package as it would be published. */
interface Install {
  readonly packedBytes: number
  readonly packages: number
  readonly diskBytes: number
}

let installed: Install | undefined

/** Packs the package and installs the archive without development dependencies; once for all rows. Needs npm's registry or its cache. */
function install(bench: Bench, built: BuiltPackage): Install {
  if (installed !== undefined) return installed
  const place = join(bench.directory, 'install')
  mkdirSync(place)
  // The package is built already.
  const [packed] = JSON.parse(npm(built.directory, ['pack', '--ignore-scripts', '--json', '--pack-destination', place])) as [
    { filename: string; size: number },
  ]
  writeFileSync(join(place, 'package.json'), '{"private":true}')
  npm(place, ['install', '--omit=dev', '--no-audit', '--no-fund', '--prefer-offline', join(place, packed.filename)])
  const lock = JSON.parse(readFileSync(join(place, 'node_modules/.package-lock.json'), 'utf8')) as { packages: Record<string, unknown> }
  installed = {
    packedBytes: packed.size,
    packages: Object.keys(lock.packages).length,
    diskBytes: diskUse(join(place, 'node_modules')),
  }
  return installed
}

function npm(cwd: string, words: readonly string[]): string {
  return execFileSync('npm', words, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}

/** Bytes that a directory takes on the disk: whole blocks. */
function diskUse(path: string): number {
  const entry = lstatSync(path)
  const own = entry.blocks * 512
  return entry.isDirectory() ? readdirSync(path).reduce((sum, name) => sum + diskUse(join(path, name)), own) : own
}

const MEGABYTE = 1e6

function row(name: string, what: string, bar: number, of: (install: Install) => number, unit: string): Row {
  return {
    name,
    what: `production install: ${what}`,
    bar,
    async measure(bench, built) {
      return { value: of(install(bench, built)), detail: unit }
    },
  }
}

/** What an installation brings. */
export const rows: readonly Row[] = [
  row('install-packages', 'packages', 5, ({ packages }) => packages, 'packages'),
  row('install-disk', 'on disk', 32, ({ diskBytes }) => diskBytes / MEGABYTE, 'MB'),
  row('install-packed', 'our package, packed', 0.6, ({ packedBytes }) => packedBytes / MEGABYTE, 'MB'),
]
