import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Sandbox } from '../../src/sandbox/index.ts'
import { addChatwoot, copyOf, emptyHome, type Home, homeWithVault, openSandbox, run, runShell, succeed } from '../support/cli.ts'
import { documentOf, failureOf, type Json } from './document.ts'

/** Every CRM that is known without a file of the user's. */
const CATALOGUE = [
  ...['activecampaign', 'attio', 'chatwoot', 'close', 'copper', 'custom', 'freshsales', 'hubspot', 'insightly'],
  ...['intercom', 'pipedrive', 'salesforce', 'zendesk-sell', 'zoho'],
]

const SECRET = 'tok-9f2c7d41aa-never-shown'
const NO_KEY = { INTEGRATION_ENCRYPTION_KEY: undefined }
const DEMO = ['demo-create', '--name', 'Acme Dental', '--bot-url', 'https://bot.example.com/hook', '--integration', 'good']

let sandbox: Sandbox
/** `good` works, `refused` has failed, `off` is inactive, `plain` (custom) was never tested. */
let four: Home

beforeAll(async () => {
  sandbox = await openSandbox()
  four = await homeWithVault()
  succeed(await addChatwoot(four, sandbox, ['--name', 'good']))
  succeed(await addChatwoot(four, sandbox, ['--name', 'refused', '--no-test'], SECRET))
  expect(await run(['test', 'refused'], { home: four })).toMatchObject({ status: 4 })
  succeed(await addChatwoot(four, sandbox, ['--name', 'off', '--inactive']))
  const custom = ['--base-url', 'https://api.crm.example', '--auth-type', 'bearer', '--token-env', 'T', '--no-test']
  succeed(await run(['add', 'custom', '--name', 'plain', ...custom], { home: four, env: { T: SECRET } }))
})

async function names(home: Home, ...flags: string[]): Promise<string[]> {
  const { data } = documentOf('list', await run(['list', '--json', ...flags], { home }))
  return data.integrations.map((entry: Json) => entry.name)
}

async function shown(home: Home, name: string): Promise<Json> {
  return documentOf('show', await run(['show', name, '--json'], { home })).data.integration
}

describe.concurrent('crm list', () => {
  test('needs no key, sorts by name and counts', async () => {
    const { data } = documentOf('list', await run(['list', '--json'], { home: four, env: NO_KEY }))
    expect(data.integrations.map((entry: Json) => `${entry.name} ${entry.verified}`)).toEqual([
      'good false',
      'off false',
      'plain false',
      'refused false',
    ])
    expect(data.summary).toEqual({ total: 4, active: 3, inactive: 1, failing: 1, untested: 1 })
  })

  test.each([
    ['--active', ['good', 'plain', 'refused'], { total: 3, active: 3, inactive: 0, failing: 1, untested: 1 }],
    ['--inactive', ['off'], { total: 1, active: 0, inactive: 1, failing: 0, untested: 0 }],
    ['--active --inactive', ['good', 'off', 'plain', 'refused'], { total: 4, active: 3, inactive: 1, failing: 1, untested: 1 }],
    ['--provider custom', ['plain'], { total: 1, active: 1, inactive: 0, failing: 0, untested: 1 }],
    ['--provider Chatwoot --active', ['good', 'refused'], { total: 2, active: 2, inactive: 0, failing: 1, untested: 0 }],
  ])('%s keeps those, in the totals, too', async (flags, expected, summary) => {
    const { data } = documentOf('list', await run(['list', '--json', ...flags.split(' ')], { home: four }))
    expect(data.integrations.map((entry: Json) => entry.name)).toEqual(expected)
    expect(data.summary).toEqual(summary)
  })

  test('--provider of a CRM that there is not is an error, and no empty list', async () => {
    failureOf('list', 'not_found', await run(['list', '--provider', 'salesfarce', '--json'], { home: four }))
  })

  test('prints one line for each with tabs into a pipe, and nothing is cut', async () => {
    const { status, stdout, stderr } = await run(['list'], { home: four, env: { COLUMNS: '20' } })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const lines = stdout.trimEnd().split('\n')
    expect(lines.map((line) => line.split('\t').length)).toEqual(lines.map(() => 5))
    expect(stdout).toContain('api.crm.example')
    expect(stdout).not.toMatch(/[ \t]\n/)
  })

  test('is also ls, and never shows a secret', async () => {
    const [long, short] = await Promise.all([run(['list'], { home: four }), run(['ls'], { home: four })])
    expect(short).toEqual(long)
    expect(long.stdout).not.toContain(SECRET.slice(0, 6))
  })

  test('of nothing is empty and ends with 0', async () => {
    const none = documentOf('list', await run(['list', '--json'], { home: emptyHome() }))
    expect(none).toMatchObject({ data: { integrations: [] }, warnings: [{ code: 'no_vault' }] })
    expect((await run(['list', '-p', 'other', '--json'], { home: four })).status, 'a profile that is not there').toBe(6)
  })

  test('of 3,000 is whole, sorted and counted', async () => {
    const home = await homeWithVault()
    const many = Array.from({ length: 3000 }, (_, index) => ({
      provider: 'chatwoot',
      name: `n${String(index).padStart(4, '0')}`,
      accountId: '1',
      apiKey: SECRET,
      active: index % 3 !== 0,
    }))
    succeed(await run(['add', '--from', '-', '--no-test'], { home, input: JSON.stringify(many) }))
    const { data } = documentOf('list', await run(['list', '--json'], { home, env: NO_KEY }))
    expect(data.integrations.map((entry: Json) => entry.name)).toEqual(many.map(({ name }) => name))
    expect(data.summary).toEqual({ total: 3000, active: 2000, inactive: 1000, failing: 0, untested: 2000 })
  })
})

