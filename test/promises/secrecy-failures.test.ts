/** P01 and P08 where things go wrong: what servers, keys and people say is searched for the secrets that were planted. */
import { randomBytes } from 'node:crypto'
import { readdirSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { emptyHome, type Home, homeWithVault, newDirectory, type RunOptions, run, start, succeed, takesSignals } from '../support/cli.ts'
import { Canaries, LOUD, leaksOf, until, watch } from './canary.ts'
import { ECHOES, startEcho } from './echo.ts'

/** Secrets of integrations of every kind: visible ASCII that every notation escapes in its own way, and more where a field takes it. */
const PLANTED = {
  token: `bearer/"${randomBytes(9).toString('base64url')}\\+%/=`,
  password: `pässword: "${randomBytes(9).toString('base64url')}"\\ 100%`,
  header: `header;"${randomBytes(9).toString('base64url')}'+&`,
  'api key': `query=?&${randomBytes(9).toString('base64url')}#/`,
}

describe('what fails', () => {
  /** An integration of every way to authenticate, all of them at one server. */
  async function plantedHome(url: string): Promise<{ readonly home: Home; readonly canaries: Canaries }> {
    const home = await homeWithVault()
    const custom = { provider: 'custom', baseUrl: url, testPath: '/me', allowPrivateNetwork: true }
    const answers = [
      { ...custom, name: 'bearer', authType: 'bearer', token: PLANTED.token },
      { ...custom, name: 'basic', authType: 'basic', username: 'ann', password: PLANTED.password },
      { ...custom, name: 'headers', authType: 'headers', headers: { 'X-Access': PLANTED.header } },
      { ...custom, name: 'query', authType: 'api-key', apiKeyPlace: 'query', apiKeyName: 'key', apiKey: PLANTED['api key'] },
      { provider: 'chatwoot', name: 'chat', baseUrl: url, accountId: '1', apiKey: PLANTED.token },
    ]
    succeed(await run(['add', '--from', '-', '--no-test'], { home, input: JSON.stringify(answers) }))
    const canaries = new Canaries().plant('the key', home.key).plant('the bytes of the key', Buffer.from(home.key, 'base64'))
    for (const [name, secret] of Object.entries(PLANTED)) canaries.plant(`the ${name}`, secret)
    return { home, canaries }
  }

  test.concurrent('P01 P08 a server that sends back all it was sent finds its way into nothing', async () => {
    const echo = await startEcho()
    const { home, canaries } = await plantedHome(echo.url)
    for (const answer of Object.keys(ECHOES) as (keyof typeof ECHOES)[]) {
      echo.answer = answer
      for (const format of LOUD) {
        const watched = await watch(['test', '--fresh', '--timeout', '4s', ...format], { home })
        expect(watched.status, watched.stdout).toBeGreaterThan(3)
        expect(leaksOf(canaries, watched, home.path), `${answer} ${format.join(' ')}`).toEqual([])
      }
    }
    for (const secret of Object.values(PLANTED)) expect(echo.seen.join('\n'), 'the secret was really sent').toContain(secret)
  })

  test.concurrent('P08 neither does one that does so while an integration is added, edited or used', async () => {
    const echo = await startEcho()
    const { home, canaries } = await plantedHome(echo.url)
    canaries.plant('the new token', 'new/"token"\\+canary=')
    const newToken = { input: 'new/"token"\\+canary=\n' }
    const calls: readonly (readonly [argv: readonly string[], options: Omit<RunOptions, 'home'>])[] = [
      [['add', 'chatwoot', '--name', 'more', '--base-url', echo.url, '--account-id', '1', '--api-key-stdin'], newToken],
      [['edit', 'chat', '--api-key-stdin'], newToken],
      [['edit', 'bearer', '--token-stdin'], newToken],
      [['demo-create', '--name', 'Acme', '--bot-url', 'https://bot.example.com/hook'], {}],
    ]
    for (const answer of ['refused', 'invalid', 'a page', 'a redirect'] as const) {
      echo.answer = answer
      for (const [argv, options] of calls) {
        for (const format of LOUD) {
          const watched = await watch([...argv, ...format], { home, ...options })
          expect(watched.status, watched.stderr).not.toBe(1)
          expect(leaksOf(canaries, watched, home.path), `${argv.join(' ')} ${format.join(' ')}`).toEqual([])
        }
      }
    }
  })

  test.concurrent('P08 a vault that does not open tells no key, whichever it was', async () => {
    const { home, canaries } = await plantedHome('http://127.0.0.1:9')
    const directory = newDirectory()
    const other = randomBytes(32)
    const passphrase = `a passphrase "${randomBytes(6).toString('hex')}" of ännchen`
    canaries.plant('another key', other.toString('base64')).plant('the bytes of another key', other).plant('the passphrase', passphrase)
    canaries.plant('a malformed key', 'malformed-key-0123456789')
    for (const [name, text] of [
      ['key', other.toString('hex')],
      ['bad', 'malformed-key-0123456789'],
      ['passphrase', passphrase],
    ] as const)
      writeFileSync(join(directory, name), `${text}\n`, { mode: 0o600 })
    succeed(await run(['key', 'add', 'passphrase'], { home, env: { CRM_PASSPHRASE_FILE: join(directory, 'passphrase') } }))
    const noKey = { INTEGRATION_ENCRYPTION_KEY: undefined }
    const cases: readonly (readonly [status: number, env: Readonly<Record<string, string | undefined>>])[] = [
      [3, { INTEGRATION_ENCRYPTION_KEY: other.toString('base64') }],
      [2, { INTEGRATION_ENCRYPTION_KEY: 'malformed-key-0123456789' }],
      [3, noKey],
      [3, { ...noKey, CRM_KEY_FILE: join(directory, 'key') }],
      [2, { ...noKey, CRM_KEY_FILE: join(directory, 'bad') }],
      [3, { ...noKey, CRM_PASSPHRASE_FILE: join(directory, 'bad') }],
      [0, { ...noKey, CRM_PASSPHRASE_FILE: join(directory, 'passphrase') }],
      [2, { NODE_DEBUG: 'http,net,tls,undici,fetch' }],
      [2, { NODE_OPTIONS: '--trace-exit' }],
    ]
    for (const [status, env] of cases) {
      for (const format of [[], ['--json'], ['-v', '-v']]) {
        const watched = await watch(['show', 'bearer', ...format], { home, env })
        // Without any key, what can be read without one is shown, and says that it is not verified.
        expect([status, env === noKey ? 0 : status], JSON.stringify(env) + watched.stderr).toContain(watched.status)
        expect(leaksOf(canaries, watched, home.path), `${JSON.stringify(env)} ${format.join(' ')}`).toEqual([])
      }
    }
  })

  test.concurrent('P08 a secret typed as an argument is refused, and not said again', async () => {
    const home = await homeWithVault()
    const secret = 'SecretTok3nABCdefGH'
    const canaries = new Canaries().plant('the argument', secret)
    const lines = [
      ['--api-key', secret],
      [`--api-key=${secret}`],
      ['--apiKey', secret],
      ['--api-key-stdin', secret],
      [`--api-key-stdin=${secret}`],
      ['--api-key-env', secret],
      [`--api-key-env=${secret}`],
      ['--api-kye', secret],
      [`--token=${secret}`],
      [`-k${secret}`],
      ['--', secret],
    ]
    for (const words of lines) {
      for (const format of [[], ['--json'], ['-v', '-v']]) {
        // Behind `--` flags are words.
        const argv = words[0] === '--' ? ['add', 'chatwoot', ...format, ...words] : ['add', 'chatwoot', ...words, ...format]
        const { status, stdout, stderr } = await run(argv, { home })
        expect({ status, found: canaries.findIn(stdout + stderr) }, argv.join(' ')).toEqual({ status: 2, found: [] })
      }
    }
    expect(canaries.findBelow(home.path)).toEqual([])
  })

  test.concurrent('P08 a debugger cannot be opened from outside', async () => {
    const running = start(['sandbox'], { home: emptyHome() })
    await until('it listens', () => running.printed().stdout.includes('CHATWOOT_API_KEY'))
    running.process.kill('SIGUSR1')
    running.process.kill('SIGTERM')
    const { status, stderr } = await running.ended
    expect(status).toBe(0)
    expect(stderr).not.toMatch(/debugger|inspector/i)
  })

  test.concurrent('P08 a report of Node, with the environment in it, is not written when options ask for one', async () => {
    const directory = newDirectory()
    const NODE_OPTIONS = `--report-on-signal --report-signal=SIGUSR2 --report-uncaught-exception --report-on-fatalerror --report-directory=${directory}`
    // What handles secrets refuses such options. This does not, and waits for what it reads.
    const running = start(['providers', 'validate', '-'], { home: emptyHome(), env: { NODE_OPTIONS }, keepOpen: true })
    await takesSignals(running)
    running.process.kill('SIGUSR2')
    // It takes its usual course, which is the end of the process, and leaves nothing.
    expect((await running.ended).status).toBe(128 + constants.signals.SIGUSR2)
    expect(readdirSync(directory)).toEqual([])
  })
})
