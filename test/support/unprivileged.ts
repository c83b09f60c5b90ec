import { spawnSync } from 'node:child_process'
import { chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'vitest'
import { CRM, NODE, type Result } from './cli.ts'

/** `nobody`, on every system that the tests run on. */
const NOBODY = 65534

/** A home of a user whom modes keep out, and commands as that user. */
export interface UnprivilegedHome {
  readonly path: string
  run(argv: readonly string[], env?: Readonly<Record<string, string>>): Result
}

/**
 * A home of a user who is not root: this one, or `nobody` where the tests are run by root. Removed when the test ends. Where root cannot
 * become another user, the test is skipped, loudly.
 */
export function unprivilegedHome(context: TestContext, key: string): UnprivilegedHome {
  const isRoot = process.getuid?.() === 0
  const become = isRoot ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] : []
  if (isRoot && spawnSync('setpriv', [...become.slice(1), NODE, CRM, '--version']).status !== 0) {
    console.warn(`SKIPPED "${context.task.name}": root cannot run the command as another user`)
    context.skip('root cannot run the command as another user')
  }
  const path = mkdtempSync(join(tmpdir(), 'crm-unprivileged-'))
  context.onTestFinished(() => {
    if (!isRoot) spawnSync('chmod', ['-R', 'u+rwx', path])
    rmSync(path, { recursive: true, force: true })
  })
  if (isRoot) chownSync(path, NOBODY, NOBODY)
  return {
    path,
    run(argv, env = {}) {
      const [program = '', ...words] = [...become, NODE, CRM, ...argv]
      const { status, stdout, stderr } = spawnSync(program, words, {
        cwd: path,
        env: { PATH: process.env.PATH, HOME: path, INTEGRATION_ENCRYPTION_KEY: key, ...env },
        encoding: 'utf8',
      })
      return { status: status ?? 1, stdout, stderr }
    },
  }
}
