import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { beforeAll, describe, expect, test } from 'vitest'
import { type ErrorCode, EXIT_STATUS, SIGNAL_STATUS } from '../../src/core/errors.ts'
import type { Sandbox } from '../../src/sandbox/index.ts'
import { makeCertificates } from '../http/certificates.ts'
import { startRaw } from '../http/raw-server.ts'
import {
  addChatwoot,
  closeAtEnd,
  copyOf,
  emptyHome,
  type Home,
  homeWithChatwoot,
  openSandbox,
  type Result,
  run,
  runShell,
  start,
  succeed,
  takesSignals,
} from '../support/cli.ts'

const DEMO = ['demo-create', '--name', 'Acme Dental', '--bot-url', 'https://bot.example.com/hook']

let sandbox: Sandbox
let acme: Home

beforeAll(async () => {
  sandbox = await openSandbox()
  acme = await homeWithChatwoot(sandbox, 'acme')
})

/** `acme`, once more, at a server with these faults. */
async function atFaulty(...faults: string[]): Promise<Home> {
  const home = copyOf(acme)
  const server = await openSandbox({ faults })
  succeed(await addChatwoot(home, server, ['--name', 'faulty', '--no-test']))
  return home
}

/** One way to reach every code of the table; `internal` is a bug, and nobody knows one. */
const WAYS: Readonly<Record<Exclude<ErrorCode, 'internal'>, () => Promise<Result>>> = {
  io_failed: () => runShell('crm list > /dev/full', { home: acme }),
  usage: () => run(['list', '--colour'], { home: acme }),
  locked: () => run(['audit'], { home: acme, env: { INTEGRATION_ENCRYPTION_KEY: undefined } }),
  wrong_key: () => run(['audit'], { home: acme, env: { INTEGRATION_ENCRYPTION_KEY: randomBytes(32).toString('base64') } }),
  damaged: () => {
    const home = copyOf(acme)
    writeFileSync(home.vault, 'this is no vault')
    return run(['list'], { home })
  },
  newer_format: () => {
    const home = copyOf(acme)
    const vault = new DatabaseSync(home.vault)
    vault.exec('PRAGMA user_version = 999')
    vault.close()
    return run(['list'], { home })
  },
  busy: async () => {
    const home = copyOf(acme)
    const other = new DatabaseSync(home.vault)
    other.exec('BEGIN IMMEDIATE')
    try {
      return await run(['toggle', 'acme'], { home })
    } finally {
      other.close()
    }
  },
  unsafe_file: () => {
    const home = copyOf(acme)
    chmodSync(home.vault, 0o644)
    return run(['list'], { home })
  },
  auth_rejected: () => addChatwoot(emptyHome(), sandbox, [], 'not-a-token-of-anybody'),
  permission_denied: async () => {
    const home = copyOf(acme)
    succeed(await addChatwoot(home, sandbox, ['--name', 'agent'], sandbox.agentToken))
    return run([...DEMO, '--integration', 'agent'], { home })
  },
  not_found: () => run(['show', 'nobody'], { home: acme }),
  rate_limited: async () => run(['test', 'faulty'], { home: await atFaulty('* /**:429') }),
  unreachable: async () => run(['test', 'faulty'], { home: await atFaulty('* /**:reset') }),
  provider_error: async () => run(['test', 'faulty'], { home: await atFaulty('* /**:html') }),
  checks_failed: async () => {
    const home = await atFaulty('* /**:500')
    succeed(await addChatwoot(home, sandbox, ['--name', 'refused', '--no-test'], 'not-a-token-of-anybody'))
    return run(['test'], { home })
  },
  partial: async () => run([...DEMO, '--integration', 'faulty'], { home: await atFaulty('POST /set_agent_bot:500', 'DELETE /**:500') }),
  conflict: () => addChatwoot(acme, sandbox, ['--name', 'acme']),
  cancelled: async () => {
    const running = start(['add', 'chatwoot', '--api-key-stdin'], { home: acme, keepOpen: true })
    await takesSignals(running)
    running.process.kill('SIGINT')
    return running.ended
  },
}

describe.concurrent.each(Object.keys(WAYS) as (keyof typeof WAYS)[])('%s', (code) => {
  test(`ends with ${EXIT_STATUS[code]} and says so`, async () => {
    const { status, stderr } = await WAYS[code]()
    expect({ status, stderr }).toEqual({ status: EXIT_STATUS[code], stderr: expect.any(String) })
    if (code === 'cancelled') return
    expect(stderr).toMatch(/^error: .*[^.\n]$/m)
    expect(stderr).toContain(`  code:  ${code} (exit ${EXIT_STATUS[code]})`)
    expect(stderr.slice(stderr.indexOf('error: ')).trimEnd().split('\n').length).toBeLessThanOrEqual(6)
  })

  test('stands in crm help exit-codes', async () => {
    const { stdout } = await run(['help', 'exit-codes'])
    expect(stdout).toMatch(new RegExp(`^ +${EXIT_STATUS[code]}  ${code} `, 'm'))
  })
})

describe('standard output that takes nothing', () => {
  test.concurrent.each([
    'crm list',
    'crm list --json',
    'crm --help',
    'crm --version',
    'crm key generate',
    'crm show acme --reveal apiKey',
    'crm providers chatwoot --json',
  ])('ends %s with 1, once and without a stack', async (line) => {
    const { status, stderr } = await runShell(`${line} > /dev/full`, { home: acme })
    expect(status).toBe(1)
    expect(stderr).not.toMatch(/^ +at /m)
    expect(stderr.match(/error:/g)?.length ?? 0).toBeLessThanOrEqual(1)
  })

  test('ends nothing when the reader has gone', async () => {
    const { status, stderr } = await runShell('set -o pipefail; crm help json | head -n 1', { home: acme })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })
})

