/** What `npm ci` does with the lockfile: it needs the registry, and nothing else. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

interface Locked {
  readonly resolved?: string
  /** Whether npm may compile; it goes by this alone, and does not read that of the package (https://github.com/npm/cli/pull/9859). */
  readonly gypfile?: boolean
}

const lockfile = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { readonly packages: Readonly<Record<string, Locked>> }
const packages = Object.entries(lockfile.packages)

test('no package is compiled when it is installed, which takes a compiler, Python and headers from elsewhere', () => {
  const native = packages.filter(([place]) => existsSync(join(place, 'binding.gyp')))
  expect(native.map(([place]) => place)).toContain('node_modules/better-sqlite3')
  expect(native.filter(([, { gypfile }]) => gypfile !== false).map(([place]) => place)).toEqual([])
})

test('no address of a download is recorded', () => {
  expect(packages.filter(([, { resolved }]) => resolved !== undefined).map(([place]) => place)).toEqual([])
})
