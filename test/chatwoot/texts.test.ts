import fc from 'fast-check'
import { expect, test } from 'vitest'
import { deliveryWarning, isRefusedByGuard } from '../../src/chatwoot/delivery.ts'
import { demoPage, snippetBase, snippetWarning, textColorOn, widgetSnippet } from '../../src/chatwoot/demo-page.ts'
import { adviseFor, errorFor } from '../../src/chatwoot/demo-target.ts'
import { isAtLeast, parseVersion, versionWarnings } from '../../src/chatwoot/version.ts'
import { CrmError } from '../../src/core/errors.ts'

test.each([
  ['4.15.1', [4, 15, 1]],
  ['v4.15.1-acme.2', [4, 15, 1]],
  ['4.15', [4, 15, 0]],
  [' 4.16.0 ', [4, 16, 0]],
  ['four', undefined],
  ['', undefined],
  [null, undefined],
])('version %s is read as %j', (text, expected) => {
  expect(parseVersion(text)).toEqual(expected)
})

test('versions are ordered by their parts', () => {
  expect([isAtLeast([4, 14, 0], [4, 14, 0]), isAtLeast([4, 9, 9], [4, 14, 0]), isAtLeast([5, 0, 0], [4, 14, 0])]).toEqual([
    true,
    false,
    true,
  ])
})

test.each([
  ['4.15.1', []],
  ['4.16.0', ['agent_bots_broken']],
  ['4.16.2', []],
  ['3.5.1', ['super_admin_refused', 'deliveries_unsigned']],
  ['3.6.0', ['deliveries_unsigned']],
  ['2.18.0', ['used_bots_not_removable', 'deliveries_unsigned']],
  ['unknown', []],
])('version %s deserves the warnings %j', (version, expected) => {
  expect(versionWarnings(version).map(({ code }) => code)).toEqual(expected)
})

test.each([
  ['https://bot.example/hook', false],
  ['http://93.184.216.34/', false],
  ['https://[2606:2800:220:1::1]/', false],
  ['http://localhost:3000/', true],
  ['http://bot/', true],
  ['http://bot.local/', true],
  ['http://127.1/', true],
  ['http://0x7f000001/', true],
  ['http://10.1.2.3/', true],
  ['http://172.31.0.1/', true],
  ['http://172.32.0.1/', false],
  ['http://192.168.0.1/', true],
  ['http://169.254.169.254/', true],
  ['http://100.64.0.1/', true],
  ['http://224.0.0.1/', true],
  ['http://[::1]/', true],
  ['http://[::ffff:127.0.0.1]/', true],
  ['http://[fd00::1]/', true],
  ['http://[fe80::1]/', true],
  ['http://[2001:db8::1]/', true],
])('the guard refuses %s: %j', (url, expected) => {
  expect(isRefusedByGuard(new URL(url))).toBe(expected)
})

test('the warning about private addresses follows the version: none before 4.14, no way out in 4.14.0, a setting after', () => {
  const warn = (version: string | null) => deliveryWarning('http://localhost:3000/', version, 'bot')
  expect(warn('4.13.9')).toBeUndefined()
  expect(warn('4.14.0')?.message).not.toContain('SAFE_FETCH_ALLOW_PRIVATE_NETWORK=true')
  expect(warn('4.14.1')?.message).toContain('SAFE_FETCH_ALLOW_PRIVATE_NETWORK=true')
  expect(warn(null)?.code).toBe('bot_url_private')
  expect(deliveryWarning('https://bot.example', '4.15.1', 'bot')).toBeUndefined()
})

const SCRIPT = `<script>(function(d,t) { var BASE_URL="https://chat.example.com"; g.src=BASE_URL+"/packs/js/sdk.js"; })(document,"script");</script>`

