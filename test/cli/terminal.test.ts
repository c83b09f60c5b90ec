import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Sandbox } from '../../src/sandbox/index.ts'
import { CRM, copyOf, emptyHome, type Home, homeWithChatwoot, makeOlder, NODE, openSandbox, run, succeed } from '../support/cli.ts'
import { KEYS, paste, runInTerminal, type TerminalRun } from '../support/pty.ts'
import { ended, watching } from '../terminal/asking.ts'
import { documentOf } from './document.ts'

const WRONG_TOKEN = 'tok-9f2c7d41aa-never-shown'
const PASSPHRASE = 'correct horse battery staple'

let sandbox: Sandbox
/** `acme` at the sandbox, the profile `other`, the demo `acme-dental`. */
let acme: Home
/** A profile that only a passphrase opens. */
let closed: Home

beforeAll(async () => {
  sandbox = await openSandbox()
  acme = await homeWithChatwoot(sandbox, 'acme')
  succeed(await run(['profile', 'create', 'other', '--key', 'env'], { home: acme }))
  succeed(await run(['demo-create', '--name', 'Acme Dental', '--bot-url', 'https://bot.example.com/hook'], { home: acme }))
  closed = emptyHome()
  const file = join(closed.path, 'passphrase')
  writeFileSync(file, PASSPHRASE, { mode: 0o600 })
  succeed(await run(['init', '--key', 'passphrase'], { home: closed, env: { CRM_PASSPHRASE_FILE: file } }))
})

/** Runs a command line on a terminal, as the person whose home it is: no key in the environment but where it is said. */
function person(home: Home, line: string, env: Record<string, string> = {}): Promise<TerminalRun> {
  const { INTEGRATION_ENCRYPTION_KEY: _key, ...rest } = home.env
  return watching(['/bin/bash', '-c', line], { env: { ...rest, LANG: 'C.UTF-8', ...env }, cwd: home.path })
}

function olderCopyOf(home: Home): Home {
  const copy = copyOf(home)
  makeOlder(copy)
  return copy
}

const withKey = (home: Home) => ({ INTEGRATION_ENCRYPTION_KEY: home.key })

type Step = readonly [prompt: string | RegExp, keys: string]

async function answer(terminal: TerminalRun, steps: readonly Step[]): Promise<void> {
  for (const [prompt, keys] of steps) {
    await terminal.sees(prompt)
    terminal.type(keys)
  }
}

/** Names, modes and contents of everything in a home. */
function contentOf(directory: string): string {
  const hash = createHash('sha256')
  for (const name of readdirSync(directory, { recursive: true }).map(String).sort()) {
    const path = join(directory, name)
    const facts = statSync(path)
    hash.update(`${name} ${facts.mode}\n`)
    if (facts.isFile()) hash.update(readFileSync(path))
  }
  return hash.digest('hex')
}

/** Of the many CRMs, the one whose name begins so. */
const chooseChatwoot: Step[] = [
  ['Which CRM', 'chatw'],
  [/[❯>] Chatwoot/, KEYS.enter],
]

/** What a person types to add the sandbox's Chatwoot on a fresh machine, up to the key of the vault. */
const addSteps = (token: string): Step[] => [
  ['Base URL:', `${sandbox.url}\r`],
  ['Account id:', '1\r'],
  ['(hidden)', `${token}\r`],
  [/cancel/, KEYS.enter],
]

const keySteps: Step[] = [
  ['a key file', KEYS.enter],
  ['New passphrase for profile default: (hidden)', `${PASSPHRASE}\r`],
  ['The same again: (hidden)', `${PASSPHRASE}\r`],
]

const editSteps: Step[] = [
  ['Base URL:', KEYS.enter],
  ['Account id:', KEYS.enter],
  ['(hidden)', KEYS.enter],
  ['Greeting in new inboxes', KEYS.enter],
  ['e-mail address', KEYS.enter],
  ['Assign conversations', KEYS.enter],
  ['Satisfaction survey', KEYS.enter],
  [/cancel/, KEYS.enter],
]

