import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestContext } from 'vitest'
import { isInstalled } from '../docs/reader.ts'

/** Where screenshots are kept after a run. */
export const ARTIFACTS = fileURLToPath(new URL('../../artifacts/', import.meta.url))

const CHROMIUM = 'chromium'
/** No names are resolved: whatever the page loads from elsewhere than loopback fails. */
const FLAGS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--hide-scrollbars', '--force-color-profile=srgb'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'],
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
]

/** Skips a test, loudly, on a machine without the browser; `.ci/run` installs it. */
export function requireBrowser(context: TestContext): void {
  if (isInstalled(CHROMIUM)) return
  console.warn(`SKIPPED "${context.task.name}": ${CHROMIUM} is not on this machine`)
  context.skip(`${CHROMIUM} is not on this machine`)
}

/** How a page is looked at. */
export interface Look {
  readonly width?: number
  readonly height?: number
  readonly dark?: boolean
  /** File name of a picture in {@link ARTIFACTS}. */
  readonly picture?: string
}

/** Opens a page in headless Chromium, lets its scripts run for three seconds of its own time, and returns the document as HTML. */
export async function openPage(url: string, { width = 1200, height = 800, dark, picture }: Look = {}): Promise<string> {
  const profile = mkdtempSync(join(tmpdir(), 'crm-browser-'))
  mkdirSync(ARTIFACTS, { recursive: true })
  try {
    return await run([
      ...FLAGS,
      ...[`--user-data-dir=${profile}`, `--window-size=${width},${height}`, '--virtual-time-budget=3000'],
      ...(dark === true ? ['--blink-settings=preferredColorScheme=0'] : []),
      ...(picture === undefined ? [] : [`--screenshot=${join(ARTIFACTS, picture)}`]),
      ...['--dump-dom', url],
    ])
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
  }
}

function run(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(CHROMIUM, args, { timeout: 45_000, maxBuffer: 16 * 1024 * 1024 }, (error, stdout) => (error ? reject(error) : resolve(stdout)))
  })
}
