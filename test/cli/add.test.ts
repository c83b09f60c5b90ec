import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Sandbox } from '../../src/sandbox/index.ts'
import {
  addChatwoot,
  chatwootVariables,
  copyOf,
  emptyHome,
  type Home,
  homeWithVault,
  openSandbox,
  run,
  runShell,
  succeed,
} from '../support/cli.ts'
import { documentOf, failureOf, type Json } from './document.ts'

const SECRET = 'tok-9f2c7d41aa-never-shown'
const OFFLINE = ['--base-url', 'https://chat.example.com', '--account-id', '3', '--no-test'] as const

let sandbox: Sandbox
let empty: Home

beforeAll(async () => {
  sandbox = await openSandbox()
  empty = await homeWithVault()
})

/** The secret that a vault holds. */
async function storedSecret(home: Home, name = 'chatwoot', field = 'apiKey'): Promise<string> {
  return succeed(await run(['show', name, '--reveal', field], { home })).stdout
}

async function list(home: Home): Promise<Json> {
  return documentOf('list', await run(['list', '--json'], { home })).data
}

/** What a failed `add` must leave: nothing. */
async function expectNothingAdded(home: Home): Promise<void> {
  expect((await list(home)).summary.total).toBe(0)
}

describe.concurrent('crm add', () => {
  test('tests and saves from flags, and says who it is', async () => {
    const home = copyOf(empty)
    const { data } = documentOf('add', await addChatwoot(home, sandbox, ['--name', 'acme', '--json']))
    expect(data.integration).toMatchObject({
      name: 'acme',
      provider: 'chatwoot',
      profile: 'default',
      active: true,
      verified: true,
      source: 'vault',
      revision: 1,
      settings: { baseUrl: sandbox.url, accountId: '1' },
      secrets: { apiKey: { set: true } },
      lastTest: { outcome: 'connected', cause: null },
    })
    expect(data.test).toMatchObject({ outcome: 'connected', identity: { accountId: '1', role: 'administrator' }, cached: false })
    expect(data.test.checks.every((check: Json) => check.passed)).toBe(true)
  })

  test('makes vault and profile on a fresh machine, and says so', async () => {
    const home = emptyHome()
    const { status, stderr, stdout } = await addChatwoot(home, sandbox)
    expect(status).toBe(0)
    expect(stderr).toContain(`created the profile default in ${home.vault}`)
    expect(stdout).toContain('added chatwoot (chatwoot)')
  })

  test('says how to give a key before it asks any server, where a fresh machine has none', async () => {
    const home = emptyHome()
    const own = await openSandbox()
    const { status, stderr } = await run(['add', 'chatwoot', '--from-env'], {
      home,
      env: { ...chatwootVariables(own), INTEGRATION_ENCRYPTION_KEY: undefined },
    })
    expect(status).toBe(2)
    expect(stderr).toContain('--key')
    expect(own.requests).toEqual([])
    expect(existsSync(home.vault)).toBe(false)
  })

  test.each<[form: string, flags: readonly string[], input: string | undefined]>([
    ['--api-key-stdin', ['--api-key-stdin'], `${SECRET}\n`],
    ['--api-key-stdin without a line break', ['--api-key-stdin'], SECRET],
    ['--api-key-stdin with a line break of Windows', ['--api-key-stdin'], `${SECRET}\r\n`],
    ['--api-key-file', ['--api-key-file', 'token.txt'], undefined],
    ['--api-key-env', ['--api-key-env', 'MY_TOKEN'], undefined],
  ])('takes a secret by %s', async (_form, flags, input) => {
    const home = copyOf(empty)
    writeFileSync(join(home.path, 'token.txt'), `${SECRET}\n`)
    const given = input === undefined ? {} : { input }
    succeed(await run(['add', 'chatwoot', ...OFFLINE, ...flags], { home, env: { MY_TOKEN: SECRET }, ...given }))
    expect(await storedSecret(home)).toBe(SECRET)
  })

  test('takes a secret from a pipe that a shell makes', async () => {
    const home = copyOf(empty)
    succeed(await runShell(`crm add chatwoot ${OFFLINE.join(' ')} --api-key-file <(printf %s '${SECRET}')`, { home }))
    expect(await storedSecret(home)).toBe(SECRET)
  })

  test.each([
    ['as the next word', ['--api-key', SECRET]],
    ['behind an equals sign', [`--api-key=${SECRET}`]],
    ['with --json', ['--api-key', SECRET, '--json']],
    ['with -v -v', ['-v', '-v', `--api-key=${SECRET}`]],
    ['of another provider', ['--token', SECRET]],
    ['in a flag that takes no value', [`--api-key-stdin=${SECRET}`]],
  ])('refuses a literal secret %s without repeating it, and lists the right forms', async (_where, flags) => {
    const home = copyOf(empty)
    const { status, stdout, stderr } = await run(['add', 'chatwoot', ...OFFLINE, ...flags], { home })
    expect(status).toBe(2)
    expect(`${stdout}${stderr}`).not.toContain(SECRET)
    if (flags.includes('--api-key'))
      for (const form of ['-stdin', '-file', '-env']) expect(`${stdout}${stderr}`).toContain(`--api-key${form}`)
    await expectNothingAdded(home)
  })

  test.each<[what: string, flags: readonly string[], says: RegExp]>([
    ['two forms at once', ['--api-key-file', 'x', '--api-key-env', 'Y'], /more than once/],
    ['a file that is not there', ['--api-key-file', 'nowhere.txt'], /there is no file for --api-key-file at nowhere\.txt/],
    ['an empty file', ['--api-key-file', '/dev/null'], /empty/],
    ['a variable that is not set', ['--api-key-env', 'NOT_SET'], /NOT_SET/],
    ['standard input that holds nothing', ['--api-key-stdin'], /empty/],
    ['a directory', ['--api-key-file', '/'], /cannot be read/],
  ])('refuses %s', async (_what, flags, says) => {
    const home = copyOf(empty)
    const { status, stderr } = await run(['add', 'chatwoot', ...OFFLINE, ...flags], { home })
    expect(status === 2 || (status === 1 && flags.includes('/'))).toBe(true)
    expect(stderr).toMatch(says)
    await expectNothingAdded(home)
  })

  test('understands a pasted address of the dashboard', async () => {
    const home = copyOf(empty)
    const flags = ['--base-url', `${sandbox.url}/app/accounts/1/dashboard?tab=all#top`, '--api-key-stdin', '--json']
    const { data } = documentOf('add', await run(['add', 'chatwoot', ...flags], { home, input: sandbox.administratorToken }))
    expect(data.integration.settings).toMatchObject({ baseUrl: sandbox.url, accountId: '1' })
  })

  test('reports all problems at once, none of them with a value', async () => {
    const home = copyOf(empty)
    const wrong = ['--base-url', 'ftp://wrong.example', '--account-id', 'three', '--api-key-env', 'T']
    const result = await run(['add', 'chatwoot', ...wrong, '--json'], { home, env: { T: `two\n${SECRET}` } })
    const { error } = failureOf('add', 'usage', result)
    expect(error.problems.map((problem: Json) => problem.field)).toEqual(['baseUrl', 'accountId', 'apiKey'])
    expect(result.stdout).not.toContain(SECRET)
    expect(result.stdout).not.toContain('three')
  })

  test('lists every missing value with its flags and its variable where nobody can be asked', async () => {
    for (const shell of [
      'crm add chatwoot < /dev/null',
      'crm add chatwoot <&-',
      'echo | crm add chatwoot',
      'crm add chatwoot --no-input',
    ]) {
      const { status, stdout, stderr } = await runShell(shell, { home: copyOf(empty) })
      expect({ shell, status, stdout }).toEqual({ shell, status: 2, stdout: '' })
      expect(stderr).toContain('2 values are needed')
      expect(stderr).toMatch(/accountId +--account-id <text> +CHATWOOT_ACCOUNT_ID/)
      expect(stderr).toMatch(/apiKey +--api-key-stdin \| --api-key-file <path> \| --api-key-env <NAME> +CHATWOOT_API_KEY/)
    }
  })

  test('wants to know which provider, and names those there are', async () => {
    const { error } = failureOf('add', 'usage', await run(['add', '--json'], { home: copyOf(empty) }))
    expect(`${error.reason}`).toContain('chatwoot')
    const unknown = failureOf('add', 'not_found', await run(['add', 'salesfarce', '--json'], { home: copyOf(empty) }))
    expect(`${unknown.error.reason}`).toContain('chatwoot')
  })

  test('takes the documented variables with --from-env; a flag wins over its variable', async () => {
    const home = copyOf(empty)
    const env = { ...chatwootVariables(sandbox), CHATWOOT_ACCOUNT_ID: '999' }
    const { data } = documentOf('add', await run(['add', 'chatwoot', '--from-env', '--account-id', '1', '--json'], { home, env }))
    expect(data.integration.settings.accountId).toBe('1')
    expect(await storedSecret(home)).toBe(sandbox.administratorToken)
  })

  test('does not look at the variables without --from-env', async () => {
    const { status } = await run(['add', 'chatwoot'], { home: copyOf(empty), env: chatwootVariables(sandbox) })
    expect(status).toBe(2)
  })

  test('keeps nothing of a refused token, says why, and how to go on', async () => {
    const home = copyOf(empty)
    const { error } = failureOf('add', 'auth_rejected', await addChatwoot(home, sandbox, ['--json'], SECRET))
    expect(error.reason).toContain('--no-test')
    expect(error.hint).toContain('crm add chatwoot')
    await expectNothingAdded(home)
  })

  test('never names a command that needs what was not saved', async () => {
    const failing = await openSandbox({ cloudWithoutApi: true })
    const { error } = failureOf('add', 'permission_denied', await addChatwoot(copyOf(empty), failing, ['--json']))
    expect(error.hint).not.toMatch(/crm (test|edit|show)/)
  })

  test('saves without a test with --no-test, and asks no server', async () => {
    const home = copyOf(empty)
    const own = await openSandbox()
    const { data } = documentOf('add', await addChatwoot(home, own, ['--no-test', '--json'], SECRET))
    expect(data.test).toBeNull()
    expect(data.integration.lastTest).toBeNull()
    expect(own.requests).toEqual([])
    expect((await list(home)).summary).toEqual({ total: 1, active: 1, inactive: 0, failing: 0, untested: 1 })
  })

  test('saves switched off with --inactive', async () => {
    const home = copyOf(empty)
    const { data } = documentOf('add', await addChatwoot(home, sandbox, ['--inactive', '--json']))
    expect(data.integration.active).toBe(false)
    expect((await list(home)).summary).toMatchObject({ active: 0, inactive: 1 })
  })

  test('warns of the token of an agent, and saves it', async () => {
    const document = documentOf('add', await addChatwoot(copyOf(empty), sandbox, ['--json'], sandbox.agentToken))
    expect(document.warnings.map((warning: Json) => warning.code)).toContain('not_administrator')
    expect(document.data.test.checks).toContainEqual(expect.objectContaining({ name: 'administrator', passed: false }))
  })

  test('numbers the name it makes, and refuses one that is taken', async () => {
    const home = copyOf(empty)
    const first = documentOf('add', await addChatwoot(home, sandbox, ['--json']))
    const second = documentOf('add', await addChatwoot(home, sandbox, ['--json']))
    expect([first.data.integration.name, second.data.integration.name]).toEqual(['chatwoot', 'chatwoot-2'])
    failureOf('add', 'conflict', await addChatwoot(home, sandbox, ['--name', 'CHATWOOT', '--json']))
  })

  test.each(['', '-a', 'no blanks', 'x'.repeat(65), 'ümlaut', '../up'])('refuses the name %j and shows the rule', async (name) => {
    const { error } = failureOf('add', 'usage', await addChatwoot(copyOf(empty), sandbox, [`--name=${name}`, '--json']))
    expect(JSON.stringify(error)).toContain('a-z')
  })

  test('keeps its flags: true, false and their default', async () => {
    const home = copyOf(empty)
    const flags = ['--no-email-collect', '--csat-survey', '--json', '--api-key-env', 'T']
    const { data } = documentOf('add', await run(['add', 'chatwoot', ...OFFLINE, ...flags], { home, env: { T: SECRET } }))
    expect(data.integration.settings).toMatchObject({ emailCollect: false, csatSurvey: true })
  })

  test('refuses the flag of a field that another provider has', async () => {
    const { status, stderr } = await run(['add', 'custom', ...OFFLINE], { home: copyOf(empty) })
    expect(status).toBe(2)
    expect(stderr).toMatch(/--account-id/)
  })

  test('adds any HTTP CRM as custom', async () => {
    const home = copyOf(empty)
    const flags = ['--base-url', 'https://api.crm.example/v1', '--auth-type', 'bearer', '--token-env', 'T', '--no-test', '--json']
    const { data } = documentOf('add', await run(['add', 'custom', '--name', 'mine', ...flags], { home, env: { T: SECRET } }))
    expect(data.integration).toMatchObject({ provider: 'custom', secrets: { token: { set: true } } })
    expect(await storedSecret(home, 'mine', 'token')).toBe(SECRET)
  })
})

