import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { IntegrationAnswer } from '../../src/core/answers.ts'
import { CrmError } from '../../src/core/errors.ts'
import type { Field } from '../../src/core/field.ts'
import { missingValues } from '../../src/terminal/missing-values.ts'
import { plainStyle, styleFor } from '../../src/terminal/style.ts'
import { displayWidth } from '../../src/terminal/table.ts'
import { doctorView } from '../../src/terminal/views/doctor.ts'
import { errorView } from '../../src/terminal/views/error.ts'
import { listView } from '../../src/terminal/views/list.ts'
import { showView } from '../../src/terminal/views/show.ts'
import { testView } from '../../src/terminal/views/test.ts'
import { ALL_VIEWS } from './all-views.ts'
import { NOW } from './captured.ts'
import { connected, failing, integration, SAMPLES } from './samples.ts'

const terminal = plainStyle({ terminal: true, columns: 90, now: NOW })
const pipe = plainStyle({ now: NOW })

describe.each(ALL_VIEWS)('what people see of $name', ({ view, data }) => {
  it('holds no control, bidi or invisible character from outside', async () => {
    for (const style of [terminal, pipe])
      expect(await view(data as never, style)).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e]/)
  })

  it('has no spaces at the end of a line, and no newline at its end', async () => {
    for (const style of [terminal, pipe]) expect(await view(data as never, style)).not.toMatch(/ +\n| $|\n$/)
  })

  it('says with colour what it says without', async () => {
    const coloured = await styleFor({ isTTY: true, columns: 90 }, { LANG: 'C.UTF-8' }, { noColor: false, verbose: false, now: NOW })
    expect(stripVTControlCharacters(await view(data as never, coloured))).toBe(await view(data as never, terminal))
  })

  it('is ASCII in a locale that shows nothing else, but for what data and masks hold', async () => {
    const ascii = plainStyle({ terminal: true, columns: 90, now: NOW, utf8: false })
    expect((await view(data as never, ascii)).replaceAll('•', '')).toMatch(/^[\n\x20-\x7e]*$/)
  })

  it('suggests a next command to people only', async () => {
    expect(await view(data as never, pipe)).not.toContain('next:')
  })
})

describe('a list', () => {
  const many = (count: number): IntegrationAnswer[] =>
    Array.from({ length: count }, (_, index) => ({ ...integration, name: `integration-${index}` }))

  it('is a table that fits, with its totals under it', async () => {
    expect(await listView(SAMPLES.list, terminal)).toMatchInlineSnapshot(`
      "NAME          PROVIDER  ACCOUNT                ACTIVE  LAST TEST
      acme-prod     chatwoot  3 on chat.example.com  yes     connected, 3 days ago
      acme-old      chatwoot  3 on chat.example.com  no      failed: auth_rejected, 3 days ago
      env:chatwoot  chatwoot  3 on chat.example.com  yes     never

      profile default, 3 integrations: 2 active, 0 failing, 1 never tested (not verified: profile is locked)"
    `)
  })

  it('keeps the name when the terminal is narrow', async () => {
    const text = await listView(SAMPLES.list, { ...terminal, columns: 50 })
    for (const line of text.split('\n').slice(0, 4)) expect(displayWidth(line)).toBeLessThanOrEqual(50)
    expect(text).toContain('env:chatwoot')
  })

  it('is data and nothing else into a file', async () => {
    expect(await listView(SAMPLES.list, pipe)).toMatchInlineSnapshot(`
      "acme-prod	chatwoot	3 on chat.example.com	yes	connected, 2026-01-28T12:00:00.000Z
      acme-old	chatwoot	3 on chat.example.com	no	failed: auth_rejected, 2026-01-28T12:00:00.000Z
      env:chatwoot	chatwoot	3 on chat.example.com	yes	never"
    `)
  })

  it('shows times in full with -v', async () => {
    expect(await listView(SAMPLES.list, { ...terminal, columns: 200, verbose: true })).toContain('2026-01-28T12:00:00.000Z')
  })

  it('shows a thousand rows', async () => {
    const data = { ...SAMPLES.list, integrations: many(1_000) }
    expect((await listView(data, terminal)).split('\n')).toHaveLength(1_000 + 3)
  })
})

