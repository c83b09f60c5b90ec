/** A command that is printed as advice can be run as it stands. */
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { asMenu, typedAgain, withWhereabouts } from '../../src/commands/printed-commands.ts'
import type { Sandbox } from '../../src/sandbox/index.ts'
import { copyOf, emptyHome, homeWithChatwoot, openSandbox, run, runShell, succeed } from '../support/cli.ts'

let sandbox: Sandbox

beforeAll(async () => {
  sandbox = await openSandbox()
})

/** The command of a fix. */
function commandIn(hint: string): string {
  const command = /(crm .*)$/.exec(hint)?.[1]
  if (command === undefined) throw new Error(`no command in: ${hint}`)
  return command
}

describe('advice about what was typed', () => {
  const argv = ['-p', 'x', 'add', 'chatwoot', '--name=acme', '--account-id', '9', '--api-key-env', 'T', '--vault', '/a b.db', '--no-test']

  test.each([
    ['crm edit {name} --account-id <id>', 'crm add chatwoot --name=acme --api-key-env T --no-test --account-id <id>'],
    ['give it: crm edit a --api-key-stdin', 'give it: crm add chatwoot --name=acme --account-id 9 --no-test --api-key-stdin'],
    ['pass it, then run: crm test {name}', 'pass it, then run the same command again'],
    ['wait, then: crm test {name}', 'wait, then run the same command again'],
  ])('%s', (hint, expected) => {
    expect(typedAgain(hint, argv)).toBe(expected)
  })

  test('has no secret typed again that is not what is wrong', () => {
    const words = ['edit', 'acme', '--api-key-stdin', '--rename', 'b']
    expect(typedAgain('check it: crm edit {name} --base-url <url>', words)).toBe('check it: the same command with --base-url <url>')
    expect(typedAgain('copy it, then run: crm edit {name} --api-key-stdin', words)).toBe(
      'copy it, then run: crm edit acme --rename b --api-key-stdin',
    )
  })

  test('keeps the place, quoted for a shell, once', () => {
    const where = { profile: 'x', vault: "/it's a.db" }
    const hint = withWhereabouts('look: crm list, or crm -p y test; crm providers', where)
    expect(hint).toBe("look: crm --vault '/it'\\''s a.db' -p x list, or crm --vault '/it'\\''s a.db' -p y test; crm providers")
    expect(withWhereabouts(hint, where)).toBe(hint)
    expect(withWhereabouts('crm list', {})).toBe('crm list')
  })

  test('about a demo names the Chatwoot that was named', () => {
    const hint = 'run the same command again to finish it, or: crm demo-remove acme'
    const precise = withWhereabouts(hint, { integration: 'env:chatwoot' })
    expect(precise).toBe(`${hint} --integration env:chatwoot`)
    expect(withWhereabouts(precise, { integration: 'env:chatwoot' })).toBe(precise)
  })

  test('to remove a demo is confirmed where nobody can be asked', () => {
    const alone = { unattended: true } as const
    const hint = 'run the same command again, or: crm demo-remove acme'
    expect(withWhereabouts(hint, alone)).toBe(`${hint} --yes`)
    expect(withWhereabouts(`${hint} --yes`, alone)).toBe(`${hint} --yes`)
    expect(withWhereabouts('crm demo-remove a b; then look', { ...alone, integration: 'eu' })).toBe('crm demo-remove a b --yes; then look')
    expect(withWhereabouts(hint, { ...alone, integration: 'eu', profile: 'x' })).toBe(
      'run the same command again, or: crm -p x demo-remove acme --integration eu --yes',
    )
  })

  test.each([
    ['copy the token, then run: crm edit {name} --api-key-stdin', 'copy the token, then choose "correct a field" below'],
    ['choose one of them: crm edit a --account-id <id>', 'choose one of them, then choose "correct a field" below'],
    ['wait a little, then: crm test {name}', 'wait a little, then choose "test again" below'],
    [null, 'choose "correct a field" below'],
  ])('in front of a menu points to the menu: %s', (hint, expected) => {
    expect(asMenu(hint)).toBe(expected)
  })
})

