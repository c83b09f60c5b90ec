import { createInterface } from 'node:readline'
import { createHttp } from '../../../src/http/http.ts'
import { startSandbox } from '../../../src/sandbox/sandbox.ts'

/**
 * A sandbox whose answers take `<milliseconds>`. Prints its address, account and token as a line of JSON; each line on standard input
 * is answered with the round trips on the critical path since the one before; `requests` with how many there were.
 */
const [, , latency = '0'] = process.argv
const http = createHttp({ clock: Date.now })
const sandbox = await startSandbox({ http: http.request, clock: Date.now, latencyMs: Number(latency) })
const [account] = sandbox.accounts
process.stdout.write(`${JSON.stringify({ url: sandbox.url, accountId: String(account?.id), token: sandbox.administratorToken })}\n`)
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'requests') {
    const asked = { total: sandbox.requests.length, writes: sandbox.requests.filter(({ write }) => write).length }
    sandbox.forgetRequests()
    process.stdout.write(`${JSON.stringify(asked)}\n`)
    continue
  }
  const rounds = Math.max(0, ...sandbox.requests.map((request) => request.round))
  sandbox.forgetRequests()
  process.stdout.write(`${rounds}\n`)
}
await sandbox.close()
await http.close()