describe.concurrent('crm show', () => {
  test('shows settings, masks secrets, and knows that it verified', async () => {
    const integration = await shown(four, 'good')
    expect(integration).toMatchObject({ name: 'good', verified: true, secrets: { apiKey: { set: true } } })
    expect(integration.secrets.apiKey).not.toHaveProperty('value')
    const { stdout } = succeed(await run(['show', 'GOOD'], { home: four, env: { LANG: 'C.UTF-8' } }))
    expect(stdout).toContain('••••••••')
    expect(stdout).not.toContain(sandbox.administratorToken)
  })

  test('shows what is readable without a key, and says that it is not verified', async () => {
    const document = documentOf('show', await run(['show', 'good', '--json'], { home: four, env: NO_KEY }))
    expect(document).toMatchObject({ data: { integration: { verified: false } }, warnings: [{ code: 'not_verified' }] })
  })

  test('--reveal of a field prints its bytes and nothing else into a pipe, and the audit log keeps it', async () => {
    const home = copyOf(four)
    expect(await run(['show', 'refused', '--reveal', 'apiKey'], { home })).toEqual({ status: 0, stdout: SECRET, stderr: '' })
    const { data } = documentOf('audit', await run(['audit', '--event', 'integration.reveal', '--json'], { home }))
    expect(data.events).toHaveLength(1)
    expect(JSON.stringify(data.events)).toContain('refused')
    expect(JSON.stringify(data.events)).not.toContain(SECRET)
  })

  test('--reveal without a field prints all of them; with --json each has its value', async () => {
    const home = copyOf(four)
    const { data } = documentOf('show', await run(['show', 'refused', '--reveal', '--json'], { home }))
    expect(data.integration.secrets.apiKey.value).toBe(SECRET)
    expect(succeed(await run(['show', 'refused', '--reveal'], { home })).stdout).toContain(SECRET)
  })

  test('--reveal needs a key, and a field that is a secret', async () => {
    failureOf('show', 'locked', await run(['show', 'refused', '--reveal', 'apiKey', '--json'], { home: four, env: NO_KEY }))
    const { status, stdout } = await run(['show', 'refused', '--reveal', 'nothing', '--json'], { home: four })
    expect({ status: [2, 6].includes(status), leaks: stdout.includes(SECRET) }).toEqual({ status: true, leaks: false })
  })

  test('--reveal hides the value from the log of GitHub before it prints it', async () => {
    const env = { CI: 'true', GITHUB_ACTIONS: 'true' }
    const { stdout, stderr } = await run(['show', 'refused', '--reveal', 'apiKey'], { home: copyOf(four), env })
    expect({ stdout, stderr }).toEqual({ stdout: SECRET, stderr: `::add-mask::${SECRET}\n` })
  })

  test('of a name that there is not suggests similar ones', async () => {
    const { error } = failureOf('show', 'not_found', await run(['show', 'refus', '--json'], { home: four }))
    expect(error.reason).toContain('refused')
  })

  test('of a provider finds its only active integration, and asks which where there are several', async () => {
    expect((await shown(four, 'custom')).name).toBe('plain')
    const { error } = failureOf('show', 'usage', await run(['show', 'chatwoot', '--json'], { home: four }))
    expect(error.reason).toContain('good, refused')
  })
})

