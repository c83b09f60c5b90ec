import { existsSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Sandbox } from '../../src/sandbox/index.ts'
import {
  addChatwoot,
  chatwootVariables,
  copyOf,
  emptyHome,
  type Home,
  homeWithChatwoot,
  homeWithVault,
  openSandbox,
  run,
  succeed,
} from '../support/cli.ts'
import { documentOf, failureOf, type Json } from './document.ts'

const DEMO = ['demo-create', '--name', 'Acme Dental', '--bot-url', 'https://bot.example.com/hook']
const NO_KEY = { INTEGRATION_ENCRYPTION_KEY: undefined }

let sandbox: Sandbox
let acme: Home

beforeAll(async () => {
  sandbox = await openSandbox()
  acme = await homeWithChatwoot(sandbox, 'acme')
})

/** The variables of the sandbox's second account, so that it shows which ones were used. */
const second = () => ({ ...chatwootVariables(sandbox), CHATWOOT_ACCOUNT_ID: String(sandbox.accounts[1]?.id) })

describe.concurrent('where the profile has no Chatwoot, the variables', () => {
  test('are tested without vault and key, and nothing is written', async () => {
    const home = emptyHome()
    const document = documentOf('test', await run(['test', '--json'], { home, env: { ...chatwootVariables(sandbox), ...NO_KEY } }))
    expect(document.data.results).toMatchObject([{ name: 'env:chatwoot', source: 'environment', outcome: 'connected', cached: false }])
    expect(existsSync(home.vault)).toBe(false)
  })

  test('answer to chatwoot and to env:chatwoot', async () => {
    for (const name of ['chatwoot', 'env:chatwoot', 'ENV:Chatwoot']) {
      const document = documentOf('test', await run(['test', name, '--json'], { env: chatwootVariables(sandbox) }))
      expect(document.data.results[0].name).toBe('env:chatwoot')
    }
  })

  test('are listed as such', async () => {
    const document = documentOf('list', await run(['list', '--json'], { env: { ...chatwootVariables(sandbox), ...NO_KEY } }))
    expect(document.data).toMatchObject({
      integrations: [{ name: 'env:chatwoot', source: 'environment', active: true, createdAt: null, secrets: { apiKey: { set: true } } }],
      summary: { total: 1, active: 1, inactive: 0, failing: 0, untested: 1 },
    })
    expect(JSON.stringify(document)).not.toContain(sandbox.administratorToken)
    expect(documentOf('list', await run(['list', '--inactive', '--json'], { env: chatwootVariables(sandbox) })).data.integrations).toEqual(
      [],
    )
  })

  test('are shown with their secret masked, and not revealed', async () => {
    const env = chatwootVariables(sandbox)
    const { data } = documentOf('show', await run(['show', 'env:chatwoot', '--json'], { env }))
    expect(data.integration).toMatchObject({ source: 'environment', settings: { baseUrl: sandbox.url } })
    failureOf('show', 'usage', await run(['show', 'env:chatwoot', '--reveal', 'apiKey', '--json'], { env }))
  })

  test('stand beside stored integrations of other providers', async () => {
    const home = await homeWithVault()
    const flags = ['--base-url', 'https://api.crm.example', '--auth-type', 'none', '--no-test', '--inactive']
    succeed(await run(['add', 'custom', '--name', 'other', ...flags], { home }))
    const { data } = documentOf('list', await run(['list', '--json'], { home, env: chatwootVariables(sandbox) }))
    expect(data.integrations.map((entry: Json) => `${entry.name} ${entry.source}`)).toEqual(['other vault', 'env:chatwoot environment'])
    expect(await run(['test'], { home, env: { ...chatwootVariables(sandbox), ...NO_KEY } })).toMatchObject({ status: 0 })
  })

  test('count only when all three are set; an empty one is not', async () => {
    for (const name of Object.keys(chatwootVariables(sandbox))) {
      const env = { ...chatwootVariables(sandbox), [name]: '' }
      // Nor does a test without a name end well with nothing tested.
      const bare = failureOf('test', 'not_found', await run(['test', '--json'], { env }))
      expect(`${bare.error.reason} ${bare.error.hint}`).toContain(name)
      const { error } = failureOf('test', 'not_found', await run(['test', 'env:chatwoot', '--json'], { env }))
      expect(`${error.reason} ${error.hint}`).toContain(name)
      failureOf('demo-create', 'not_found', await run([...DEMO, '--json'], { env }))
    }
  })

  test('are refused by name when they are not valid, without their values', async () => {
    const env = { ...chatwootVariables(sandbox), CHATWOOT_ACCOUNT_ID: 'sold-for-scrap' }
    const result = await run(['test', '--json'], { env })
    const { error } = failureOf('test', 'usage', result)
    expect(JSON.stringify(error)).toContain('CHATWOOT_ACCOUNT_ID')
    expect(error.hint).toBe('see what each must be with: crm providers chatwoot')
    expect(result.stdout).not.toContain('sold-for-scrap')
  })

  test.each(['\n', '\r\n'])('may end with a line break (%j), as what is read from a file often does', async (end) => {
    const env = Object.fromEntries(Object.entries(chatwootVariables(sandbox)).map(([name, value]) => [name, `${value}${end}`]))
    expect(await run(['test'], { env })).toMatchObject({ status: 0 })
    const { error } = failureOf('test', 'usage', await run(['test', '--json'], { env: { ...env, CHATWOOT_API_KEY: `a${end}${end}` } }))
    expect(error.problems).toEqual([{ field: 'CHATWOOT_API_KEY', message: 'must be on one line' }])
  })

  test('may hold an address of the dashboard', async () => {
    const env = { ...chatwootVariables(sandbox), CHATWOOT_BASE_URL: `${sandbox.url}/app/accounts/1/dashboard` }
    expect(await run(['test'], { env })).toMatchObject({ status: 0 })
  })

  test('fail with their own cause, and the fix does not edit what is not stored', async () => {
    const env = { ...chatwootVariables(sandbox), CHATWOOT_API_KEY: 'not-a-token' }
    const { error } = failureOf('test', 'auth_rejected', await run(['test', '--json'], { env }))
    expect(error.hint).toContain('CHATWOOT_API_KEY')
    expect(error.hint).not.toContain('crm edit')
  })

  test('of no provider but Chatwoot are used', async () => {
    failureOf('test', 'not_found', await run(['test', 'env:custom', '--json'], { env: chatwootVariables(sandbox) }))
  })
})