test('a snippet that loads the widget from elsewhere is warned about', () => {
  expect(snippetBase(SCRIPT)).toBe('https://chat.example.com')
  expect(snippetBase(`g.src="https://x.example/packs/js/sdk.js"`)).toBe('https://x.example')
  expect(snippetWarning(SCRIPT, 'https://chat.example.com')).toBeUndefined()
  expect(snippetWarning(SCRIPT, 'https://other.example')?.code).toBe('snippet_base_differs')
  expect(snippetWarning(SCRIPT.replace('https://chat.example.com', ''), 'https://chat.example.com')?.message).toContain('no address at all')
  expect(snippetWarning('<script></script>', 'https://chat.example.com')).toBeUndefined()
})

/** The page without its own tags: what is left must hold no tag. */
function foreignTags(page: string, own: string): string[] {
  return (page.match(/<[a-z!/][^>]*/gi) ?? []).filter((tag) => !own.includes(tag))
}

test('no text in the page becomes HTML or script', () => {
  const given = { name: 'Acme', baseUrl: 'https://chat.example.com', websiteToken: 'token', welcomeTitle: 'Hi' }
  const own = demoPage(given)
  const hostile = fc.oneof(
    fc.string(),
    fc.constantFrom('</script><script>alert(1)</script>', '"><img onerror=x>', '<!--', ']]>', "'-alert(1)-'", '\u2028'),
  )
  fc.assert(
    fc.property(hostile, hostile, hostile, (name, token, welcomeTitle) => {
      const page = demoPage({ ...given, name, websiteToken: token, welcomeTitle, color: welcomeTitle })
      expect(foreignTags(page, own)).toEqual([])
      const script = /<script>([\s\S]*?)<\/script>/.exec(page)?.[1] ?? ''
      const literal = /websiteToken: ("(?:[^"\\]|\\.)*")/.exec(script)?.[1] ?? ''
      expect(JSON.parse(literal)).toBe(token)
    }),
  )
})

test.each([
  ['#000000', '#ffffff'],
  ['#0f766e', '#ffffff'],
  ['#1f93ff', '#111418'],
  ['#ffff00', '#111418'],
  ['#ffffff', '#111418'],
] as const)('on %s the text is %s', (color, expected) => {
  expect(textColorOn(color)).toBe(expected)
})

test('the snippet of our own names base and token', () => {
  expect(widgetSnippet('https://chat.example.com', 'abc')).toContain('websiteToken: "abc"')
})

test('advice names the integration, and for the environment the variable', () => {
  const stored = { name: 'chatwoot-eu', source: 'vault' } as const
  const environment = { name: 'env:chatwoot', source: 'environment' } as const
  expect(adviseFor(stored, 'use it: crm edit {name} --base-url https://a.example')).toBe(
    'use it: crm edit chatwoot-eu --base-url https://a.example',
  )
  expect(adviseFor(environment, 'use it: crm edit {name} --base-url https://a.example')).toBe(
    'use it: export CHATWOOT_BASE_URL=https://a.example',
  )
  expect(adviseFor(environment, 'then run: crm edit {name} --api-key-stdin')).toBe('then run: export CHATWOOT_API_KEY=<value>')
  expect(adviseFor(environment, 'crm edit {name} --base-url <url> --account-id <id>')).toBe(
    'export CHATWOOT_BASE_URL=<url> CHATWOOT_ACCOUNT_ID=<id>',
  )
  expect(adviseFor(environment, 'enter it again: crm edit {name}')).toBe('enter it again: export CHATWOOT_API_KEY=<value>')
  expect(adviseFor(environment, 'run: crm test {name}')).toBe('run: crm test env:chatwoot')
  const error = new CrmError('auth_rejected', 'no', { reason: 'because', hint: 'crm test {name}', retryable: true })
  expect(errorFor(stored, error)).toMatchObject({
    code: 'auth_rejected',
    message: 'no',
    reason: 'because',
    hint: 'crm test chatwoot-eu',
    retryable: true,
  })
})