describe.concurrent('crm edit', () => {
  test('changes only what its flags say, tests first, and counts the revision', async () => {
    const home = copyOf(four)
    const { data } = documentOf('edit', await run(['edit', 'good', '--no-email-collect', '--json'], { home }))
    expect(data.integration).toMatchObject({ revision: 2, settings: { emailCollect: false, baseUrl: sandbox.url, accountId: '1' } })
    expect(data.test.outcome).toBe('connected')
    expect(await run(['show', 'good', '--reveal', 'apiKey'], { home })).toMatchObject({ stdout: sandbox.administratorToken })
  })

  test('with the values of today tests them and changes nothing', async () => {
    const home = copyOf(four)
    const env = { T: sandbox.administratorToken }
    const same = ['edit', 'good', '--api-key-env', 'T', '--account-id', '1', '--rename', 'good']
    const said = succeed(await run(same, { home, env })).stdout
    expect(said).toContain('nothing to change: good')
    expect(said).toContain('connected')
    const { data } = documentOf('edit', await run([...same, '--json'], { home, env }))
    expect(data).toMatchObject({ integration: { revision: 1 }, test: { outcome: 'connected' } })
    const events = documentOf('audit', await run(['audit', '--json'], { home })).data.events.map(({ event }: { event: string }) => event)
    expect(events).not.toContain('integration.edit')
  })

  test('leaves everything as it was when the new token is refused', async () => {
    const home = copyOf(four)
    const before = await shown(home, 'good')
    const { error } = failureOf('edit', 'auth_rejected', await run(['edit', 'good', '--api-key-stdin', '--json'], { home, input: SECRET }))
    expect(error.reason).toContain('was left as it is')
    expect(await shown(home, 'good')).toEqual(before)
    expect(await run(['show', 'good', '--reveal', 'apiKey'], { home })).toMatchObject({ stdout: sandbox.administratorToken })
  })

  test('saves a refused token with --no-test, and the last test is no longer of this revision', async () => {
    const home = copyOf(four)
    const { data } = documentOf(
      'edit',
      await run(['edit', 'good', '--api-key-env', 'T', '--no-test', '--json'], { home, env: { T: SECRET } }),
    )
    expect(data.test).toBeNull()
    expect(await run(['test', 'good'], { home })).toMatchObject({ status: 4 })
  })

  test('--rename keeps everything else; the new name must be free', async () => {
    const home = copyOf(four)
    documentOf('edit', await run(['edit', 'good', '--rename', 'better', '--json'], { home }))
    expect(await names(home)).toEqual(['better', 'off', 'plain', 'refused'])
    failureOf('edit', 'conflict', await run(['edit', 'better', '--rename', 'off', '--json'], { home }))
    failureOf('edit', 'usage', await run(['edit', 'better', '--rename', 'No!', '--json'], { home }))
    expect(await run(['test', 'better'], { home })).toMatchObject({ status: 0 })
  })

  test('says which flags to give where nobody can be asked', async () => {
    const { error } = failureOf('edit', 'usage', await run(['edit', 'good', '--json'], { home: four }))
    expect(error.hint).toContain('crm edit good --')
  })

  test.each([
    [['--api-key', SECRET], 'usage'],
    [['--account-id', 'x'], 'usage'],
    [['--auth-type', 'none'], 'usage'],
  ] as const)('refuses %j and changes nothing', async (flags, code) => {
    const home = copyOf(four)
    const result = await run(['edit', 'good', ...flags, '--json'], { home })
    const { error } = failureOf('edit', code, result)
    expect(error.hint, 'a fix').toEqual(expect.any(String))
    expect(result.stdout).not.toContain(SECRET)
    expect((await shown(home, 'good')).revision).toBe(1)
  })

  test('fills base URL and account from a pasted address', async () => {
    const home = copyOf(four)
    const url = `${sandbox.url}/app/accounts/2/inbox/1`
    const { data } = documentOf('edit', await run(['edit', 'good', '--base-url', url, '--json'], { home }))
    expect(data.integration.settings).toMatchObject({ baseUrl: sandbox.url, accountId: '2' })
  })

  test('of a name that there is not is not_found', async () => {
    failureOf('edit', 'not_found', await run(['edit', 'nobody', '--rename', 'x', '--json'], { home: four }))
  })
})

