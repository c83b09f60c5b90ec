import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { TestContext } from 'vitest'

/** Published test data and vendor contracts, which lie beside the checkout and are never copied into it. */
const SHARED = new URL('../../../shared/', import.meta.url)

/** Reads a file of the shared folder; where it is missing the test is skipped, loudly. */
export function sharedText(context: TestContext, path: string): string {
  const file = fileURLToPath(new URL(path, SHARED))
  if (!existsSync(file)) {
    console.warn(`SKIPPED "${context.task.name}": shared/${path} is not on this machine`)
    context.skip(`shared/${path} is not on this machine`)
  }
  return readFileSync(file, 'utf8')
}