it('show masks secrets with eight dots, whatever their length', async () => {
  expect(await showView({ integration, test: null }, terminal)).toMatchInlineSnapshot(`
    "acme-prod (chatwoot, profile default, active)
      baseUrl    https://chat.example.com
      accountId  3
      note       Ev\\x1b[31mil\\u{202e}\\x07
      apiKey     ••••••••  set 3 days ago
      other      not set
      last test  connected, 3 days ago
      changed    3 days ago, revision 2
      created    3 days ago
      not verified: profile is locked"
  `)
})

it('a single test shows who the token belongs to and what was checked', async () => {
  expect(
    await testView({ profile: 'default', results: [connected], summary: { total: 1, connected: 1, failed: 0, skipped: 0 } }, terminal),
  ).toMatchInlineSnapshot(`
    "✓ connected  acme-prod (chatwoot), 213 ms
      account  Ev\\x1b[31mil\\u{202e}\\x07 (3)
      user     Jane jane@example.com (administrator)
      server   version 4.15.1
      ✓ product
      ✗ administrator: Ev\\x1b[31mil\\u{202e}\\x07"
  `)
})

it('several tests show each failure with its fix', async () => {
  expect(await testView(SAMPLES.test, terminal)).toMatchInlineSnapshot(`
    "NAME       PROVIDER  OUTCOME      TIME    ACCOUNT OR CAUSE
    acme-prod  chatwoot  ✓ connected  213 ms  Ev\\x1b[31mil\\u{202e}\\x07
    acme-old   chatwoot  ✗ failed     213 ms  Chatwoot rejected the token Ev\\x1b[31mil\\u{202e…
    acme-off   chatwoot  – skipped    -       inactive

    3 integrations: 1 connected, 1 failed, 1 skipped
    to fix:
      acme-old: create a new one, then: crm edit acme-old --api-key-stdin"
  `)
})

it('doctor has a line for each check, and under what is not right the command that mends it', async () => {
  expect(await doctorView(SAMPLES.doctor, terminal)).toMatchInlineSnapshot(`
    "✗ vault_file    Ev\\x1b[31mil\\u{202e}\\x07
                    → chmod 600 vault.db
    ✓ clock         2026-01-28T12:00:00.000Z
    ! integrations  never tested: acme
                    → crm test acme
    – unlock        the profile default is locked

    1 problem, 1 warning, 1 not checked"
  `)
})

it('an inactive integration is told from an active one by a word', async () => {
  expect(await listView({ ...SAMPLES.list, integrations: [failing] }, pipe)).toContain('\tno\t')
})

describe('an error', () => {
  it('lists the first of very many problems, and says how many more there are', () => {
    const problems = Array.from({ length: 130_000 }, (_, index) => ({ field: `field${index}`, message: 'is not known' }))
    const text = errorView(new CrmError('usage', 'the answers are not valid: 130000 values are not valid', { problems }), terminal)
    expect(text).toContain('field49 ')
    expect(text).not.toContain('field50 ')
    expect(text).toContain('and 129950 more')
  })

  it('says what, why and how to mend it in at most six lines', () => {
    const error = new CrmError('locked', 'profile acme is locked', { reason: 'no key was found', hint: 'crm key list -p acme' })
    expect(errorView(error, terminal)).toMatchInlineSnapshot(`
      "error: profile acme is locked
        cause: no key was found
        fix:   crm key list -p acme
        code:  locked (exit 3)   more: crm help exit-codes"
    `)
  })

  it('lists the values that nobody can be asked for, each with its flags and its variable', () => {
    const fields: Field[] = [
      { key: 'baseUrl', label: 'Base URL', kind: 'url', sensitivity: 'public', env: 'CHATWOOT_BASE_URL' },
      { key: 'apiKey', label: 'Token', kind: 'text', sensitivity: 'secret', env: 'CHATWOOT_API_KEY' },
    ]
    expect(errorView(missingValues(fields, 'where to find each: crm providers chatwoot'), terminal)).toMatchInlineSnapshot(`
      "error: 2 values are needed and there is no terminal to ask on
        baseUrl  --base-url <url>                                                CHATWOOT_BASE_URL (with --from-env)
        apiKey   --api-key-stdin | --api-key-file <path> | --api-key-env <NAME>  CHATWOOT_API_KEY (with --from-env)
        fix:   where to find each: crm providers chatwoot
        code:  usage (exit 2)   more: crm help exit-codes"
    `)
  })

  it('does not say a single problem twice', () => {
    const error = new CrmError('usage', 'the values are not valid: baseUrl must be https', {
      problems: [{ field: 'baseUrl', message: 'must be https' }],
    })
    expect(errorView(error, terminal).match(/must be https/g)).toHaveLength(1)
  })
})