describe.concurrent('the fix that is printed', () => {
  test('for a refused token saves under the name, in the profile and the vault that were given', async () => {
    const home = emptyHome()
    const vault = join(home.path, "ein Tresor für O'Brien.db")
    const where = ['-p', 'stage', '--vault', vault]
    succeed(await run([...where, 'init', '--key', 'env'], { home }))
    const argv = [...where, 'add', 'chatwoot', '--name', 'acme', '--base-url', sandbox.url, '--account-id', '1', '--api-key-env', 'WRONG']
    const failed = await run([...argv, '--json'], { home, env: { WRONG: 'not-the-token' } })
    expect(failed.status).toBe(4)
    const command = commandIn(JSON.parse(failed.stdout).error.hint)
    succeed(await runShell(command, { home, input: `${sandbox.administratorToken}\n` }))
    const { data } = JSON.parse(succeed(await run([...where, 'list', '--json'], { home })).stdout)
    expect(data.integrations.map(({ name }: { name: string }) => name)).toEqual(['acme'])
  })

  test('for a refused edit keeps what else was to be changed', async () => {
    const home = copyOf(await homeWithChatwoot(sandbox))
    const argv = ['edit', 'chatwoot', '--account-id', '77', '--rename', 'acme', '--json']
    const hint = JSON.parse((await run(argv, { home })).stdout).error.hint
    const fixed = await runShell(commandIn(hint).replace('<id>', '2'), { home })
    expect(JSON.parse(succeed(fixed).stdout).data.integration).toMatchObject({ name: 'acme', settings: { accountId: '2' } })
  })

  test('in the result of a test, of an error and of a failure in a group names the profile', async () => {
    const home = copyOf(await homeWithChatwoot(sandbox))
    succeed(await run(['-p', 'other', 'init', '--key', 'env'], { home }))
    const { error } = JSON.parse((await run(['show', 'nope', '-p', 'other', '--json'], { home })).stdout)
    expect(error.hint).toContain('crm -p other list')
    const { data } = JSON.parse((await run(['test', 'nope', 'none', '--profile', 'other', '--json'], { home })).stdout)
    expect(data.results.map(({ hint }: { hint: string }) => hint)).toEqual(Array(2).fill('see the names with: crm -p other list'))
  })
})