describe.concurrent('crm toggle', () => {
  test('switches off and on again, says how to undo it, and --on twice changes nothing', async () => {
    const home = copyOf(four)
    expect(succeed(await run(['toggle', 'good'], { home })).stdout).toContain('good is now inactive')
    expect(await names(home, '--inactive')).toEqual(['good', 'off'])
    expect(succeed(await run(['toggle', 'good'], { home })).stdout).toContain('good is now active')
    const once = documentOf('toggle', await run(['toggle', 'good', '--on', '--json'], { home }))
    const twice = documentOf('toggle', await run(['toggle', 'good', '--on', '--json'], { home }))
    expect(twice).toEqual(once)
    expect(once.data.integration.active).toBe(true)
  })

  test('refuses --on together with --off', async () => {
    const { error } = failureOf('toggle', 'usage', await run(['toggle', 'good', '--on', '--off', '--json'], { home: four }))
    expect(error.hint).toBe('leave one of them out')
  })

  test('inactive ones are skipped by test and refused by demo-create, which says how to turn them on', async () => {
    const tested = documentOf('test', await run(['test', 'off', '--json'], { home: four }))
    expect(tested.data).toMatchObject({ results: [{ name: 'off', outcome: 'skipped' }], summary: { total: 1, skipped: 1 } })
    const refused = await run([...DEMO.slice(0, -1), 'off', '--json'], { home: four })
    expect(failureOf('demo-create', 'conflict', refused).error.hint).toContain('crm toggle off --on')
  })
})

describe.concurrent('crm remove', () => {
  test('--yes removes, under both of its names', async () => {
    const home = copyOf(four)
    expect(documentOf('remove', await run(['remove', 'off', '--yes', '--json'], { home })).data).toEqual({ removed: 'off' })
    succeed(await run(['rm', 'PLAIN', '-y'], { home }))
    expect(await names(home)).toEqual(['good', 'refused'])
    failureOf('remove', 'not_found', await run(['remove', 'off', '--yes', '--json'], { home }))
  })

  test('never assumes yes without a terminal', async () => {
    for (const line of ['crm remove good < /dev/null', 'yes | crm remove good', 'crm remove good <&-', 'crm remove good --no-input']) {
      const home = copyOf(four)
      const { status, stderr } = await runShell(line, { home })
      expect({ line, status }).toEqual({ line, status: 2 })
      expect(stderr).toContain('--yes')
      expect(await names(home)).toContain('good')
    }
  })

  test('is a conflict while demos made with it exist, unless --force', async () => {
    const home = copyOf(four)
    succeed(await run(DEMO, { home }))
    const { error } = failureOf('remove', 'conflict', await run(['remove', 'good', '--yes', '--json'], { home }))
    expect(error.hint).toContain('crm demo-remove')
    expect(await names(home)).toContain('good')
    succeed(await run(['remove', 'good', '--yes', '--force'], { home }))
    expect(await names(home)).not.toContain('good')
    expect(documentOf('demo-list', await run(['demo-list', '--json'], { home })).data.demos).toEqual([])
    succeed(await run(['vault', 'verify'], { home }))
  })
})

