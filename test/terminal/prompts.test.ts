import { describe, expect, it } from 'vitest'
import { KEYS, paste, runInTerminal } from '../support/pty.ts'
import { answered, asking, askingCommand, ended, PERSON, pidOf } from './asking.ts'

const ACCESSIBLE = { CRM_ACCESSIBLE: '1' }
const TOKEN = 'tok-9f2c7d41aa-not-shown'

/** Each kind of question, and what stands on the screen when it waits. */
const QUESTIONS: [kind: string, drawn: string, plain: string][] = [
  ['text', 'Account id: [7]', 'Account id [7]: '],
  ['secret', 'Token: (hidden)', 'Token (hidden): '],
  ['choice', 'Basic', 'Number or name: '],
  ['long-choice', 'Label 3', 'Number or name: '],
  ['confirm', 'Remove acme? [y/N]', 'Remove acme? [y/N]: '],
]

describe.each(QUESTIONS)('the question %s', (kind, drawn, plain) => {
  for (const [mode, env, prompt] of [
    ['drawn', {}, drawn],
    ['plain', ACCESSIBLE, plain],
  ] as const) {
    for (const [name, key] of [
      ['Ctrl-C', KEYS.ctrlC],
      ['Ctrl-D on an empty line', KEYS.ctrlD],
    ] as const) {
      it(`is cancelled by ${name} and leaves the terminal as it was (${mode})`, async () => {
        const run = await asking([kind], env)
        await run.sees(prompt)
        run.type(key)
        await run.sees('Cancelled. Nothing was changed.\n')
        const { status, before, after } = await ended(run)
        expect(status).toBe(130)
        expect(after).toBe(before)
        expect(run.text()).not.toContain('answer:')
        expect(run.raw().lastIndexOf('\u001b[?25h')).toBeGreaterThanOrEqual(run.raw().lastIndexOf('\u001b[?25l'))
        expect(run.raw().lastIndexOf('\u001b[?2004l')).toBeGreaterThanOrEqual(run.raw().lastIndexOf('\u001b[?2004h'))
      })
    }
  }

  it('ends with 143 at SIGTERM and leaves the terminal as it was', async () => {
    const run = await asking([kind, '--pid'])
    await run.sees(drawn)
    process.kill(pidOf(run), 'SIGTERM')
    const { status, before, after } = await ended(run)
    expect(status).toBe(143)
    expect(after).toBe(before)
  })
})

describe('a secret', () => {
  it.each([
    ['drawn', {}, 'Token: (hidden)'],
    ['plain', ACCESSIBLE, 'Token (hidden): '],
  ])('is not shown, and neither is its length (%s)', async (_mode, env, prompt) => {
    const run = await asking(['secret'], env)
    await run.sees(prompt)
    const seen = run.text().length
    for (const key of TOKEN) run.type(key)
    run.type(KEYS.enter)
    expect(await answered(run)).toBe(TOKEN)
    const shown = run.text().slice(seen).split('answer:')[0] ?? ''
    expect(shown).not.toContain(TOKEN.slice(0, 4))
    expect(shown).not.toMatch(/[*•]/)
  })

  it('can be pasted, with the line break that was copied with it', async () => {
    const run = await asking(['two-secrets'])
    await run.sees('First: (hidden)')
    run.type(paste(`${TOKEN}\n`))
    run.type(KEYS.enter)
    await run.sees('Second: (hidden)')
    run.type(paste('another-one'))
    run.type(KEYS.enter)
    expect(await answered(run)).toEqual([TOKEN, 'another-one'])
  })

  it('is refused when a line break is pasted inside it, and nothing of it reaches the next question', async () => {
    const run = await asking(['two-secrets'])
    await run.sees('First: (hidden)')
    run.type(paste('first line\nsecond line'))
    run.type(KEYS.enter)
    await run.sees('line break')
    await run.sees('First: (hidden)')
    run.type(`${TOKEN}\r`)
    await run.sees('Second: (hidden)')
    run.type('second-secret\r')
    expect(await answered(run)).toEqual([TOKEN, 'second-secret'])
  })

  it('loses the white space around it, and says so', async () => {
    const run = await asking(['secret'])
    await run.sees('Token: (hidden)')
    run.type(paste(`  ${TOKEN} `))
    run.type(KEYS.enter)
    await run.sees('white space around the value was removed')
    expect(await answered(run)).toBe(TOKEN)
  })

  it('is typed again when it is refused', async () => {
    const run = await asking(['secret'])
    await run.sees('Token: (hidden)')
    run.type('abc\r')
    await run.sees('the value is too short')
    await run.sees('Token: (hidden)')
    run.type('defgh\r')
    expect(await answered(run)).toBe('defgh')
  })
})

