import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'vitest'

/** A door to a server through which requests go in groups only. */
export interface Together {
  /** Its own address, to be used in place of the server's. */
  readonly url: string
  /** What went through together, in order: `GET /path`, sorted. A request that belongs to no group stands alone. */
  readonly groups: readonly (readonly string[])[]
}

/**
 * Stands before a server and lets a group of requests through when the last of it is there: whoever waits for the answer of one
 * before sending the next waits in vain. So the round trips of a run are counted, however slow the machine.
 *
 * @param sizes how many requests each group has, in order. Requests after the last group go through one at a time.
 */
export async function together(
  { onTestFinished }: Pick<TestContext, 'onTestFinished'>,
  url: string,
  sizes: readonly number[],
): Promise<Together> {
  const groups: string[][] = []
  let waiting: { readonly request: IncomingMessage; readonly response: ServerResponse }[] = []
  const server = createServer((request, response) => {
    waiting.push({ request, response })
    if (waiting.length < (sizes[groups.length] ?? 1)) return
    groups.push(waiting.map(({ request: { method, url } }) => `${method} ${url?.split('?')[0]}`).sort())
    for (const one of waiting) passOn(one.request, one.response, url)
    waiting = []
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((closed) => server.close(closed))
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, groups }
}

/** Sends a request on as it came, and its answer back. */
function passOn(incoming: IncomingMessage, response: ServerResponse, url: string): void {
  const onward = request(new URL(incoming.url ?? '/', url), { method: incoming.method, headers: incoming.headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(response)
  })
  onward.on('error', () => response.destroy())
  incoming.pipe(onward)
}
