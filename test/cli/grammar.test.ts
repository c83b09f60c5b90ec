import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { version } from '../../package.json'
import { helperEnvironment } from '../../src/core/child-environment.ts'
import type { Sandbox } from '../../src/sandbox/index.ts'
import { addChatwoot, CRM, copyOf, emptyHome, type Home, homeWithChatwoot, openSandbox, run, runShell, succeed } from '../support/cli.ts'
import { documentOf, failureOf } from './document.ts'

let sandbox: Sandbox
let acme: Home

beforeAll(async () => {
  sandbox = await openSandbox()
  acme = await homeWithChatwoot(sandbox, 'acme')
})

describe.concurrent('the command line', () => {
  test('bare crm says what it is and the commands most used, and ends with 0', async () => {
    const { status, stdout, stderr } = await run([])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    for (const command of ['crm add chatwoot', 'crm test', 'crm demo-create', 'crm tour', 'crm --help']) expect(stdout).toContain(command)
    expect(documentOf('help', await run(['--json'])).data.text).toContain('crm add chatwoot')
  })

  test('-V and --version print the version of the package', async () => {
    for (const flag of ['-V', '--version']) expect(await run([flag])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' })
  })

  test.each([
    ['lst', 'crm list'],
    ['remve', 'crm remove'],
    ['demo-crate', 'crm demo-create'],
    ['providrs', 'crm providers'],
  ])('a typo (%s) runs nothing, ends with 2 and suggests %s', async (typo, suggested) => {
    const { status, stdout, stderr } = await run([typo, 'acme', '--yes'], { home: acme })
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(`did you mean: ${suggested}`)
  })

  test('a typo in a flag suggests the flag; one that is like nothing points to the help', async () => {
    expect((await run(['list', '--jsn'], { home: acme })).stderr).toContain('did you mean --json?')
    const { status, stderr } = await run(['frobnicate'])
    expect(status).toBe(2)
    expect(stderr).toContain('crm --help')
    expect(stderr).not.toContain('did you mean')
  })

  test('a mistake in a command points to the help of that command', async () => {
    for (const words of [['add', '--name'], ['show'], ['list', 'too', 'many'], ['key', 'remove']]) {
      const { status, stderr } = await run(words, { home: acme })
      const command = words[0] === 'key' ? 'key remove' : words[0]
      expect([status, stderr]).toEqual([2, expect.stringContaining(`crm ${command} --help`)])
    }
  })

  test('knows no abbreviations', async () => {
    for (const words of [['lis'], ['demo-c'], ['list', '--jso'], ['profile', 'lis']])
      expect((await run(words, { home: acme })).status).toBe(2)
  })

  test('a command that is wrong answers in JSON where it was asked to', async () => {
    failureOf('help', 'usage', await run(['lst', '--json']))
    failureOf('list', 'usage', await run(['ls', '--bogus', '--json']))
    failureOf('help', 'usage', await run(['profile', 'bogus', '--json']))
    failureOf('show', 'usage', await run(['--json', 'show']))
    failureOf('show', 'usage', await run(['show', 'a', 'b', '--json']))
    failureOf('list', 'usage', await run(['list', '--json', '--profile']))
  })

  test('takes global flags before and after the command, and in between', async () => {
    const expected = await run(['list', '--json'], { home: acme })
    for (const words of [
      ['--json', 'list'],
      ['-p', 'default', 'list', '--json'],
      ['list', '--profile=default', '--json'],
      ['--vault', acme.vault, 'list', '--json', '-q'],
    ])
      expect(await run(words, { home: acme })).toEqual(expected)
  })

  test('-- ends the flags', async () => {
    failureOf('show', 'usage', await run(['show', '--json', '--', '--json'], { home: acme }))
    expect((await run(['show', '--', 'acme'], { home: acme })).status).toBe(0)
  })

  test.each(['0s', '0ms', '0d'])('refuses --timeout %s, which leaves no time for anything', async (text) => {
    const { status, stdout } = await run(['list', '--timeout', text, '--json'], { home: acme })
    expect([status, JSON.parse(stdout).error.code]).toEqual([2, 'usage'])
  })

  test.each(['list', 'show acme', 'which'])('refuses a --timeout that is no duration, also where it matters little: %s', async (line) => {
    expect((await run([...line.split(' '), '--timeout', 'soon'], { home: acme })).status).toBe(2)
  })

  test('-q keeps results and errors, and no notes or warnings', async () => {
    const home = emptyHome()
    const quiet = await addChatwoot(home, sandbox, ['-q'], sandbox.agentToken)
    expect(quiet).toMatchObject({ status: 0, stderr: '' })
    expect(quiet.stdout).toContain('added chatwoot')
    const failed = await run(['show', 'nobody', '-q'], { home })
    expect(failed).toMatchObject({ status: 6, stdout: '' })
    expect(failed.stderr).toContain('error: ')
  })

  test('-v tells of steps on standard error, and changes nothing on standard output', async () => {
    const home = copyOf(acme)
    const [plain, told] = [await run(['show', 'acme'], { home }), await run(['show', 'acme', '-v'], { home })]
    expect(plain.stderr).toBe('')
    expect(told.stderr).not.toBe('')
    const tested = await run(['test', 'acme', '--fresh', '-v', '--json'], { home })
    expect(JSON.parse(tested.stdout).ok).toBe(true)
    expect(tested.stderr).toMatch(/acme: connected \(\d+ ms\)/)
  })

  test('-v -v shows requests and stacks, and no secret', async () => {
    const home = copyOf(acme)
    const { stderr } = await run(['test', '--fresh', '-v', '-v'], { home })
    expect(stderr).toMatch(/GET http:\/\/127\.0\.0\.1:\d+\/api\/v1\/profile .*200/)
    expect(stderr).not.toContain(sandbox.administratorToken)
    expect(stderr).not.toContain(home.key)
    const failed = await run(['show', 'nobody', '-vv'], { home })
    expect(failed.stderr).toMatch(/^ +at /m)
    expect((await run(['show', 'nobody', '-v'], { home })).stderr).not.toMatch(/^ +at /m)
  })

  test('closed streams and an empty input stop nobody for long', async () => {
    const home = copyOf(acme)
    for (const line of ['crm list <&-', 'crm list < /dev/null', 'crm test <&-', 'crm list 2>&-', 'crm list --json 2>&- <&-'])
      expect({ line, status: (await runShell(line, { home })).status }).toEqual({ line, status: 0 })
    expect((await runShell('crm list >&-', { home })).status).toBe(0)
  })

  test('colours nothing in a pipe, everything with FORCE_COLOR, and NO_COLOR wins', async () => {
    const home = copyOf(acme)
    const coloured = async (env: Record<string, string>, ...flags: string[]) =>
      (await run(['show', 'acme', ...flags], { home, env })).stdout.includes('\u001b[')
    expect(await coloured({})).toBe(false)
    expect(await coloured({ TERM: 'xterm-256color', CI: 'true' })).toBe(false)
    expect(await coloured({ FORCE_COLOR: '1' })).toBe(true)
    expect(await coloured({ FORCE_COLOR: '0' })).toBe(false)
    expect(await coloured({ FORCE_COLOR: '1', NO_COLOR: '1' })).toBe(false)
    expect(await coloured({ FORCE_COLOR: '1' }, '--no-color')).toBe(false)
    expect(await coloured({ FORCE_COLOR: '1' }, '--json')).toBe(false)
  })

  test('shows what a server calls itself without letting it draw', async () => {
    const home = copyOf(acme)
    const [account] = sandbox.state.accounts.filter(({ id }) => id === sandbox.accounts[1]?.id)
    const name = account?.name ?? ''
    Object.assign(account ?? {}, { name: 'Evil\u001b[2J\u202eInc\r\nerror: gone' })
    succeed(await addChatwoot(home, sandbox, ['--name', 'evil', '--account-id', '2']))
    const { stdout } = await run(['test', 'evil', '--fresh'], { home })
    Object.assign(account ?? {}, { name })
    expect(stdout).toContain('Evil')
    expect(stdout).not.toMatch(/[\u001b\r\u202e]/)
    expect(stdout).not.toMatch(/^error: gone/m)
  })

  test('refuses to handle secrets while Node writes them down', async () => {
    const options = ['--inspect=127.0.0.1:0', '--tls-keylog=keys', '--cpu_prof', '--perf-basic-prof', '--abort_on-uncaught_exception']
    for (const env of [{ NODE_DEBUG: 'http' }, ...options.map((NODE_OPTIONS) => ({ NODE_OPTIONS }))]) {
      const { status, stderr } = await run(['test'], { home: acme, env })
      expect(status).toBe(2)
      expect(stderr).toContain(`unset ${Object.keys(env)[0]}`)
    }
  })

  test('refuses to handle secrets when Node was started so', async () => {
    for (const flag of ['--inspect=127.0.0.1:0', '--report-on-signal', '--cpu-prof', '--tls_keylog=keys', '--perf-prof']) {
      const { status, stderr } = await runShell(`node ${flag} '${CRM}' test`, { home: acme })
      expect(status).toBe(2)
      expect(stderr).toContain(`start crm without ${flag.split('=')[0]}`)
    }
  })

  test('a program that is started for us gets no secret', () => {
    const kept = {
      PATH: '/bin',
      DISPLAY: ':0',
      XAUTHORITY: '/x',
      DBUS_SESSION_BUS_ADDRESS: 'unix:path=/bus',
      KEYBOARD: 'us',
      BROWSER: 'firefox',
    }
    const secret = {
      CHATWOOT_API_KEY: 'a',
      HUBSPOT_TOKEN: 'b',
      CRM_PASSPHRASE_FILE: 'c',
      ZOHO_CLIENT_SECRET: 'd',
      NODE_OPTIONS: 'e',
      MY_PASSWORD: 'f',
    }
    expect(helperEnvironment({ ...kept, ...secret })).toEqual(kept)
  })

  test('works without a home and without a user name', async () => {
    const env = { HOME: undefined, USER: undefined, CRM_HOME: undefined, CRM_VAULT: acme.vault }
    expect((await run(['list', '--json'], { home: acme, env })).status).toBe(0)
    expect((await run(['test', '--json'], { home: copyOf(acme), env: { HOME: undefined, USER: undefined } })).status).toBe(0)
  })

  test('a configuration that is not JSON is named, not passed over', async () => {
    const home = copyOf(acme)
    writeFileSync(join(home.path, 'config.json'), '{ "profile": ', { mode: 0o600 })
    const { status, stderr } = await run(['list'], { home })
    expect(status).not.toBe(0)
    expect(stderr).toContain('config.json')
    expect(readFileSync(join(home.path, 'config.json'), 'utf8')).toBe('{ "profile": ')
  })
})
