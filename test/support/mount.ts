import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import type { TestContext } from 'vitest'

/**
 * Mounts a file system in memory at a new directory, and takes it away when the test ends; where this user may not mount, the test
 * is skipped, loudly.
 * @param size as `mount` reads it: `1m`.
 * @returns what makes it read-only.
 */
export function mountMemory(context: TestContext, place: string, size: string): { makeReadOnly(): void } {
  mkdirSync(place, { mode: 0o700 })
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=700`, 'tmpfs', place], { stdio: 'ignore' })
  } catch {
    console.warn(`SKIPPED "${context.task.name}": this user may not mount a file system`)
    context.skip('this user may not mount a file system')
  }
  context.onTestFinished(() => {
    execFileSync('umount', [place])
  })
  return { makeReadOnly: () => execFileSync('mount', ['-o', 'remount,ro', place]) }
}