describe.concurrent('crm add by prompts', () => {
  test('asks, reviews, tests, makes the vault, and saves', async () => {
    const home = emptyHome()
    const terminal = await person(home, 'crm add')
    await answer(terminal, [...chooseChatwoot, ...addSteps(sandbox.administratorToken), ...keySteps])
    await terminal.sees('added chatwoot')
    const { status, before, after } = await ended(terminal)
    expect(status).toBe(0)
    expect(after).toBe(before)
    for (const secret of [sandbox.administratorToken, PASSPHRASE]) expect(terminal.text()).not.toContain(secret)
    expect(terminal.text()).toContain('••••••••')
    const file = join(home.path, 'passphrase')
    writeFileSync(file, PASSPHRASE, { mode: 0o600 })
    expect(await run(['test'], { home, env: { CRM_PASSPHRASE_FILE: file, INTEGRATION_ENCRYPTION_KEY: undefined } })).toMatchObject({
      status: 0,
    })
  })

  test('takes a pasted dashboard address, and corrects a field in the review', async () => {
    const home = copyOf(acme)
    const terminal = await person(home, 'crm add chatwoot --name pasted', withKey(home))
    await answer(terminal, [
      ['Base URL:', `${paste(`${sandbox.url}/app/accounts/999/dashboard`)}\r`],
      ['Account id is 999, from the address', ''],
      ['(hidden)', `${paste(`${sandbox.administratorToken}\n`)}\r`],
      [/Account id +999/, ''],
      ['cancel', 'correct\r'],
      ['Which one', 'accountId'],
      [/❯ Account id/, KEYS.enter],
      ['Account id: [999]', '1\r'],
      [/Account id +1\n/, ''],
      ['cancel', KEYS.enter],
      ['added pasted', ''],
    ])
    expect((await ended(terminal)).status).toBe(0)
    const { data } = documentOf('show', await run(['show', 'pasted', '--json'], { home }))
    expect(data.integration).toMatchObject({ settings: { baseUrl: sandbox.url, accountId: '1' }, lastTest: { outcome: 'connected' } })
  })

  test('ends as SIGHUP ends it when its terminal is closed', async () => {
    const { INTEGRATION_ENCRYPTION_KEY: _key, ...env } = emptyHome().env
    const terminal = runInTerminal({ command: [NODE, CRM, 'add', 'chatwoot'], env: { ...env, LANG: 'C.UTF-8' } })
    await terminal.sees('Base URL:')
    terminal.hangUp()
    expect(await terminal.exited).toBe(129)
  })

  test('asks again at once for what is not valid, and keeps what was typed', async () => {
    const home = copyOf(acme)
    const terminal = await person(home, 'crm add chatwoot', withKey(home))
    await answer(terminal, [
      ['Base URL:', 'ftp://x\r'],
      ['must begin with https', KEYS.ctrlC],
    ])
    expect((await ended(terminal)).status).toBe(130)
  })

  test('offers after a refused token to correct it, to test again, to save as inactive or to stop', async () => {
    const home = copyOf(acme)
    const terminal = await person(home, 'crm add chatwoot --name refused', withKey(home))
    await answer(terminal, addSteps(WRONG_TOKEN))
    await answer(terminal, [
      ['failed: auth_rejected', ''],
      ['correct a field', ''],
      ['test again', ''],
      ['save as inactive', ''],
      ['cancel', 'correct\r'],
      ['Which one', 'apiKey'],
      [/❯ API access token/, KEYS.enter],
      ['(hidden)', `${sandbox.administratorToken}\r`],
      ['added refused', ''],
    ])
    expect((await ended(terminal)).status).toBe(0)
    expect(terminal.text()).not.toContain(WRONG_TOKEN)
  })

  test('saves a refused token switched off when it is told to', async () => {
    const home = copyOf(acme)
    const terminal = await person(home, 'crm add chatwoot --name off', withKey(home))
    await answer(terminal, [...addSteps(WRONG_TOKEN), ['failed: auth_rejected', ''], ['cancel', 'save\r'], ['added off', '']])
    expect((await ended(terminal)).status).toBe(0)
    const { data } = documentOf('show', await run(['show', 'off', '--json'], { home }))
    expect(data.integration).toMatchObject({ active: false, lastTest: { outcome: 'failed', cause: 'auth_rejected' } })
  })

  test.each([
    ['saves untested on Enter', KEYS.enter, null],
    ['tests when it is told to', 'test\r', { outcome: 'connected' }],
  ])('with --no-test %s', async (_name, keys, lastTest) => {
    const home = copyOf(acme)
    const line = `crm add chatwoot --name untested --base-url ${sandbox.url} --account-id 1 --no-test`
    const terminal = await person(home, line, withKey(home))
    await answer(terminal, [
      ['(hidden)', `${sandbox.administratorToken}\r`],
      ['cancel', keys],
      ['added untested', ''],
    ])
    expect((await ended(terminal)).status).toBe(0)
    const { data } = documentOf('show', await run(['show', 'untested', '--json'], { home }))
    expect(data.integration.lastTest).toEqual(lastTest === null ? null : expect.objectContaining(lastTest))
  })

  test('asks only for what no flag gave', async () => {
    const home = copyOf(acme)
    const line = `crm add chatwoot --name short --base-url ${sandbox.url} --account-id 1`
    const terminal = await person(home, line, withKey(home))
    await answer(terminal, [
      ['(hidden)', `${sandbox.administratorToken}\r`],
      ['cancel', KEYS.enter],
      ['added short', ''],
    ])
    expect(terminal.text()).not.toContain('Base URL: [')
    expect((await ended(terminal)).status).toBe(0)
  })

  test('speaks in plain lines where CRM_ACCESSIBLE is set', async () => {
    const home = copyOf(acme)
    const terminal = await person(home, 'crm add chatwoot --name plain', { ...withKey(home), CRM_ACCESSIBLE: '1' })
    await answer(terminal, [
      ['Base URL [https://app.chatwoot.com]: ', `${sandbox.url}\r`],
      ['Account id: ', '1\r'],
      ['(hidden): ', `${sandbox.administratorToken}\r`],
      ['Number or name [1]: ', '\r'],
      ['added plain', ''],
    ])
    expect((await ended(terminal)).status).toBe(0)
    expect(terminal.text()).not.toContain(sandbox.administratorToken)
  })
})

