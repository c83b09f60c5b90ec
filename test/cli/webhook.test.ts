import { createHmac } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { BOT_SECRET, capturedRequest } from '../support/captured.ts'
import { closeAtEnd, emptyHome, type RunOptions, run, start, succeed, until } from '../support/cli.ts'

const env = { BOT_SECRET }
const BODY = '{"event":"message_created","message_type":"incoming","conversation":{"id":7},"content":"ä \\u001b[2J"}'

function verify(request: string, words: readonly string[] = [], options: RunOptions = {}) {
  return run(['webhook', 'verify', '--request', '-', '--secret-env', 'BOT_SECRET', '--json', ...words], { env, input: request, ...options })
}

describe('crm webhook verify', () => {
  test('an old delivery with a good signature passes, unless its age counts', async () => {
    const document = JSON.parse(succeed(await verify(capturedRequest())).stdout)
    expect(document.data).toMatchObject({ signature: 'stale', signedAt: '2026-06-17T12:00:00.000Z' })
    const { status, stdout } = await verify(capturedRequest(), ['--max-age', '5m'])
    expect([status, JSON.parse(stdout).error.code]).toEqual([10, 'checks_failed'])
    const fresh = capturedRequest(BODY, Math.floor(Date.now() / 1_000))
    expect(JSON.parse(succeed(await verify(fresh, ['--max-age', '5m'])).stdout).data.signature).toBe('valid')
  })

  test.each<[string, (text: string) => string, string]>([
    ['a changed body', (text) => `${text} `, 'invalid'],
    ['a changed time', (text) => text.replace('1781697600', '1781697601'), 'invalid'],
    ['another scheme', (text) => text.replace('sha256=', 'sha1='), 'invalid'],
    ['no signature', (text) => text.replace(/X-Chatwoot-(?:Signature|Timestamp).*\r\n/g, ''), 'missing'],
  ])('%s does not pass', async (_what, change, signature) => {
    const { status, stdout } = await verify(change(capturedRequest()))
    expect([status, JSON.parse(stdout).data.signature]).toEqual([10, signature])
  })

  test.each(['999999999999', '999999999999999', '253402300800'])('a time of %s seconds is no date, and tells nothing', async (seconds) => {
    const request = capturedRequest(BODY, Number(seconds))
    expect(JSON.parse(succeed(await verify(request)).stdout).data).toEqual({ signature: 'stale', signedAt: null, ageMs: null })
    const { status, stdout } = await verify(request, ['--max-age', '5m'])
    expect([status, JSON.parse(stdout).error.message]).toEqual([10, expect.stringContaining('ahead of the clock')])
  })

  test('the marks that curl -v puts before headers, and bare line feeds, are understood', async () => {
    const [head = '', body = ''] = capturedRequest().split('\r\n\r\n')
    const asCurl = `${head
      .split('\r\n')
      .map((line) => `> ${line}`)
      .join('\n')}\n> \n${body}`
    expect(JSON.parse(succeed(await verify(asCurl)).stdout).data.signature).toBe('stale')
  })

  test('the parts can be given alone; secrets come from files and standard input as well', async () => {
    const home = emptyHome()
    writeFileSync(join(home.path, 'body'), BODY)
    const signature = `sha256=${createHmac('sha256', BOT_SECRET).update(`1781697600.${BODY}`).digest('hex')}`
    const words = ['webhook', 'verify', '--body', 'body', '--signature', signature, '--timestamp', '1781697600', '--secret-stdin']
    succeed(await run(words, { home, input: `${BOT_SECRET}\n` }))
    expect(await run(words, { home, input: 'another' })).toMatchObject({ status: 10 })
    const untimed = words.filter((word) => word !== '--timestamp' && word !== '1781697600')
    for (const [argv, what] of [
      [untimed, 'is missing'],
      [[...untimed, '--timestamp', 'abc'], 'is no number of seconds'],
    ] as const) {
      const { stderr } = await run([...argv], { home, input: BOT_SECRET })
      expect(stderr).toContain(`X-Chatwoot-Timestamp ${what}`)
    }
  })

  test.each([
    [['--secret', BOT_SECRET], /does not take a secret on the command line/],
    [['--request', 'a', '--body', 'b', '--secret-env', 'BOT_SECRET'], /--request <file>, or its parts/],
    [['--request', 'a'], /the secret is missing/],
    [
      ['--request', '-', '--secret-stdin'],
      /only one value can be read from standard input, not 2\n {2}cause: given: --secret-stdin, --request -/,
    ],
    [['--body', '-', '--secret-stdin'], /given: --secret-stdin, --body -/],
    [['--request', 'nope', '--secret-env', 'BOT_SECRET'], /there is no file for --request at nope/],
  ])('%j is status 2 and does not repeat a secret', async (words, message) => {
    const { status, stdout, stderr } = await run(['webhook', 'verify', ...words], { env, input: BOT_SECRET })
    expect([status, stderr]).toEqual([2, expect.stringMatching(message)])
    expect(stdout + stderr).not.toContain(BOT_SECRET)
  })
})