describe.concurrent('a stored integration', () => {
  test('always wins over the variables; env:chatwoot forces them', async () => {
    const stored = documentOf('test', await run(['test', 'chatwoot', '--json'], { home: acme, env: second() }))
    expect(stored.data.results).toMatchObject([{ name: 'acme', source: 'vault', identity: { accountId: '1' } }])
    const forced = documentOf('test', await run(['test', 'env:chatwoot', '--json'], { home: acme, env: second() }))
    expect(forced.data.results).toMatchObject([{ name: 'env:chatwoot', source: 'environment', identity: { accountId: '2' } }])
    const all = documentOf('test', await run(['test', '--json'], { home: acme, env: second() }))
    expect(all.data.results.map((result: Json) => result.name)).toEqual(['acme'])
    expect(documentOf('list', await run(['list', '--json'], { home: acme, env: second() })).data.integrations).toHaveLength(1)
  })

  test('wins even when it is inactive or locked: nothing falls back by itself', async () => {
    const home = copyOf(acme)
    failureOf('test', 'locked', await run(['test', '--json'], { home, env: { ...second(), ...NO_KEY } }))
    succeed(await run(['toggle', 'acme', '--off'], { home }))
    failureOf('demo-create', 'conflict', await run([...DEMO, '--json'], { home, env: second() }))
    expect(documentOf('test', await run(['test', 'chatwoot', '--json'], { home, env: second() })).data.results[0].outcome).toBe('skipped')
  })
})

