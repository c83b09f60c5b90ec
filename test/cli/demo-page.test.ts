/** The page of a demo as a browser shows it. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import type { Sandbox } from '../../src/sandbox/index.ts'
import { ARTIFACTS, openPage, requireBrowser } from '../support/browser.ts'
import { chatwootVariables, emptyHome, openSandbox, run, succeed } from '../support/cli.ts'

let sandbox: Sandbox
let page: string

beforeAll(async () => {
  sandbox = await openSandbox()
  const home = emptyHome()
  const words = [
    'demo-create',
    '--name',
    'Acme Dental',
    '--bot-url',
    'https://bot.example.com/hook',
    '--output',
    'site',
    '--color',
    '#0f766e',
  ]
  succeed(await run([...words, '--welcome-title', 'Welcome to Acme Dental'], { home, env: chatwootVariables(sandbox) }))
  page = join(home.path, 'site/index.html')
})

/** What a person can read: no tags, no scripts, no hidden elements. */
function readable(html: string): string {
  return html
    .replace(/<(script|style|noscript)\b[\s\S]*?<\/\1>/g, '')
    .replace(/<(\w+)[^>]*\shidden(?:="")?[^>]*>[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
}

test('names the company, wears its colour, and starts the chat; the only thing it loads is the script of Chatwoot', async (context) => {
  requireBrowser(context)
  sandbox.forgetRequests()
  const html = await openPage(pathToFileURL(page).href, { picture: 'demo-page.png' })
  expect(readable(html)).toMatch(/Acme Dental .*Welcome to Acme Dental .*Start a chat/)
  expect(readable(html)).not.toContain('could not be loaded')
  expect(html).toContain('id="cw-bubble"')
  expect(html).toContain('--brand: #0f766e; --on-brand: #ffffff')
  expect(sandbox.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /packs/js/sdk.js'])
  expect(statSync(join(ARTIFACTS, 'demo-page.png')).size).toBeGreaterThan(10_000)
})

test('can be read without the script, which then says so, and without any script', async (context) => {
  requireBrowser(context)
  const lonely = `${page}.html`
  writeFileSync(lonely, readFileSync(page, 'utf8').replaceAll(sandbox.url, 'http://127.0.0.1:9'))
  expect(readable(await openPage(pathToFileURL(lonely).href))).toMatch(/Welcome to Acme Dental .*The chat could not be loaded\./)
  const source = readFileSync(page, 'utf8')
  expect(readable(source)).toContain('Welcome to Acme Dental')
  expect(readable(source)).not.toContain('Start a chat')
  expect(source).toContain('<noscript><p>The chat needs JavaScript.</p></noscript>')
})

test('fits a telephone, and has a dark look', async (context) => {
  requireBrowser(context)
  const probe = `${page}.probe.html`
  // The page tells how wide it is: nothing may stick out.
  const measure =
    '<script>addEventListener("load",()=>{document.title=[document.documentElement.scrollWidth,innerWidth,getComputedStyle(document.body).backgroundColor].join("/")})</script>'
  writeFileSync(probe, readFileSync(page, 'utf8').replace('</body>', `${measure}</body>`))
  const titleOf = (html: string) => /<title>(.*?)<\/title>/.exec(html)?.[1] ?? ''
  const narrow = titleOf(await openPage(pathToFileURL(probe).href, { width: 500, height: 900, picture: 'demo-page-phone.png' }))
  const [scrolled, inner] = narrow.split('/').map(Number)
  expect(scrolled).toBeLessThanOrEqual(inner ?? 0)
  const dark = titleOf(await openPage(pathToFileURL(probe).href, { dark: true, picture: 'demo-page-dark.png' }))
  expect(dark).toContain('rgb(20, 24, 29)')
  expect(existsSync(join(ARTIFACTS, 'demo-page-phone.png'))).toBe(true)
})