describe('a place that takes no files', () => {
  test.each([
    ['a path through a file', ['--vault', '/dev/null/vault.db']],
    ['a file system of the kernel', ['--vault', '/sys/crm/vault.db']],
    ['a name that is too long', ['--vault', `/tmp/${'x'.repeat(300)}/vault.db`]],
  ])('ends init with io_failed, naming the path (%s)', async (_what, [flag = '', path = '']) => {
    const { status, stderr } = await run(['init', flag, path])
    expect(status).toBe(EXIT_STATUS.io_failed)
    expect(stderr).toContain('code:  io_failed')
    expect(stderr).toContain(path.split('/').slice(0, 3).join('/'))
  })

  test('ends a change with io_failed when the disk is full, and leaves the vault as it was', async () => {
    const home = copyOf(acme)
    const before = succeed(await run(['list', '--json'], { home })).stdout
    const { status, stderr } = await runShell('ulimit -f 1; crm toggle acme', { home })
    expect(stderr).toContain('code:  io_failed')
    expect(status).toBe(EXIT_STATUS.io_failed)
    expect(succeed(await run(['list', '--json'], { home })).stdout).toBe(before)
    succeed(await run(['vault', 'verify'], { home }))
  })
})

describe('a signal', () => {
  test.each(Object.entries(SIGNAL_STATUS))(
    '%s ends a command that waits for its input with %i, and nothing was written',
    async (signal, expected) => {
      const home = emptyHome()
      const running = start(['add', 'chatwoot', '--account-id', '1', '--api-key-stdin'], { home, keepOpen: true })
      await takesSignals(running)
      running.process.kill(signal as NodeJS.Signals)
      const { status, stdout } = await running.ended
      expect({ status, stdout }).toEqual({ status: expected, stdout: '' })
      expect(existsSync(home.vault)).toBe(false)
    },
  )

  test('that comes twice ends a command at once, whatever it waits for', async () => {
    const hanging = await openSandbox({ faults: ['* /**:hang'] })
    const running = start(['test', 'env:chatwoot'], {
      env: { CHATWOOT_BASE_URL: hanging.url, CHATWOOT_ACCOUNT_ID: '1', CHATWOOT_API_KEY: 'token' },
    })
    await takesSignals(running)
    running.process.kill('SIGTERM')
    running.process.kill('SIGTERM')
    expect((await running.ended).status).toBe(143)
  })
})

describe('a server that speaks something else', () => {
  const answers: readonly (readonly [what: string, answer: string, code: ErrorCode])[] = [
    ['bytes that are not HTTP', 'SSH-2.0-OpenSSH_9.9\r\n', 'provider_error'],
    ['nothing at all', '', 'unreachable'],
    [
      'a redirect to another host',
      'HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/\r\nContent-Length: 0\r\n\r\n',
      'provider_error',
    ],
    ['an empty page', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', 'provider_error'],
    [
      'JSON of another product',
      'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{"product":"xyz"}',
      'provider_error',
    ],
    ['half of JSON', 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n{', 'provider_error'],
  ]

  test.concurrent.each(answers)('is told apart: %s', async (_what, answer, code) => {
    const server = await startRaw((socket) => void socket.end(answer))
    closeAtEnd(() => server.close())
    const { status, stderr } = await run(['test'], {
      env: { CHATWOOT_BASE_URL: server.origin, CHATWOOT_ACCOUNT_ID: '1', CHATWOOT_API_KEY: 'secret-token' },
    })
    expect(stderr).toContain(`code:  ${code} `)
    expect(status).toBe(EXIT_STATUS[code])
    expect(stderr).not.toContain('secret-token')
  })

  test('shows a certificate that nobody trusts is unreachable, and gets no token', async () => {
    const server = await startRaw(() => {}, makeCertificates().selfSigned)
    closeAtEnd(() => server.close())
    const { status, stderr } = await run(['test'], {
      env: { CHATWOOT_BASE_URL: server.origin, CHATWOOT_ACCOUNT_ID: '1', CHATWOOT_API_KEY: 'secret-token' },
    })
    expect(status).toBe(EXIT_STATUS.unreachable)
    expect(stderr).toMatch(/certificate/)
    expect(server.requests).toEqual([])
  })

  test('has no name is unreachable', async () => {
    const { status } = await run(['test', '--timeout', '20s'], {
      env: { CHATWOOT_BASE_URL: 'https://chat.invalid', CHATWOOT_ACCOUNT_ID: '1', CHATWOOT_API_KEY: 'secret-token' },
    })
    expect(status).toBe(EXIT_STATUS.unreachable)
  })

  test('never answers is unreachable once --timeout has passed', async () => {
    const hanging = await openSandbox({ faults: ['* /**:hang'] })
    const { status, stderr } = await run(['test', '--timeout', '1s'], {
      env: { CHATWOOT_BASE_URL: hanging.url, CHATWOOT_ACCOUNT_ID: '1', CHATWOOT_API_KEY: 'token' },
    })
    expect(status).toBe(EXIT_STATUS.unreachable)
    expect(stderr).toMatch(/did not answer in the time that the command has/)
  })
})

test('the longest waits of a retried answer are not waited for', async () => {
  const server = await startRaw(
    (socket) => void socket.end('HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n'),
  )
  closeAtEnd(() => server.close())
  const { status } = await run(['test'], {
    env: { CHATWOOT_BASE_URL: server.origin, CHATWOOT_ACCOUNT_ID: '1', CHATWOOT_API_KEY: 'token' },
  })
  expect(status).toBe(EXIT_STATUS.rate_limited)
})
