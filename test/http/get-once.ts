// Run as a program: sends one GET to the address in argv, reads the answer as JSON when it says so, and prints how that went and the
// most memory the process used, as JSON.
import { CrmError } from '../../src/core/errors.ts'
import type { HttpResponse } from '../../src/core/ports.ts'
import { readJson } from '../../src/core/read-json.ts'
import { createHttp } from '../../src/http/http.ts'

function read(response: HttpResponse): { readonly status: number } {
  if (response.headers['content-type'] !== undefined) readJson(response, { what: 'the answer' })
  return { status: response.status }
}

const [address = '', headersMs = '15000'] = process.argv.slice(2)
const http = createHttp({ clock: Date.now, deadlines: { headersMs: Number(headersMs) } })
const url = new URL(address)
const outcome = await http
  .request({ method: 'GET', url, origin: url.origin, tries: 1 })
  .then(read)
  .catch((error: unknown) =>
    error instanceof CrmError ? { code: error.code, message: error.message } : { code: 'unknown', message: String(error) },
  )
await http.close()
process.stdout.write(JSON.stringify({ ...outcome, peakBytes: process.resourceUsage().maxRSS * 1_024 }))
