import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import type { DemoCreateAnswer, DemoOpenAnswer } from '../../src/core/answers.ts'
import type { Sandbox } from '../../src/sandbox/index.ts'
import { CRM, chatwootVariables, copyOf, emptyHome, type Home, homeWithChatwoot, NODE, openSandbox, run, succeed } from '../support/cli.ts'
import { runInTerminal } from '../support/pty.ts'
import { modulesOfBlocks, modulesOfSigns, readQr } from '../support/qr.ts'
import { dataOf, failureOf } from './document.ts'

const QUIET = { BROWSER: 'none' }
const UTF8 = { LANG: 'C.UTF-8' }

let sandbox: Sandbox
let home: Home
let inbox: { readonly dashboard: string; readonly widget: string }

beforeAll(async () => {
  sandbox = await openSandbox()
  home = await homeWithChatwoot(sandbox)
  const make = ['demo-create', '--bot-url', 'https://bot.example.com/hook', '--json']
  const made = dataOf<DemoCreateAnswer>('demo-create', await run([...make, '--name', 'Acme', '--output', 'page'], { home }))
  succeed(await run([...make, '--name', 'Talk', '--channel', 'api'], { home }))
  inbox = {
    dashboard: `${sandbox.url}/app/accounts/${sandbox.accounts[0]?.id}/settings/inboxes/${made.inbox?.id}`,
    widget: `${sandbox.url}/widget?website_token=${made.inbox?.websiteToken}`,
  }
})

/** Runs `crm demo-open acme` with more words, and gives what it printed on standard output. */
async function open(words: readonly string[], env: Record<string, string> = QUIET): Promise<string> {
  return succeed(await run(['demo-open', 'acme', ...words], { home, env })).stdout
}

describe.concurrent('the address', () => {
  test('is that of the inbox in the dashboard, alone on standard output', async () => {
    expect(await open([])).toBe(`${inbox.dashboard}\n`)
  })

  test('of the dashboard needs no server', async () => {
    const gone = await openSandbox()
    const other = await homeWithChatwoot(gone)
    succeed(await run(['demo-create', '--bot-url', 'https://bot.example.com/hook', '--name', 'Acme'], { home: other }))
    await gone.close()
    expect(succeed(await run(['demo-open', 'acme'], { home: other, env: QUIET })).stdout).toMatch(/\/settings\/inboxes\/\d+\n$/)
  })

  test('of the page is that of the widget, which the server has', async () => {
    expect(await open(['--page'])).toBe(`${inbox.widget}\n`)
    expect((await fetch(inbox.widget)).status).toBe(200)
  })

  test('of the page is the file that demo-create wrote', async () => {
    const file = pathToFileURL(join(home.path, 'page', 'index.html')).href
    expect(await open(['--page', 'page'])).toBe(`${file}\n`)
    expect(await open(['--page', 'page/index.html'])).toBe(`${file}\n`)
    expect(readFileSync(new URL(file), 'utf8')).toContain('Acme')
  })

  test('of the page is where it is published', async () => {
    expect(await open(['--page', 'https://demo.example.com/acme'])).toBe('https://demo.example.com/acme\n')
  })

  test('is in the JSON, with whether it was opened', async () => {
    const result = await run(['demo-open', 'acme', '--page', '--qr', 'always', '--json'], { home, env: QUIET })
    expect(dataOf<DemoOpenAnswer>('demo-open', result)).toEqual({
      demo: { slug: 'acme', name: 'Acme', integration: 'chatwoot', source: 'vault' },
      place: 'page',
      address: inbox.widget,
      opened: false,
    })
  })

  test('is found by the marks where there is no vault', async () => {
    const bare = emptyHome()
    const env = { ...chatwootVariables(sandbox), ...QUIET, INTEGRATION_ENCRYPTION_KEY: undefined }
    expect(succeed(await run(['demo-open', 'acme'], { home: bare, env })).stdout).toBe(`${inbox.dashboard}\n`)
    expect(succeed(await run(['demo-open', 'acme', '--page'], { home: bare, env })).stdout).toBe(`${inbox.widget}\n`)
    failureOf('demo-open', 'usage', await run(['demo-open', 'talk', '--page', '--json'], { home: bare, env }))
  })
})