describe('a new passphrase', () => {
  it('is asked for twice, and must be the same and long enough', async () => {
    const run = await asking(['passphrase'])
    await run.sees('New passphrase for profile default: (hidden)')
    run.type('short\r')
    await run.sees('is shorter than 12 characters')
    await run.sees('(hidden)')
    run.type('long enough for it\r')
    await run.sees('The same again: (hidden)')
    run.type('long enough for what\r')
    await run.sees('the two are not the same')
    await run.sees('New passphrase for profile default: (hidden)')
    run.type('long enough for it\r')
    await run.sees('The same again: (hidden)')
    run.type('long enough for it\r')
    expect(await answered(run)).toBe('long enough for it')
  })
})

describe('a text', () => {
  it('takes the default on Enter', async () => {
    const run = await asking(['text'])
    await run.sees('[7]')
    run.type(KEYS.enter)
    expect(await answered(run)).toBe('7')
  })

  it('keeps what was typed for correction when it is refused', async () => {
    const run = await asking(['text'])
    await run.sees('[7]')
    run.type('12x\r')
    await run.sees('the value must be digits')
    run.type(`${KEYS.backspace}3\r`)
    expect(await answered(run)).toBe('123')
  })

  it('is asked on one line a question in plain mode, without escape sequences', async () => {
    const run = await asking(['text'], ACCESSIBLE)
    await run.sees('Where: in the address\nAccount id [7]: ')
    run.type('x\r')
    await run.sees('error: the value must be digits\nAccount id [7]: ')
    run.type('41\r')
    expect(await answered(run)).toBe('41')
    expect(run.raw()).not.toContain('\u001b')
  })
})

describe('a choice', () => {
  it('is made with arrows', async () => {
    const run = await asking(['choice'])
    await run.sees('Basic')
    run.type(KEYS.down)
    run.type(KEYS.enter)
    expect(await answered(run)).toBe('bearer')
  })

  it('is made by typing its plain value', async () => {
    const run = await asking(['choice'])
    await run.sees('Basic')
    run.type('basic')
    run.type(KEYS.enter)
    expect(await answered(run)).toBe('basic')
  })

  it('filters a long list as one types', async () => {
    const run = await asking(['long-choice'])
    await run.sees('Label 3')
    run.type('id-37')
    await run.sees('Label 37')
    run.type(KEYS.enter)
    expect(await answered(run)).toBe('id-37')
  })

  it.each(['2', 'bearer', 'Bearer Token'])('is made in plain mode with %j', async (typed) => {
    const run = await asking(['choice'], ACCESSIBLE)
    await run.sees('  2. Bearer token\n')
    await run.sees('Number or name: ')
    run.type('9\r')
    await run.sees('error: type a number from 1 to 3')
    await run.sees('Number or name: ')
    run.type(`${typed}\r`)
    expect(await answered(run)).toBe('bearer')
  })
})

describe('a confirmation', () => {
  it.each([
    ['', false],
    ['n', false],
    ['y', true],
    ['yes', true],
  ])('typed as %j is %s', async (typed, expected) => {
    for (const env of [{}, ACCESSIBLE]) {
      const run = await asking(['confirm'], env)
      await run.sees('[y/N]')
      run.type(`${typed}\r`)
      expect(await answered(run)).toBe(expected)
    }
  })
})

describe('the questions of a provider', () => {
  it('understand a dashboard address, and name the origin that the token goes to', async () => {
    const run = await asking(['chatwoot'])
    await run.sees('Base URL: [https://app.chatwoot.com]')
    run.type(paste('https://chat.acme.example/app/accounts/12/dashboard\n'))
    run.type(KEYS.enter)
    await run.sees('Account id is 12, from the address')
    await run.sees('sent to https://chat.acme.example: (hidden)')
    run.type(`${TOKEN}\r`)
    expect(await answered(run)).toEqual({ baseUrl: 'https://chat.acme.example', accountId: '12', apiKey: TOKEN })
  })

  it('refuse an address that contradicts what was given', async () => {
    const run = await asking(['chatwoot-known'])
    await run.sees('Account id:')
    run.type('https://other.example/app/accounts/3/x\r')
    await run.sees('names another baseUrl than the one given')
  })

  it('follow from earlier answers', async () => {
    const run = await asking(['custom'])
    await run.sees('Headers as JSON')
    run.type('headers\r')
    await run.sees('Headers, sent to https://api.example.com: (hidden)')
    run.type(paste('{\n  "X-Key": "abc"\n}\n'))
    run.type(KEYS.enter)
    await run.sees('Test path: [/]')
    run.type(KEYS.enter)
    expect(await answered(run)).toEqual({
      baseUrl: 'https://api.example.com',
      authType: 'headers',
      headers: '{   "X-Key": "abc" }',
      testPath: '/',
    })
  })

  it('keep every value on Enter when an integration is edited', async () => {
    const run = await asking(['edit'])
    await run.sees('[https://chat.example.com]')
    run.type(KEYS.enter)
    await run.sees('[3]')
    run.type(KEYS.enter)
    await run.sees('It is set and ends in abcd; Enter keeps it.')
    await run.sees('(hidden)')
    run.type(KEYS.enter)
    for (const flag of ['Greeting in new inboxes [y/N]', 'e-mail address [Y/n]', 'agents [Y/n]', 'survey [y/N]']) {
      await run.sees(flag)
      run.type(KEYS.enter)
    }
    expect(await answered(run)).toMatchObject({
      baseUrl: 'https://chat.example.com',
      accountId: '3',
      apiKey: 'token-0123456789-0123456789-abcd',
      emailCollect: 'true',
    })
  })
})

