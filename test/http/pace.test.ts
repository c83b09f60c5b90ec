import { expect, test } from 'vitest'
import type { CrmError } from '../../src/core/errors.ts'
import type { HttpResponse } from '../../src/core/ports.ts'
import { withDeadline } from '../../src/http/deadline.ts'
import { createHttp } from '../../src/http/http.ts'
import { paced } from '../../src/http/pace.ts'
import { answering, type Canned } from '../providers/answering-server.ts'

/** Asks a server that answers so, one after the other, with so much time. */
async function asked(answers: readonly (Canned | undefined)[], timeMs: number): Promise<HttpResponse> {
  let next = 0
  const server = await answering(() => answers[next++])
  const client = createHttp({ clock: Date.now, retryBaseMs: 1 })
  const deadlineMs = Date.now() + timeMs
  const pace = { clock: Date.now, concurrency: 4, perMinute: 100, deadlineMs, pauseBaseMs: 10 }
  try {
    const url = new URL('/', server.origin)
    return await paced(withDeadline(client.request, Date.now, deadlineMs), pace)({ method: 'GET', url, origin: url.origin, tries: 1 })
  } finally {
    await client.close()
    await server.close()
  }
}

test('a limit that is waited out until the time is over is what is told, not that the last try was cut off', async () => {
  // Long enough for the first answer to come on any machine.
  expect((await asked([{ status: 429 }, undefined], 3_000)).status).toBe(429)
})

test('a server that hangs without ever having named a limit is told as one', async () => {
  await expect(asked([undefined], 400)).rejects.toMatchObject({ code: 'unreachable' } satisfies Partial<CrmError>)
})

test('a limit that ends in time is no failure', async () => {
  expect((await asked([{ status: 429 }, { status: 200, body: {} }], 30_000)).status).toBe(200)
})