describe.concurrent('crm stats', () => {
  test('counts per provider, the vault and the demos', async () => {
    const home = copyOf(four)
    succeed(await run([...DEMO, '--slug', 'counted'], { home }))
    const { data } = documentOf('stats', await run(['stats', '--json'], { home, env: NO_KEY }))
    expect(data).toMatchObject({
      profile: 'default',
      providers: [
        { provider: 'chatwoot', total: 3, active: 2, failing: 1, lastTest: { outcome: expect.any(String) } },
        { provider: 'custom', total: 1, active: 1, failing: 0, lastTest: null },
      ],
      vault: { path: home.vault, bytes: expect.any(Number) },
      demos: { alive: 1 },
    })
    expect(data.vault.bytes).toBeGreaterThan(4096)
  })

  test('of nothing counts nothing', async () => {
    const home = emptyHome()
    const { data } = documentOf('stats', await run(['stats', '--json'], { home }))
    expect(data).toEqual({ profile: 'default', providers: [], vault: { path: home.vault, bytes: 0 }, demos: { alive: 0 } })
  })
})

describe.concurrent('crm providers', () => {
  test('lists the catalogue, needing nothing', async () => {
    const { data } = documentOf('providers', await run(['providers', '--json']))
    expect(data.providers.map((provider: Json) => provider.id)).toEqual(CATALOGUE)
  })

  test('tells of every field: flag, variable, where to find it', async () => {
    const { data } = documentOf('providers <id>', await run(['providers', 'CHATWOOT', '--json']))
    const fields = Object.fromEntries(data.provider.fields.map((field: Json) => [field.key, field]))
    expect(fields).toMatchObject({
      baseUrl: {
        flag: '--base-url',
        env: 'CHATWOOT_BASE_URL',
        default: 'https://app.chatwoot.com',
        sensitivity: 'public',
        required: false,
      },
      accountId: { flag: '--account-id', env: 'CHATWOOT_ACCOUNT_ID', required: true },
      apiKey: { flag: '--api-key-stdin', env: 'CHATWOOT_API_KEY', sensitivity: 'secret', required: true },
    })
    expect(data.provider.jsonSchema.required).toEqual(['accountId', 'apiKey'])
    const { stdout } = succeed(await run(['providers', 'chatwoot']))
    for (const text of ['--api-key-stdin', '--api-key-file', '--api-key-env', 'CHATWOOT_API_KEY']) expect(stdout).toContain(text)
  })

  test('an unknown one is not_found, naming those there are', async () => {
    const { error } = failureOf('providers', 'not_found', await run(['providers', 'nobody', '--json']))
    expect(error.reason).toContain('chatwoot')
  })
})

describe.concurrent('--fields', () => {
  test('keeps only these members, through arrays, and implies --json', async () => {
    const { stdout, stderr, status } = await run(['list', '--fields', 'integrations.name, summary.total'], { home: four })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(JSON.parse(stdout)).toEqual({
      schema: 'crm.list/1',
      ok: true,
      data: { integrations: ['good', 'off', 'plain', 'refused'].map((name) => ({ name })), summary: { total: 4 } },
      warnings: [],
    })
  })

  test('refuses one that there is not, lists those that are, and does nothing', async () => {
    const home = copyOf(four)
    const { error } = failureOf('toggle', 'usage', await run(['toggle', 'good', '--fields', 'integration.nmae'], { home }))
    expect(error.message).toContain('integration.nmae')
    expect(error.reason).toContain('integration.name')
    expect((await shown(home, 'good')).active).toBe(true)
  })
})

test('what a file of another language holds is kept byte for byte', async () => {
  const home = copyOf(four)
  const secret = 'pä$$ wörd "quoted" \\ \u{1f511}'
  writeFileSync(join(home.path, 'secret'), `${secret}\n`)
  const flags = [
    '--base-url',
    'https://api.crm.example',
    '--auth-type',
    'basic',
    '--username',
    'jo',
    '--password-file',
    'secret',
    '--no-test',
  ]
  succeed(await run(['add', 'custom', '--name', 'unicode', ...flags], { home }))
  expect((await run(['show', 'unicode', '--reveal', 'password'], { home })).stdout).toBe(secret)
})