describe('the review before saving', () => {
  it('masks secrets, and saves what was corrected', async () => {
    const run = await asking(['review'])
    await run.sees(/API access token +••••••••abcd/)
    await run.sees('cancel')
    run.type('correct\r')
    await run.sees('Which one:')
    run.type('accountId')
    await run.sees(/❯ Account id +3\n/)
    run.type(KEYS.enter)
    await run.sees('Account id: [3]')
    run.type('45\r')
    await run.sees(/Account id +45/)
    await run.sees('cancel')
    run.type('save\r')
    expect(await answered(run)).toMatchObject({ action: 'save', values: { accountId: '45' } })
    expect(run.text().split('answer:')[0]).not.toContain('token-0123456789')
  })

  it('is left without saving by its last entry', async () => {
    const run = await asking(['review'])
    await run.sees('cancel')
    run.type('cancel\r')
    await run.sees('Cancelled. Nothing was changed.\n')
    expect((await ended(run)).status).toBe(130)
  })

  it('offers after a failed test to save as inactive', async () => {
    const run = await asking(['failure'])
    await run.sees('cancel')
    run.type('save\r')
    expect(await answered(run)).toMatchObject({ action: 'inactive', values: { accountId: '3' } })
  })
})

describe('nobody is asked', () => {
  it.each([
    ['in CI', [], { CI: 'true' }],
    ['on a dumb terminal', [], { TERM: 'dumb' }],
    ['with --no-input', ['--no-input'], {}],
  ])('%s', async (_where, flags, env) => {
    const run = await asking(['text', ...flags], env)
    await run.sees('error: an answer is needed and there is no terminal to ask on')
    expect((await ended(run)).status).toBe(2)
  })

  it('with --json, which answers with one document', async () => {
    const run = await asking(['text', '--json'])
    await run.sees('"code": "usage"')
    expect((await ended(run)).status).toBe(2)
  })

  it('when standard input is not a terminal', async () => {
    const run = runInTerminal({
      command: ['/bin/sh', '-c', '"$@" </dev/null; echo "status=$?"', 'sh', ...askingCommand('text')],
      env: PERSON,
    })
    await run.sees('status=2')
  })
})

it('asks on the terminal while standard output goes elsewhere', async () => {
  const run = runInTerminal({
    command: ['/bin/sh', '-c', 'taken=$("$@"); echo "taken=<$taken>"', 'sh', ...askingCommand('text')],
    env: PERSON,
  })
  await run.sees('[7]')
  run.type('8\r')
  await run.sees('taken=<answer: "8">')
})

describe('colour on a terminal', () => {
  it.each([
    ['is there', {}, [], true],
    ['is off with NO_COLOR, even when FORCE_COLOR is set', { NO_COLOR: '1', FORCE_COLOR: '1' }, [], false],
    ['is off with --no-color', {}, ['--no-color'], false],
  ])('%s', async (_claim, env, flags, expected) => {
    const run = await asking(['choice', ...flags], env)
    await run.sees('Basic')
    run.type(KEYS.enter)
    await answered(run)
    expect(/\u001b\[[0-9;]*m/.test(run.raw())).toBe(expected)
  })
})

describe('progress', () => {
  it('names a long wait on a terminal, and is erased at its end', async () => {
    const run = await asking(['progress', '--pid'])
    await run.sees('asking the server')
    process.kill(pidOf(run), 'SIGUSR2')
    expect(await answered(run)).toBe('done')
    const after = run.raw().slice(run.raw().lastIndexOf('asking the server'))
    expect(after).toMatch(/^asking the server.*\u001b\[1G\u001b\[0K/s)
    expect(after).toContain('\u001b[?25h')
  })

  it('is one plain line in CI', async () => {
    const run = await asking(['progress', '--pid'], { CI: '1' })
    await run.sees('started')
    process.kill(pidOf(run), 'SIGUSR2')
    await run.sees(/asking the server \(\d[\d.]* m?s\)\n/)
    expect(run.raw()).not.toContain('\u001b')
  })
})