/** Where deliveries go on to: keeps what arrives, and answers with a status. */
async function openTarget(status: number) {
  const received: { readonly headers: Record<string, unknown>; readonly body: string }[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      received.push({ headers: request.headers, body })
      response.writeHead(status).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closeAtEnd(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, received }
}

async function deliver(url: string, secret = BOT_SECRET, body = BODY): Promise<number> {
  const timestamp = String(Math.floor(Date.now() / 1_000))
  const signature = `sha256=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`
  const headers = {
    'content-type': 'application/json',
    'x-chatwoot-timestamp': timestamp,
    'x-chatwoot-signature': signature,
    cookie: 'not passed on',
  }
  return (await fetch(url, { method: 'POST', headers, body })).status
}

async function listening(words: readonly string[]) {
  const running = start(['webhook', 'listen', '--secret-env', 'BOT_SECRET', ...words], { env })
  await until(running, () => running.printed().stderr.includes('listening on'))
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(running.printed().stderr)?.[0] ?? ''
  return { running, url }
}

describe('crm webhook listen', () => {
  test('shows each delivery, passes it on as it came, and answers what was answered there', async () => {
    const target = await openTarget(418)
    const { running, url } = await listening(['--forward-to', target.url, '--count', '2'])
    expect(await deliver(`${url}/any/path`)).toBe(418)
    expect(await deliver(url, 'another secret')).toBe(418)
    const { status, stdout } = await running.ended
    expect(status).toBe(0)
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.replace(/^\S* *\S+Z {2}/, '')),
    ).toEqual([
      expect.stringMatching(/message_created \(incoming, conversation 7\) {2}signature valid {2}\S+ 418$/),
      expect.stringMatching(/message_created \(incoming, conversation 7\) {2}signature invalid {2}\S+ 418$/),
    ])
    expect(target.received.map(({ body }) => body)).toEqual([BODY, BODY])
    expect(target.received[0]?.headers['x-chatwoot-signature']).toMatch(/^sha256=/)
    expect(target.received[0]?.headers.cookie).toBeUndefined()
  })

  test('where nobody answers, Chatwoot is told so; Ctrl-C ends it well', async () => {
    const { running, url } = await listening(['--forward-to', 'http://127.0.0.1:9/'])
    expect(await deliver(url)).toBe(502)
    expect((await fetch(url)).status).toBe(405)
    running.process.kill('SIGINT')
    expect(await running.ended).toMatchObject({ status: 0, stdout: expect.stringContaining('no answer') })
  })

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s before --count was reached is no success', async (signal) => {
    const { running, url } = await listening(['--count', '2'])
    expect(await deliver(url)).toBe(200)
    running.process.kill(signal)
    const { status, stdout } = await running.ended
    expect([status, stdout]).toEqual([{ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }[signal], expect.stringContaining('message_created')])
  })

  test('--timeout ends it: well, unless --count was not reached', async () => {
    const counted = await run(['webhook', 'listen', '--count', '1', '--timeout', '200ms', '--json'])
    expect([counted.status, JSON.parse(counted.stdout).error]).toMatchObject([
      8,
      { code: 'unreachable', message: '0 of 1 deliveries came in the time of --timeout' },
    ])
    expect(JSON.parse(succeed(await run(['webhook', 'listen', '--timeout', '200ms', '--json'])).stdout).data.deliveries).toEqual([])
  })

  test('a delivery of more than 1 MiB is refused', async () => {
    const { running, url } = await listening([])
    expect(await deliver(url, BOT_SECRET, 'x'.repeat(1_048_577))).toBe(413)
    running.process.kill('SIGTERM')
    expect((await running.ended).status).toBe(0)
  })

  test('a port in use is a conflict', async () => {
    const { running, url } = await listening([])
    expect((await run(['webhook', 'listen', '--port', new URL(url).port])).status).toBe(11)
    running.process.kill('SIGINT')
    await running.ended
  })
})