describe.concurrent('crm add --from', () => {
  const answers = (server: Sandbox, more: object = {}) => ({
    baseUrl: server.url,
    accountId: '1',
    apiKey: server.administratorToken,
    ...more,
  })

  test('takes one object from a file; its name and state are in it, flags win', async () => {
    const home = copyOf(empty)
    writeFileSync(join(home.path, 'a.json'), JSON.stringify(answers(sandbox, { name: 'eu', active: false })))
    const first = documentOf('add', await run(['add', 'chatwoot', '--from', 'a.json', '--json'], { home }))
    expect(first.data.integration).toMatchObject({ name: 'eu', active: false })
    const second = documentOf('add', await run(['add', 'chatwoot', '--from', 'a.json', '--name', 'us', '--json'], { home }))
    expect(second.data.integration.name).toBe('us')
  })

  test('takes it from standard input, with the provider in it', async () => {
    const home = copyOf(empty)
    const input = JSON.stringify(answers(sandbox, { provider: 'chatwoot' }))
    const { data } = documentOf('add', await run(['add', '--from', '-', '--json'], { home, input }))
    expect(data.integration.name).toBe('chatwoot')
  })

  test('takes an array, in its order, in one transaction', async () => {
    const home = copyOf(empty)
    const input = JSON.stringify(['b', 'a', 'c'].map((name) => answers(sandbox, { provider: 'chatwoot', name })))
    const { data } = documentOf('add --from', await run(['add', '--from', '-', '--json'], { home, input }))
    expect(data.integrations.map((entry: Json) => `${entry.integration.name} ${entry.test.outcome}`)).toEqual([
      'b connected',
      'a connected',
      'c connected',
    ])
    expect((await list(home)).integrations.map((entry: Json) => entry.name)).toEqual(['a', 'b', 'c'])
  })

  test('adds none of an array when one is not valid, and names every problem with its place', async () => {
    const home = copyOf(empty)
    const input = JSON.stringify([
      answers(sandbox, { provider: 'chatwoot', name: 'good' }),
      { provider: 'chatwoot', name: 'bad', baseUrl: 'gopher://x', apiKey: SECRET },
      { provider: 'chatwoot', name: 'good', accountId: '1', apiKey: SECRET },
    ])
    const result = await run(['add', '--from', '-', '--json', '--no-test'], { home, input })
    const { error } = failureOf('add', 'usage', result)
    expect(error.problems.map((problem: Json) => problem.field)).toEqual(['[1].baseUrl', '[1].accountId', '[2].name'])
    expect(result.stdout).not.toContain(SECRET)
    await expectNothingAdded(home)
  })

  test('adds none of an array when one test fails, and names each failure', async () => {
    const home = copyOf(empty)
    const input = JSON.stringify([
      answers(sandbox, { provider: 'chatwoot', name: 'good' }),
      answers(sandbox, { provider: 'chatwoot', name: 'bad', apiKey: SECRET }),
    ])
    const { error } = failureOf('add', 'auth_rejected', await run(['add', '--from', '-', '--json'], { home, input }))
    expect(error.problems.map((problem: Json) => problem.field)).toEqual(['bad'])
    expect(error.hint).not.toContain('crm test bad')
    await expectNothingAdded(home)
  })

  test.each<[what: string, input: string]>([
    ['what is not JSON', `{"apiKey": "${SECRET}"`],
    ['an empty list', '[]'],
    ['a number', '7'],
    ['a field that there is not', `{"provider":"chatwoot","apikey":"${SECRET}"}`],
    ['a value of the wrong kind', `{"provider":"chatwoot","accountId":{"a":1},"apiKey":["${SECRET}"]}`],
    ['no provider', `[{"apiKey":"${SECRET}"}]`],
  ])('refuses %s without repeating a value', async (_what, input) => {
    const home = copyOf(empty)
    const result = await run(['add', '--from', '-', '--json'], { home, input })
    failureOf('add', 'usage', result)
    expect(result.stdout).not.toContain(SECRET)
    await expectNothingAdded(home)
  })

  test('refuses a file that is not there, and --name for several', async () => {
    const missing = failureOf('add', 'usage', await run(['add', 'chatwoot', '--from', 'nowhere.json', '--json'], { home: copyOf(empty) }))
    expect(missing.error).toMatchObject({ message: 'there is no file for --from at nowhere.json', hint: 'check the path' })
    const input = JSON.stringify([answers(sandbox, { provider: 'chatwoot' })])
    failureOf('add', 'usage', await run(['add', '--from', '-', '--name', 'x', '--json'], { home: copyOf(empty), input }))
  })

  test('refuses what says something of one integration where the file holds several', async () => {
    const home = copyOf(empty)
    const input = JSON.stringify([answers(sandbox, { provider: 'chatwoot' })])
    const flags = ['--base-url', 'http://x', '--account-id', '7', '--from-env']
    const { error } = failureOf('add', 'usage', await run(['add', 'chatwoot', '--from', '-', ...flags, '--json'], { home, input }))
    expect(error.message).toBe('--from-env, --base-url, --account-id are for one integration; the file holds several')
    await expectNothingAdded(home)
  })

  test('refuses a secret from standard input beside the answers from there', async () => {
    const argv = ['add', 'chatwoot', '--from', '-', '--api-key-stdin', '--json']
    const { error } = failureOf('add', 'usage', await run(argv, { home: copyOf(empty), input: '' }))
    expect(error.reason).toBe('given: --from -, --api-key-stdin')
    const withCa = ['add', 'chatwoot', '--ca-file', '-', '--api-key-stdin', '--json']
    expect(failureOf('add', 'usage', await run(withCa, { home: copyOf(empty), input: SECRET })).error.reason).toBe(
      'given: --api-key-stdin, --ca-file -',
    )
  })
})

test('no file below the home holds a secret that was added', async () => {
  const home = copyOf(empty)
  succeed(await addChatwoot(home, sandbox))
  succeed(await run(['test', '--fresh', '-v', '-v'], { home }))
  const found = succeed(await runShell(`grep -rlF -- '${sandbox.administratorToken}' . || true`, { home }))
  expect(found.stdout).toBe('')
  expect(readFileSync(home.vault).includes('chatwoot')).toBe(true)
})