describe.concurrent('what cannot be opened is named', () => {
  test('a demo of the API channel has an inbox and no page', async () => {
    expect(succeed(await run(['demo-open', 'talk'], { home, env: QUIET })).stdout).toContain('/settings/inboxes/')
    for (const words of [['--page'], ['--qr'], ['--page', 'https://demo.example.com/acme']]) {
      const { error } = failureOf('demo-open', 'usage', await run(['demo-open', 'talk', ...words, '--json'], { home, env: QUIET }))
      expect(error).toMatchObject({ message: 'the demo talk has no page' })
    }
  })

  test('no demo, no page at a path, no code of a file', async () => {
    failureOf('demo-open', 'not_found', await run(['demo-open', 'nobody', '--json'], { home, env: QUIET }))
    failureOf('demo-open', 'not_found', await run(['demo-open', 'acme', '--page', 'nowhere', '--json'], { home, env: QUIET }))
    failureOf('demo-open', 'usage', await run(['demo-open', 'acme', '--page', 'page', '--qr', '--json'], { home, env: QUIET }))
    failureOf('demo-open', 'usage', await run(['demo-open', '--qr', 'acme', '--json'], { home, env: QUIET }))
  })
})

describe.concurrent('the browser', () => {
  /** A browser that writes down what it is given. */
  function browserIn(at: Home): string {
    const path = join(at.path, 'browser')
    writeFileSync(path, `#!/bin/sh\nprintf %s "$1" > '${path}.part' && mv '${path}.part' '${path}.opened'\n`, { mode: 0o755 })
    return path
  }

  test('is asked for the address', async () => {
    const own = copyOf(home)
    const browser = browserIn(own)
    const result = await run(['demo-open', 'acme', '--json'], { home: own, env: { BROWSER: browser } })
    expect(dataOf<DemoOpenAnswer>('demo-open', result).opened).toBe(true)
    await expect.poll(() => existsSync(`${browser}.opened`), { timeout: 45_000 }).toBe(true)
    expect(readFileSync(`${browser}.opened`, 'utf8')).toBe(inbox.dashboard)
  })

  test('is left alone with --no-browser', async () => {
    const own = copyOf(home)
    const result = await run(['demo-open', 'acme', '--no-browser', '--json'], { home: own, env: { BROWSER: browserIn(own) } })
    expect(dataOf<DemoOpenAnswer>('demo-open', result).opened).toBe(false)
  })

  test('that is not there is no failure', async () => {
    expect(await open([], { BROWSER: '/nowhere/browser' })).toBe(`${inbox.dashboard}\n`)
    expect(await open([], {})).toBe(`${inbox.dashboard}\n`)
  })
})

describe.concurrent('the QR code', () => {
  test('is not drawn into a pipe unless that is asked for', async () => {
    expect(await open(['--qr'], { ...QUIET, ...UTF8 })).toBe(`${inbox.widget}\n`)
  })

  test('says the address, in blocks', async () => {
    const [address, ...lines] = (await open(['--qr', 'always'], { ...QUIET, ...UTF8 })).trimEnd().split('\n')
    expect(address).toBe(inbox.widget)
    expect(readQr(modulesOfBlocks(lines, 'light'))).toBe(inbox.widget)
  })

  test('says the address, in ASCII where the locale has nothing else', async () => {
    const text = await open(['--page', 'https://demo.example.com/acme', '--qr', 'always'], { ...QUIET, LANG: 'C' })
    const [address, ...lines] = text.trimEnd().split('\n')
    expect(text).toMatch(/^[\n\x20-\x7e]*$/)
    expect(address).toBe('https://demo.example.com/acme')
    expect(readQr(modulesOfSigns(lines))).toBe(address)
  })

  test('is dark on light on a terminal, and left out where it does not fit', async () => {
    const argv = [NODE, CRM, 'demo-open', 'acme', '--qr'] as const
    const wide = runInTerminal({ command: argv, env: { ...home.env, ...QUIET, ...UTF8 }, cwd: home.path })
    expect(await wide.exited).toBe(0)
    const drawn = wide
      .text()
      .split('\n')
      .filter((line) => /^[ ▀▄█]{20,}$/.test(line))
    expect(readQr(modulesOfBlocks(drawn, 'dark'))).toBe(inbox.widget)
    expect(wide.raw()).toMatch(/\u001b\[107m/)
    const narrow = runInTerminal({ command: argv, env: { ...home.env, ...QUIET, ...UTF8 }, cwd: home.path, columns: 30 })
    expect(await narrow.exited).toBe(0)
    expect(narrow.text()).toContain('widen it')
    expect(narrow.text()).not.toMatch(/[▀▄█]/)
  })
})
