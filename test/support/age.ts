import { execFileSync } from 'node:child_process'
import type { TestContext } from 'vitest'
import { isInstalled } from '../docs/reader.ts'

/** Skips a test, loudly, where the `age` command is not there. */
export function requireAge(context: TestContext): void {
  if (isInstalled('age') && isInstalled('age-keygen')) return
  console.warn(`SKIPPED "${context.task.name}": age is not on this machine`)
  context.skip('age is not on this machine')
}

/** A key pair as `age-keygen` makes it: the identity file, and the recipient that belongs to it. */
export function newAgeKeys(file: string): { readonly file: string; readonly recipient: string } {
  execFileSync('age-keygen', ['-o', file], { stdio: 'pipe' })
  return { file, recipient: execFileSync('age-keygen', ['-y', file], { encoding: 'utf8' }).trim() }
}
