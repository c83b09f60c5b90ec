import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** How the one request of a child process went. */
export interface ChildOutcome {
  readonly status?: number
  readonly code?: string
  readonly message?: string
  readonly peakBytes: number
}

const PROGRAM = fileURLToPath(new URL('get-once.ts', import.meta.url))

/** Sends one GET from a process of its own, whose environment is this one's with `env` added, and reads a JSON answer. */
export function getInChild(address: string, env: Readonly<Record<string, string>> = {}, headersMs = 15_000): Promise<ChildOutcome> {
  const args = ['--experimental-transform-types', '--no-warnings', PROGRAM, address, String(headersMs)]
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { env: { ...process.env, ...env } }, (error, stdout) => {
      if (error === null) resolve(JSON.parse(stdout))
      else reject(error)
    })
  })
}
