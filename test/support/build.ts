import { createHash } from 'node:crypto'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'tsup'
import type { TestProject } from 'vitest/node'
import bundles from '../../tsup.config.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The built command's `bin/crm.js`, with `dist/` beside `bin/`. */
    readonly crmBin: string
  }
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** Below node_modules, so that the build finds its one dependency, and away from the dist/ that a person may be rewriting. */
const BUILDS = join(ROOT, 'node_modules/.cache/crm-test-build')
const SOURCES = ['src', 'bin', '.tsup', 'package.json', 'package-lock.json', 'tsup.config.ts', 'tsconfig.json']
const DAY_MS = 86_400_000

/**
 * Builds the command once for a run of the tests, into a directory named by the digest of what it was made from: runs at the same
 * time share it or have their own, and an unchanged source is not built again.
 */
export default async function setup(project: TestProject): Promise<void> {
  const directory = join(BUILDS, digestOf(SOURCES.flatMap(filesOf)))
  if (!existsSync(directory)) await buildInto(directory)
  project.provide('crmBin', join(directory, 'bin/crm.js'))
}

function filesOf(path: string): string[] {
  if (!statSync(join(ROOT, path)).isDirectory()) return [path]
  return readdirSync(join(ROOT, path))
    .sort()
    .flatMap((name) => filesOf(join(path, name)))
}

function digestOf(files: readonly string[]): string {
  const hash = createHash('sha256')
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(ROOT, file)))
      .update('\0')
  return hash.digest('hex').slice(0, 20)
}

/** Builds beside the directory and moves the result there, so that nobody sees half of it. */
async function buildInto(directory: string): Promise<void> {
  mkdirSync(BUILDS, { recursive: true })
  removeOldBuilds()
  const unfinished = mkdtempSync(join(BUILDS, 'unfinished-'))
  const configurations = bundles as readonly NonNullable<Parameters<typeof build>[0]>[]
  await Promise.all(
    configurations.map((configuration) =>
      build({
        ...configuration,
        config: false,
        silent: true,
        dts: false,
        clean: false,
        outDir: join(unfinished, configuration.outDir ?? 'dist'),
      }),
    ),
  )
  cpSync(join(ROOT, 'bin'), join(unfinished, 'bin'), { recursive: true })
  cpSync(join(ROOT, 'package.json'), join(unfinished, 'package.json'))
  // Some tests run the command as another user.
  chmodSync(unfinished, 0o755)
  try {
    renameSync(unfinished, directory)
  } catch (error) {
    rmSync(unfinished, { recursive: true })
    // Another run finished the same build first.
    if (!existsSync(directory)) throw error
  }
}

/** Removes the builds that no run of today uses. */
function removeOldBuilds(): void {
  for (const name of readdirSync(BUILDS)) {
    const path = join(BUILDS, basename(name))
    if (Date.now() - statSync(path).mtimeMs > DAY_MS) rmSync(path, { recursive: true, force: true })
  }
}