describe.concurrent('other commands that ask', () => {
  test('edit keeps every value on Enter', async () => {
    const home = copyOf(acme)
    const before = documentOf('show', await run(['show', 'acme', '--json'], { home })).data.integration
    const terminal = await person(home, 'crm edit acme', withKey(home))
    await answer(terminal, [...editSteps, ['nothing to change: acme', '']])
    expect((await ended(terminal)).status).toBe(0)
    const after = documentOf('show', await run(['show', 'acme', '--json'], { home })).data.integration
    expect(after).toEqual({ ...before, lastTest: expect.objectContaining({ outcome: 'connected' }) })
    expect((await run(['show', 'acme', '--reveal', 'apiKey'], { home })).stdout).toBe(sandbox.administratorToken)
  })

  test('edit --no-test offers to save first, and does so on Enter', async () => {
    const home = copyOf(acme)
    const terminal = await person(home, 'crm edit acme --no-test', withKey(home))
    const steps = editSteps.map((step, index): Step => (index === 2 ? [step[0], `${WRONG_TOKEN}\r`] : step))
    await answer(terminal, [...steps, ['changed acme', '']])
    expect((await ended(terminal)).status).toBe(0)
    expect(terminal.text()).not.toContain('auth_rejected')
  })

  test('edit changes what is typed, and offers the menu when the new token is refused', async () => {
    const home = copyOf(acme)
    const terminal = await person(home, 'crm edit acme', withKey(home))
    const steps = editSteps.map((step, index): Step => (index === 2 ? [step[0], `${WRONG_TOKEN}\r`] : step))
    await answer(terminal, [...steps, ['failed: auth_rejected', ''], ['cancel', 'cancel\r'], ['Cancelled. Nothing was changed.', '']])
    expect((await ended(terminal)).status).toBe(130)
    expect((await run(['show', 'acme', '--reveal', 'apiKey'], { home })).stdout).toBe(sandbox.administratorToken)
  })

  test.each([
    ['Enter', KEYS.enter],
    ['n', 'n\r'],
    ['no', 'no\r'],
  ])('remove takes %s for no', async (_name, keys) => {
    const home = copyOf(acme)
    const before = contentOf(home.path)
    const terminal = await person(home, 'crm remove acme', withKey(home))
    await answer(terminal, [
      ['[y/N]', keys],
      ['Cancelled. Nothing was changed.', ''],
    ])
    expect((await ended(terminal)).status).toBe(130)
    expect(contentOf(home.path)).toBe(before)
  })

  test('remove takes y for yes', async () => {
    const home = copyOf(acme)
    const terminal = await person(home, 'crm remove acme --force', withKey(home))
    await answer(terminal, [
      ['[y/N]', 'y\r'],
      ['removed acme', ''],
    ])
    expect((await ended(terminal)).status).toBe(0)
  })

  test('init asks for a passphrase twice, until both are the same and long enough', async () => {
    const home = emptyHome()
    const terminal = await person(home, 'crm init')
    await answer(terminal, [
      ['a key file', KEYS.enter],
      ['(hidden)', 'too short\r'],
      ['is shorter than 12 characters', ''],
      ['(hidden)', `${PASSPHRASE}\r`],
      ['The same again: (hidden)', 'something else\r'],
      ['the two are not the same', ''],
      ['New passphrase for profile default: (hidden)', `${PASSPHRASE}\r`],
      ['The same again: (hidden)', `${PASSPHRASE}\r`],
      ['created profile default', ''],
    ])
    expect((await ended(terminal)).status).toBe(0)
    expect(terminal.text()).not.toContain(PASSPHRASE)
  })

  test('a passphrase opens the profile, and a wrong one is wrong_key', async () => {
    const home = copyOf(closed)
    const right = await person(home, 'crm vault verify')
    await answer(right, [
      ['Passphrase of profile default: (hidden)', `${PASSPHRASE}\r`],
      ['no problems', ''],
    ])
    expect((await ended(right)).status).toBe(0)
    const wrong = await person(home, 'crm vault verify')
    await answer(wrong, [
      ['Passphrase of profile default: (hidden)', 'incorrect horse\r'],
      ['wrong_key', ''],
    ])
    expect((await ended(wrong)).status).toBe(3)
  })

  test('asks for the passphrase of the profile that it opens, whichever is in use', async () => {
    const home = copyOf(closed)
    const second = 'another horse battery staple'
    writeFileSync(join(home.path, 'second'), second, { mode: 0o600 })
    succeed(await run(['-p', 'second', 'init', '--key', 'passphrase'], { home, env: { CRM_PASSPHRASE_FILE: join(home.path, 'second') } }))
    const terminal = await person(home, 'crm vault verify --all-profiles')
    await answer(terminal, [
      ['Passphrase of profile default: (hidden)', `${PASSPHRASE}\r`],
      ['Passphrase of profile second: (hidden)', `${second}\r`],
      ['no problems', ''],
    ])
    expect((await ended(terminal)).status).toBe(0)
  })

  test('what to do next is about the profile and the vault of this run', async () => {
    const home = copyOf(acme)
    succeed(
      await run(['add', 'custom', '--name', 'same', '--base-url', 'https://crm.example.com', '--auth-type', 'none', '--no-test'], { home }),
    )
    succeed(
      await run(
        ['-p', 'other', 'add', 'custom', '--name', 'same', '--base-url', 'https://crm.example.com', '--auth-type', 'none', '--no-test'],
        { home },
      ),
    )
    const where = `--vault ${home.vault} -p other`
    const terminal = await person(home, `crm -p other --vault ${home.vault} toggle same --off`, withKey(home))
    await terminal.sees(`next: crm ${where} toggle same --on`)
    await ended(terminal)
  })

  test('show --reveal asks on a terminal, and not in a pipe', async () => {
    const home = copyOf(acme)
    const terminal = await person(home, 'crm show acme --reveal apiKey', withKey(home))
    await answer(terminal, [
      ['[y/N]', 'y\r'],
      [sandbox.administratorToken, ''],
    ])
    expect((await ended(terminal)).status).toBe(0)
    const refused = await person(home, 'crm show acme --reveal', withKey(home))
    await answer(refused, [['[y/N]', KEYS.enter]])
    expect((await ended(refused)).status).toBe(130)
    expect(refused.text()).not.toContain(sandbox.administratorToken)
    const piped = await person(home, 'crm show acme --reveal apiKey | wc -c', withKey(home))
    await piped.sees(String(sandbox.administratorToken.length))
    expect((await ended(piped)).status).toBe(0)
  })

  test('a command whose output goes elsewhere still asks', async () => {
    const home = copyOf(acme)
    const terminal = await person(home, 'answer=$(crm remove acme --force); echo "got: $answer"', withKey(home))
    await answer(terminal, [
      ['[y/N]', 'y\r'],
      [/got: . removed acme/, ''],
    ])
    expect((await ended(terminal)).status).toBe(0)
  })

  test.each([
    ['CI is set', { CI: 'true' }, ''],
    ['the terminal is dumb', { TERM: 'dumb' }, ''],
    ['--no-input is given', {}, '--no-input'],
    ['--json is given', {}, '--json'],
    ['standard error is no terminal', {}, '2> errors'],
    ['standard input is no terminal', {}, '< /dev/null'],
  ])('nobody is asked when %s', async (_when, env, more) => {
    const home = copyOf(acme)
    const terminal = await person(home, `crm remove acme ${more}`, { ...withKey(home), ...env })
    expect((await ended(terminal)).status).toBe(2)
    expect(terminal.text()).not.toContain('[y/N]')
  })
})