describe('demos with variables alone', () => {
  test('are made, found again by their mark, shown, listed and removed, by machines that remember nothing', async () => {
    const server = await openSandbox()
    const env = { ...chatwootVariables(server), ...NO_KEY, CI: 'true' }
    const made = documentOf('demo-create', await run([...DEMO, '--json'], { env }))
    expect(made.data).toMatchObject({ changed: true, demo: { slug: 'acme-dental', integration: 'env:chatwoot', source: 'environment' } })
    const again = documentOf('demo-create', await run([...DEMO, '--json'], { env }))
    expect(again.data).toMatchObject({ changed: false, inbox: { id: made.data.inbox.id }, bot: { id: made.data.bot.id } })
    const { data: listed } = documentOf('demo-list', await run(['demo-list', '--json'], { env }))
    expect(listed.demos).toMatchObject([{ slug: 'acme-dental', status: 'ready', source: 'environment' }])
    const { data: shown } = documentOf('demo-show', await run(['demo-show', 'acme-dental', '--json'], { env }))
    expect(shown).toMatchObject({ inbox: { id: made.data.inbox.id }, bot: { id: made.data.bot.id }, account: { name: 'Sandbox One' } })
    failureOf('demo-remove', 'usage', await run(['demo-remove', 'acme-dental', '--json'], { env }))
    const { data: removed } = documentOf('demo-remove', await run(['demo-remove', 'acme-dental', '--yes', '--json'], { env }))
    expect(removed).toMatchObject({ changed: true, demos: [{ slug: 'acme-dental', outcome: 'removed' }] })
    expect(server.state.inboxes.filter(({ id }) => String(id) === made.data.inbox.id)).toEqual([])
    failureOf('demo-remove', 'not_found', await run(['demo-remove', 'never-seen', '--yes', '--json'], { env }))
    expect(documentOf('demo-list', await run(['demo-list', '--json'], { env })).data.demos).toEqual([])
  })

  test('are partial where a bot does not serve its inbox, and keep the time at which they were made', async () => {
    const server = await openSandbox()
    const env = { ...chatwootVariables(server), ...NO_KEY }
    const list = async () => documentOf('demo-list', await run(['demo-list', '--json'], { env })).data.demos
    const fault = server.faults.add('POST /set_agent_bot:500')
    failureOf('demo-create', 'partial', await run([...DEMO, '--keep-on-failure', '--json'], { env }))
    expect(await list()).toMatchObject([{ slug: 'acme-dental', status: 'partial' }])
    fault.remove()
    succeed(await run(DEMO, { env }))
    const [whole] = await list()
    expect(whole.status).toBe('ready')
    const again = [await run([...DEMO, '--json'], { env }), await run([...DEMO, '--json'], { env })]
    expect(documentOf('demo-create', again[0]!).data).toMatchObject({ changed: false, demo: { createdAt: whole.createdAt } })
    expect(again[1]!.stdout).toBe(again[0]!.stdout)
  })

  test('are adopted by a vault that is new, and changed by nothing then', async () => {
    const server = await openSandbox()
    const made = documentOf('demo-create', await run([...DEMO, '--json'], { env: chatwootVariables(server) }))
    const home = await homeWithVault()
    succeed(await addChatwoot(home, server, ['--name', 'acme']))
    const adopted = documentOf('demo-create', await run([...DEMO, '--json'], { home }))
    expect(adopted.data).toMatchObject({ changed: false, inbox: { id: made.data.inbox.id }, bot: { id: made.data.bot.id } })
    expect(documentOf('demo-list', await run(['demo-list', '--json'], { home })).data.demos).toMatchObject([
      { slug: 'acme-dental', source: 'vault' },
    ])
  })
})