describe.concurrent('what was meant', () => {
  test.each([
    ['vault verfy', 'did you mean: crm vault verify'],
    ['key lst', 'did you mean: crm key list'],
    ['chatwoot inboxes lst', 'did you mean: crm chatwoot inboxes list'],
    ['chatwoot inbox list', 'did you mean: crm chatwoot inboxes'],
    ['lst', 'did you mean: crm list'],
    ['key add bogus', 'for CI: crm key add env, on your own machine: crm key add passphrase'],
    ['init --key bogus', 'for CI: --key env, on your own machine: --key passphrase'],
    ['chatwoot inboxes update 1', 'see what can be changed with: crm chatwoot inboxes update --help'],
    ['edit env:chatwoot', 'change the variables themselves: crm help environment'],
    ['profile use nope', 'see the profiles with: crm profile list'],
    ['vault restore nowhere.db --yes', 'check the path'],
  ])('by crm %s: %s', async (line, hint) => {
    const home = copyOf(await homeWithChatwoot(sandbox))
    expect(JSON.parse((await run([...line.split(' '), '--json'], { home })).stdout).error.hint).toBe(hint)
  })

  test('by a new name is told with the flag that gives it', async () => {
    const home = copyOf(await homeWithChatwoot(sandbox))
    succeed(
      await run(['add', 'custom', '--name', 'two', '--base-url', 'https://crm.example.com', '--auth-type', 'none', '--no-test'], { home }),
    )
    const { error } = JSON.parse((await run(['edit', 'two', '--rename', 'chatwoot', '--json'], { home })).stdout)
    expect(error.hint).toBe('choose another name with --rename, or change it with: crm edit chatwoot')
  })

  test('where nothing opens a vault yet', async () => {
    const env = { INTEGRATION_ENCRYPTION_KEY: undefined, CHATWOOT_BASE_URL: sandbox.url, CHATWOOT_ACCOUNT_ID: '1' }
    const argv = ['add', 'chatwoot', '--from-env', '--json']
    const { stdout } = await run(argv, { env: { ...env, CHATWOOT_API_KEY: sandbox.administratorToken } })
    expect(JSON.parse(stdout).error.hint).toMatch(/^give one of: crm init --key env \(with/)
    const passphrase = await run(['init', '--key', 'passphrase', '--json'], { env })
    expect(JSON.parse(passphrase.stdout).error.hint).toBe('export CRM_PASSPHRASE_FILE=<path>')
  })
})

describe.concurrent('what is printed beside an error', () => {
  test('a warning ends with a command for the same vault', async () => {
    const vault = join(emptyHome().path, 'none.db')
    for (const words of [['list'], ['profile', 'list']]) {
      const { warnings } = JSON.parse((await run(['--vault', vault, ...words, '--json'])).stdout)
      expect(warnings[0].message).toBe(`there is no vault at ${vault} yet; make one with: crm --vault ${vault} init`)
    }
  })

  test('the doctor mends the profile that was looked at', async () => {
    const home = copyOf(await homeWithChatwoot(sandbox))
    succeed(await run(['-p', 'stage', 'init', '--key', 'env'], { home }))
    const { data } = JSON.parse((await run(['-p', 'stage', 'doctor', '--json'], { home })).stdout)
    const fixes = data.checks.flatMap(({ fix }: { fix: string | null }) => (fix === null ? [] : [fix]))
    expect(fixes).toContain('add another way in: crm -p stage key add passphrase')
  })

  test('of all profiles, each is told with its own', async () => {
    const home = copyOf(await homeWithChatwoot(sandbox))
    succeed(await run(['-p', 'stage', 'init', '--key', 'env'], { home }))
    const argv = ['-p', 'stage', 'add', 'chatwoot', '--base-url', sandbox.url, '--account-id', '1', '--api-key-env', 'WRONG', '--no-test']
    succeed(await run(argv, { home, env: { WRONG: 'not-the-token' } }))
    const { stdout } = await run(['test', '--all-profiles', '--json'], { home })
    const { data, error } = JSON.parse(stdout)
    expect(data.results.map(({ profile, outcome }: { profile: string; outcome: string }) => [profile, outcome])).toEqual([
      ['default', 'connected'],
      ['stage', 'failed'],
    ])
    expect(data.results[1].hint).toMatch(/crm -p stage edit chatwoot --api-key-stdin$/)
    expect(error).toMatchObject({ reason: 'stage/chatwoot', hint: 'look at one with: crm -p stage test chatwoot' })
    const table = await run(['test', '--all-profiles'], { home })
    expect(table.stdout.split('\n').map((line) => line.split('\t').slice(0, 2).join(' '))).toEqual([
      'default chatwoot',
      'stage chatwoot',
      '',
    ])
  })
})

test('a wrong name is told together with all other values that are wrong, where nobody can be asked', async () => {
  const argv = ['add', 'chatwoot', '--name', 'Ä b', '--base-url', 'http://chat.example.com', '--account-id', 'x', '--json']
  const { error } = JSON.parse((await run(argv)).stdout)
  expect(error.problems.map(({ field }: { field: string }) => field).sort()).toEqual(['accountId', 'apiKey', 'baseUrl', 'name'])
  expect(error.hint).toBe('see what each must be with: crm providers chatwoot')
})
