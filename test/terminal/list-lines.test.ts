import Sqlite from 'better-sqlite3'
import { expect, test } from 'vitest'
import { plainStyle } from '../../src/terminal/style.ts'
import { areLines, LINE_WORDS, listView } from '../../src/terminal/views/list.ts'
import { openVault, type Vault } from '../../src/vault/vault.ts'
import { draft, newVault } from '../support/vault.ts'

const STYLE = plainStyle({ now: 0 })
const SUMMARY = { total: 0, active: 0, inactive: 0, failing: 0, untested: 0 }

/** What the view makes of the rows, one by one. */
async function rowByRow(vault: Vault): Promise<string> {
  const integrations = vault.tablePages('default').flatMap((page) => page.rows())
  return listView({ profile: 'default', integrations, summary: SUMMARY }, STYLE)
}

/** What SQLite makes of them; undefined where the view would not take it. */
function linesOf(vault: Vault): string | undefined {
  const pages = vault.linePages('default', LINE_WORDS)
  return pages.every(({ text, totals }) => areLines(text, totals.total)) ? pages.map(({ text }) => text).join('\n') : undefined
}

test('lines that SQLite makes are those that the view makes of the same rows', async () => {
  const { unlocked, vault } = await newVault()
  const settings = (values: Record<string, string>) => ({ values: { settings: values, secrets: {} } })
  await unlocked.add([
    ...Array.from({ length: 320 }, (_, index) => draft(`acme-${index}`, { active: index % 3 > 0 })),
    draft('plain', settings({})),
    draft('account-alone', settings({ accountId: '7' })),
    draft('empty-account', settings({ accountId: '', baseUrl: 'https://crm.example.com' })),
    draft('with-path', settings({ baseUrl: 'https://crm.example.com:8443/base/path' })),
    draft('http', settings({ accountId: '12', baseUrl: 'http://127.0.0.1:3000' })),
    draft('named', settings({ accountId: 'named "baseUrl"', baseUrl: 'https://crm.example.com/a' })),
  ])
  const result = { revision: 1, checkedAtMs: Date.parse('2026-03-04T05:06:07.089Z'), latencyMs: 5, report: null } as const
  await unlocked.recordTests([
    { name: 'acme-1', outcome: 'connected', cause: null, ...result },
    { name: 'acme-2', outcome: 'failed', cause: 'auth_rejected', ...result },
    { name: 'http', outcome: 'failed', cause: null, ...result },
  ])
  expect(linesOf(vault)).toBeUndefined()
  await unlocked.remove('named')
  const lines = linesOf(vault)
  expect(lines).toBe(await rowByRow(vault))
  expect(lines?.split('\n')).toHaveLength(325)
  expect(lines).toContain('acme-2\tchatwoot\t3 on chat.example.com\tyes\tfailed: auth_rejected, 2026-03-04T05:06:07.089Z\n')
  expect(lines).toContain('\nhttp\tchatwoot\t12 on 127.0.0.1:3000\tyes\tfailed: unknown, 2026-03-04T05:06:07.089Z\n')
  expect(lines).toContain('\nplain\tchatwoot\t-\tyes\tnever\n')
})

test.each([
  ['a control character', `json_set(settings, '$.accountId', 'a' || char(27) || '[31m')`],
  ['a tab', `json_set(settings, '$.accountId', 'a' || char(9) || 'b')`],
  ['a zero byte', `'{"accountId":"1' || char(0) || '"}'`],
  ['another alphabet', `json_set(settings, '$.accountId', 'é')`],
  ['a member twice', `replace(settings, '{', '{"baseUrl":"https://elsewhere.example",')`],
  ['a member spelt with escapes', `replace(settings, '{', '{"b\\u0061seUrl":"https://elsewhere.example",')`],
  ['an array', `'[]'`],
  ['a number', `'7'`],
  [
    'a name with a line break',
    `settings, name = 'acme' || char(10) || 'two' || char(9) || 'x' || char(9) || 'y' || char(9) || 'yes' || char(9) || 'never'`,
  ],
  ['an outcome that there is not', `settings, last_outcome = 'wow'`],
  ['a time that is none', `settings, last_outcome = 'failed', last_checked_at = '2026' || char(155)`],
])('settings changed outside to hold %s are never printed as SQLite has them', async (_, change) => {
  const { path, world, vault, unlocked } = await newVault()
  await unlocked.add([draft('acme'), draft('other')])
  vault.close()
  const file = new Sqlite(path)
  file.exec(`PRAGMA ignore_check_constraints = ON; UPDATE integrations SET settings = ${change} WHERE name = 'acme'`)
  file.close()
  const copy = await openVault(path, world).catch((error: unknown) => {
    expect(error).toMatchObject({ code: 'damaged' })
    return undefined
  })
  if (copy === undefined) return
  const lines = linesOf(copy)
  if (lines !== undefined) expect(lines).toBe(await rowByRow(copy))
  copy.close()
})
