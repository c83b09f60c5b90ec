import { readdirSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { copyOf, emptyHome, homeWithChatwoot, openSandbox, run, succeed } from '../support/cli.ts'

const custom = (name: string) => [
  'add',
  'custom',
  '--name',
  name,
  '--base-url',
  'https://x.example.com',
  '--auth-type',
  'none',
  '--no-test',
]

function alter(home: { readonly vault: string }, sql: string): void {
  const database = new DatabaseSync(home.vault)
  database.exec(sql)
  database.close()
}

test('P06 the first commands of a new home, all at once, lose nothing and leave nothing but the vault', async () => {
  const home = emptyHome()
  const names = Array.from({ length: 12 }, (_, index) => `c${index}`)
  const results = await Promise.all(names.map((name) => run(custom(name), { home })))
  expect(results.map(({ status, stderr }) => `${status} ${status === 0 ? '' : stderr}`.trim())).toEqual(names.map(() => '0'))
  const { stdout } = succeed(await run(['list', '--json', '--fields', 'summary.total'], { home }))
  expect(JSON.parse(stdout).data.summary.total).toBe(names.length)
  expect(readdirSync(home.path).filter((name) => /\.(new|creating)/.test(name))).toEqual([])
})

test('P02 an integration that was switched off in the file alone is damaged, not skipped', async () => {
  const sandbox = await openSandbox()
  const home = copyOf(await homeWithChatwoot(sandbox, 'acme'))
  alter(home, 'UPDATE integrations SET active = 0')
  sandbox.forgetRequests()
  for (const words of [
    ['test'],
    ['test', 'acme'],
    ['demo-create', '--name', 'A', '--bot-url', 'https://bot.example.com/hook'],
    ['toggle', 'acme', '--on'],
  ]) {
    const { status, stderr } = await run(words, { home })
    expect(status, `${words.join(' ')}: ${stderr}`).toBe(3)
  }
  expect(sandbox.requests).toEqual([])
})

test('P12 a log that was cut off can be looked at, and what is missing is named', async () => {
  const home = copyOf(await homeWithChatwoot(await openSandbox(), 'acme'))
  alter(home, 'DELETE FROM audit WHERE sequence = (SELECT max(sequence) FROM audit)')
  expect((await run(['test'], { home })).status).toBe(3)
  const verify = await run(['vault', 'verify', '--json'], { home })
  expect(verify.status).toBe(3)
  expect(JSON.parse(verify.stdout).data.problems).toContainEqual(expect.objectContaining({ table: 'audit', code: 'damaged' }))
  const audit = await run(['audit', 'verify', '--json'], { home })
  expect(JSON.parse(audit.stdout).data.firstBad).toBeGreaterThan(0)
})

test('a profile that the vault does not hold is not found, by every command', async () => {
  const home = await homeWithChatwoot(await openSandbox(), 'acme')
  for (const words of [['list'], ['test'], ['stats'], ['demo-list'], ['show', 'acme']]) {
    expect((await run(['-p', 'nope', ...words], { home })).status, words.join(' ')).toBe(6)
  }
})

test('a profile that does not open is not removed, unless by force', async () => {
  const home = copyOf(await homeWithChatwoot(await openSandbox(), 'acme'))
  const locked = { home, env: { INTEGRATION_ENCRYPTION_KEY: undefined } }
  expect((await run(['profile', 'remove', 'default', '--confirm', 'default'], locked)).status).toBe(3)
  expect((await run(['profile', 'remove', 'default', '--confirm', 'default', '--force'], locked)).status).toBe(0)
})

test('the audit log names the fields that an edit changed, and no other', async () => {
  const home = copyOf(await homeWithChatwoot(await openSandbox(), 'acme'))
  succeed(await run(['edit', 'acme', '--csat-survey', '--no-test'], { home }))
  const { stdout } = succeed(await run(['audit', '--event', 'integration.edit', '--json'], { home }))
  expect(JSON.parse(stdout).data.events.at(-1).details.fields).toEqual(['csatSurvey'])
})