describe.concurrent('a terminal', () => {
  test('gets colour and symbols, and nothing of it with NO_COLOR', async () => {
    const coloured = await person(acme, 'crm list', withKey(acme))
    await ended(coloured)
    expect(coloured.raw()).toMatch(/\u001b\[3\dm|\u001b\[9\dm|\u001b\[2m/)
    const plain = await person(acme, 'crm list', { ...withKey(acme), NO_COLOR: '1' })
    await ended(plain)
    expect(plain.raw()).not.toContain('\u001b')
    expect(plain.text()).toMatch(/1 integration: 1 active, 0 failing/)
  })

  test('gets JSON without colour', async () => {
    const terminal = await person(acme, 'crm list --json', { ...withKey(acme), FORCE_COLOR: '1' })
    await ended(terminal)
    expect(terminal.raw()).not.toContain('\u001b')
  })

  test('shows the spinner of a slow answer and takes it away again', async () => {
    const slow = await openSandbox({ latencyMs: 600 })
    const env = { CHATWOOT_BASE_URL: slow.url, CHATWOOT_ACCOUNT_ID: '1', CHATWOOT_API_KEY: slow.administratorToken }
    const terminal = await person(emptyHome(), 'crm test', env)
    await terminal.sees('Testing env:chatwoot')
    await terminal.sees('connected')
    const { status, before, after } = await ended(terminal)
    expect(status).toBe(0)
    expect(after).toBe(before)
    expect(terminal.raw().lastIndexOf('\u001b[?25h')).toBeGreaterThanOrEqual(terminal.raw().lastIndexOf('\u001b[?25l'))
  })

  test('that is interrupted while a server is slow gets its settings back', async () => {
    const hanging = await openSandbox({ faults: ['* /**:hang'] })
    const env = { CHATWOOT_BASE_URL: hanging.url, CHATWOOT_ACCOUNT_ID: '1', CHATWOOT_API_KEY: 'token' }
    const terminal = await person(emptyHome(), 'crm test', env)
    await terminal.sees('Testing env:chatwoot')
    terminal.type(KEYS.ctrlC)
    const { status, before, after } = await ended(terminal)
    expect(status).toBe(130)
    expect(after).toBe(before)
  })

  test('as narrow as 60 columns gets a table that fits', async () => {
    const { INTEGRATION_ENCRYPTION_KEY: _key, ...env } = acme.env
    const terminal = runInTerminal({ command: ['/bin/bash', '-c', 'crm list'], env: { ...env, LANG: 'C.UTF-8' }, columns: 60 })
    expect(await terminal.exited).toBe(0)
    const table = terminal.text().split('\n\n')[0]?.split('\n') ?? []
    expect(table.map((row) => row.slice(0, 4))).toEqual(['NAME', 'acme'])
    for (const row of table) expect(row.length).toBeLessThanOrEqual(60)
  })
})

interface Dialog {
  readonly line: string
  readonly home: () => Home
  readonly steps: () => readonly Step[]
}

/** Every command that asks, with each of its prompts. */
const DIALOGS: readonly Dialog[] = [
  { line: 'crm add', home: emptyHome, steps: () => [['Which CRM', '']] },
  { line: 'crm add chatwoot', home: emptyHome, steps: () => [...addSteps(sandbox.administratorToken), ...keySteps] },
  { line: 'crm edit acme', home: () => copyOf(acme), steps: () => editSteps },
  { line: 'crm init', home: emptyHome, steps: () => keySteps },
  { line: 'crm remove acme', home: () => copyOf(acme), steps: () => [['[y/N]', '']] },
  { line: 'crm show acme --reveal', home: () => copyOf(acme), steps: () => [['[y/N]', '']] },
  { line: 'crm profile remove other', home: () => copyOf(acme), steps: () => [['Type other to remove it', '']] },
  { line: 'crm key add passphrase', home: () => copyOf(acme), steps: () => keySteps.slice(1) },
  { line: 'crm demo-show acme-dental --reveal', home: () => copyOf(acme), steps: () => [['[y/N]', '']] },
  { line: 'crm demo-remove acme-dental', home: () => copyOf(acme), steps: () => [['[y/N]', '']] },
  { line: 'crm vault accept-older', home: () => olderCopyOf(acme), steps: () => [['[y/N]', '']] },
  { line: 'crm vault verify', home: () => copyOf(closed), steps: () => [['Passphrase of profile default: (hidden)', '']] },
]

describe.each(DIALOGS.map((dialog) => [dialog.line, dialog] as const))('%s', (line, { home: newHome, steps }) => {
  test.concurrent.each([
    ['Ctrl-C', KEYS.ctrlC],
    ['Ctrl-D', KEYS.ctrlD],
  ])('is cancelled by %s at each of its prompts: 130, the terminal as it was, nothing changed', async (_name, key) => {
    for (let prompts = 1; prompts <= steps().length; prompts += 1) {
      const home = newHome()
      const env = home.key === acme.key ? withKey(home) : {}
      const content = contentOf(home.path)
      const terminal = await person(home, line, env)
      const asked = steps().slice(0, prompts)
      await answer(terminal, asked.slice(0, -1))
      await terminal.sees(asked.at(-1)?.[0] ?? '')
      const cancelled = terminal.sees('Cancelled. Nothing was changed.\n')
      terminal.type(key)
      // On a busy machine a key may come before the prompt listens; a person presses it again.
      const again = setInterval(() => terminal.type(key), 5_000)
      await cancelled.finally(() => clearInterval(again))
      const { status, before, after } = await ended(terminal)
      expect({ prompts, status, settings: after }).toEqual({ prompts, status: 130, settings: before })
      expect(contentOf(home.path)).toBe(content)
    }
  })
})
