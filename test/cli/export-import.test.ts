import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { newAgeKeys, requireAge } from '../support/age.ts'
import { CRM, copyOf, emptyHome, type Home, homeWithVault, NODE, run, runShell, succeed } from '../support/cli.ts'
import { KEYS, runInTerminal } from '../support/pty.ts'
import { documentOf, failureOf, type Json } from './document.ts'

const TOKEN = 'token-of-acme-0123456789'
const PASSPHRASE = 'a passphrase of some length'

/** Integrations `acme` and `eu`, the second one switched off. */
let full: Home

beforeAll(async () => {
  full = await homeWithVault()
  const entries = ['acme', 'eu'].map((name) => ({
    ...{ provider: 'chatwoot', name, active: name === 'acme' },
    ...{ baseUrl: `https://${name}.example.com`, accountId: '3', apiKey: name === 'acme' ? TOKEN : `token-of-${name}-0123456789` },
  }))
  writeFileSync(join(full.path, 'entries.json'), JSON.stringify(entries))
  writeFileSync(join(full.path, 'passphrase'), `${PASSPHRASE}\n`, { mode: 0o600 })
  succeed(await run(['import', 'entries.json'], { home: full }))
})

/** What a profile holds, secrets included, without what differs from vault to vault. */
async function contentOf(home: Home): Promise<unknown> {
  const { data } = documentOf('export', await run(['export', '--all', '--plaintext', '--yes', '--json'], { home }))
  return JSON.parse(data.text ?? '')
}

/** A new home into which a file was imported. */
async function imported(file: string, ...flags: string[]): Promise<Home> {
  const home = await homeWithVault()
  documentOf('import', await run(['import', file, ...flags, '--json'], { home }))
  return home
}

const inHome = (home: Home, name: string): string => join(home.path, name)

describe('sealed for a recipient', () => {
  test('what is exported on one machine is imported on another, byte for byte', async (context) => {
    requireAge(context)
    const { file: identity, recipient } = newAgeKeys(inHome(full, 'there.key'))
    const argv = ['export', 'acme', 'eu', '--to', recipient, '--output', 'both.age', '--json']
    const { data } = documentOf('export', await run(argv, { home: full }))
    expect(data).toMatchObject({ format: 'age', recipients: [recipient], path: 'both.age', text: null })
    expect(data.integrations).toMatchObject([{ name: 'acme' }, { name: 'eu' }])
    expect(statSync(inHome(full, 'both.age')).mode & 0o777).toBe(0o600)
    const there = await imported(inHome(full, 'both.age'), '--identity', identity)
    expect(await contentOf(there)).toEqual(await contentOf(full))
  })

  test('the age command opens it, from a file and from a pipe, binary and armored', async (context) => {
    requireAge(context)
    const { file: identity, recipient } = newAgeKeys(inHome(full, 'age.key'))
    for (const flags of ['', '--armor']) {
      const { stdout } = succeed(await runShell(`crm export acme --to ${recipient} ${flags} | age -d -i ${identity}`, { home: full }))
      expect(JSON.parse(stdout).integrations[0]).toMatchObject({ name: 'acme', apiKey: TOKEN })
    }
  })

  test('on a terminal it is text, which survives being copied', async (context) => {
    requireAge(context)
    const { file: identity, recipient } = newAgeKeys(inHome(full, 'terminal.key'))
    const terminal = runInTerminal({ command: [NODE, CRM, 'export', 'acme', '--to', recipient], env: full.env, cwd: full.path })
    expect(await terminal.exited).toBe(0)
    const [armored = ''] = /-----BEGIN AGE[\s\S]*END AGE ENCRYPTED FILE-----/.exec(terminal.text()) ?? []
    const opened = execFileSync('age', ['-d', '-i', identity], { input: `${armored}\n`, encoding: 'utf8' })
    expect(JSON.parse(opened).integrations).toMatchObject([{ name: 'acme', apiKey: TOKEN }])
  })

  test('a file that the age command has made is imported', async (context) => {
    requireAge(context)
    const { file: identity, recipient } = newAgeKeys(inHome(full, 'made.key'))
    for (const flags of [[], ['-a']]) {
      execFileSync('age', [...flags, '-r', recipient, '-o', inHome(full, 'made.age'), inHome(full, 'entries.json')])
      const there = await imported(inHome(full, 'made.age'), '--identity', identity)
      expect(await contentOf(there)).toEqual(await contentOf(full))
    }
  })

  test('without the identity, with another one, and with one that others can read, it stays shut and nothing is stored', async (context) => {
    requireAge(context)
    const own = newAgeKeys(inHome(full, 'own.key'))
    const other = newAgeKeys(inHome(full, 'other.key'))
    succeed(await run(['export', 'acme', '--to', own.recipient, '--output', 'own.age'], { home: full }))
    const home = await homeWithVault()
    const attempt = (...flags: string[]) => run(['import', inHome(full, 'own.age'), ...flags, '--json'], { home })
    expect(failureOf('import', 'usage', await attempt()).error.hint).toContain('--identity')
    failureOf('import', 'wrong_key', await attempt('--identity', other.file))
    const withFile = { ...home, env: { ...home.env, CRM_IDENTITY_FILE: other.file } }
    failureOf('import', 'wrong_key', await run(['import', inHome(full, 'own.age'), '--json'], { home: withFile }))
    failureOf('import', 'usage', await attempt('--passphrase-file', inHome(full, 'passphrase')))
    execFileSync('chmod', ['644', own.file])
    failureOf('import', 'unsafe_file', await attempt('--identity', own.file))
    expect((await run(['list', '--json', '--fields', 'summary.total'], { home })).stdout).toContain('"total": 0')
  })

  test('the identity of a member opens it without being named: that of CRM_IDENTITY_FILE, or of the configuration', async (context) => {
    requireAge(context)
    const own = newAgeKeys(inHome(full, 'member.key'))
    succeed(await run(['export', 'acme', '--to', own.recipient, '--output', 'member.age'], { home: full }))
    const plan = ['import', inHome(full, 'member.age'), '--dry-run']
    const home = await homeWithVault()
    const named = { ...home, env: { ...home.env, CRM_IDENTITY_FILE: own.file } }
    expect(succeed(await run(plan, { home: named })).stdout).toContain('acme')
    copyFileSync(own.file, inHome(home, 'identity'))
    expect(succeed(await run(plan, { home })).stdout).toContain('acme')
    // One that is named stands before it.
    const other = newAgeKeys(inHome(full, 'nobody.key'))
    failureOf('import', 'wrong_key', await run([...plan, '--identity', other.file, '--json'], { home }))
  })
})

describe('sealed with a passphrase', () => {
  const flags = ['--to', 'passphrase', '--passphrase-file', 'passphrase']

  test('what is exported on one machine is imported on another; another passphrase opens nothing', async () => {
    succeed(await run(['export', '--all', ...flags, '--output', 'all.age'], { home: full }))
    const there = await imported(inHome(full, 'all.age'), '--passphrase-file', inHome(full, 'passphrase'))
    expect(await contentOf(there)).toEqual(await contentOf(full))
    const wrong = await run(['import', 'all.age', '--passphrase-stdin', '--json'], { home: full, input: 'another passphrase\n' })
    failureOf('import', 'wrong_key', wrong)
    failureOf('import', 'usage', await run(['import', 'all.age', '--json'], { home: full }))
  })

  test('a person is asked for it, twice for a new one', async () => {
    const home = copyOf(full)
    const terminal = runInTerminal({
      command: [NODE, CRM, 'export', 'acme', '--to', 'passphrase', '--output', 'asked.age'],
      env: home.env,
      cwd: home.path,
    })
    for (const prompt of ['New passphrase for the file', 'The same again']) {
      await terminal.sees(prompt)
      terminal.type(`${PASSPHRASE}\r`)
    }
    expect(await terminal.exited).toBe(0)
    expect(terminal.text()).not.toContain(PASSPHRASE)
    const importing = runInTerminal({ command: [NODE, CRM, 'import', 'asked.age'], env: home.env, cwd: home.path })
    await importing.sees('Passphrase of the file')
    importing.type(`${PASSPHRASE}\r`)
    expect(await importing.exited).toBe(0)
    expect(importing.text()).toContain('1 the same')
  })

  test('a short one, one that nobody can be asked for, and one beside a recipient are refused', async () => {
    const attempt = (argv: string[], input?: string) =>
      run(['export', 'acme', ...argv, '--json'], { home: full, ...(input === undefined ? {} : { input }) })
    failureOf('export', 'usage', await attempt(['--to', 'passphrase', '--passphrase-stdin'], 'short\n'))
    failureOf('export', 'usage', await attempt(['--to', 'passphrase']))
    failureOf('export', 'usage', await attempt(['--to', 'passphrase', '--to', 'age1x']))
    failureOf('export', 'usage', await attempt(['--to', 'age1x', '--passphrase-stdin'], `${PASSPHRASE}\n`))
  })
})

describe('in plain text', () => {
  test('it needs a confirmation: --yes, or a person who says yes', async () => {
    const home = copyOf(full)
    failureOf('export', 'usage', await run(['export', 'acme', '--plaintext', '--json'], { home }))
    const confirmed = succeed(await run(['export', 'acme', '--plaintext', '--yes'], { home }))
    expect(JSON.parse(confirmed.stdout).integrations).toMatchObject([{ name: 'acme', apiKey: TOKEN }])
    for (const [keys, status] of [
      [KEYS.enter, 130],
      ['y\r', 0],
    ] as const) {
      const argv = [CRM, 'export', 'acme', '--plaintext', '--output', `plain-${status}.json`]
      const terminal = runInTerminal({ command: [NODE, ...argv], env: home.env, cwd: home.path })
      await terminal.sees('readable by everybody who sees it?')
      terminal.type(keys)
      expect(await terminal.exited).toBe(status)
      expect(existsSync(inHome(home, `plain-${status}.json`))).toBe(status === 0)
    }
    expect(statSync(inHome(home, 'plain-0.json')).mode & 0o777).toBe(0o600)
  })
})

describe('as variables', () => {
  test('a dotenv file is what a program reads, and comes back under the name of its provider, or another', async () => {
    const home = copyOf(full)
    const argv = ['export', 'acme', '--plaintext', '--format', 'dotenv', '--yes']
    const { stdout } = succeed(await run(argv, { home }))
    writeFileSync(inHome(home, 'acme.env'), stdout)
    expect(stdout).toMatch(/^# acme \(chatwoot\)\n/)
    const print = 'process.stdout.write(process.env.CHATWOOT_API_KEY)'
    expect(execFileSync(NODE, ['--env-file', inHome(home, 'acme.env'), '-e', print], { encoding: 'utf8' })).toBe(TOKEN)
    for (const [flags, name] of [
      [[], 'chatwoot'],
      [['--name', 'copy'], 'copy'],
    ] as const) {
      expect(documentOf('import', await run(['import', 'acme.env', ...flags, '--json'], { home })).data.integrations).toMatchObject([
        { name },
      ])
      expect(succeed(await run(['show', name, '--reveal', 'apiKey'], { home })).stdout).toBe(TOKEN)
    }
    failureOf('import', 'usage', await run(['import', 'entries.json', '--name', 'copy', '--json'], { home }))
  })

  test('two integrations of one provider, and a sealed dotenv file, are refused', async () => {
    failureOf('export', 'usage', await run(['export', '--all', '--plaintext', '--format', 'dotenv', '--yes', '--json'], { home: full }))
    failureOf('export', 'usage', await run(['export', 'acme', '--to', 'age1x', '--format', 'dotenv', '--json'], { home: full }))
  })

  test('variables that belong to nothing are counted in a warning', async () => {
    const home = await homeWithVault()
    writeFileSync(inHome(home, 'app.env'), 'PORT=80\nCLOSE_API_KEY=key-0123456789\nDATABASE_URL="postgres://x y"\n')
    const { warnings, data } = documentOf('import', await run(['import', 'app.env', '--json'], { home }))
    expect(data.integrations).toMatchObject([{ name: 'close', provider: 'close', action: 'add' }])
    expect(warnings).toMatchObject([{ code: 'variables_passed_over', message: expect.stringContaining('2 variables') }])
  })
})

test('a sign-in with the browser does not travel, and both sides are told so', async () => {
  const home = await homeWithVault()
  const sf = { provider: 'salesforce', name: 'sf', auth: 'oauth_browser', environment: 'production', clientId: '3MVG9example' }
  writeFileSync(inHome(home, 'sf.json'), JSON.stringify(sf))
  const imported = documentOf('import', await run(['import', 'sf.json', '--json'], { home }))
  expect(imported.warnings).toMatchObject([{ code: 'not_signed_in', message: expect.stringContaining('crm login sf') }])
  const exported = documentOf('export', await run(['export', 'sf', '--plaintext', '--yes', '--json'], { home }))
  expect(exported.warnings).toMatchObject([{ code: 'sign_in_stays', message: expect.stringContaining('crm login sf') }])
  const piped = succeed(await run(['export', 'sf', '--plaintext', '--yes'], { home }))
  expect(piped.stderr).toContain('crm login sf')
})

describe('what is there', () => {
  test('a file is not replaced without a question, and nothing but a regular file is', async () => {
    const home = copyOf(full)
    writeFileSync(inHome(home, 'taken'), 'precious')
    const argv = ['export', 'acme', '--to', 'passphrase', '--passphrase-file', 'passphrase', '--json', '--output']
    failureOf('export', 'usage', await run([...argv, 'taken'], { home }))
    expect(readFileSync(inHome(home, 'taken'), 'utf8')).toBe('precious')
    failureOf('export', 'usage', await run([...argv, '/dev/null', '--yes'], { home }))
    documentOf('export', await run([...argv, 'taken', '--yes'], { home }))
    expect(readFileSync(inHome(home, 'taken'), 'latin1')).toMatch(/^age-encryption\.org/)
  })

  test('an import tells what is new, the same and different; --if-exists says what to do', async () => {
    const home = copyOf(full)
    const entry = { provider: 'chatwoot', baseUrl: 'https://acme.example.com', accountId: '3', apiKey: 'changed-token-0123456789' }
    const eu = JSON.parse(readFileSync(inHome(home, 'entries.json'), 'utf8'))[1]
    writeFileSync(inHome(home, 'mixed.json'), JSON.stringify([{ ...entry, name: 'acme' }, eu, { ...entry, name: 'us' }]))
    const before = await contentOf(home)
    const refused = failureOf('import', 'conflict', await run(['import', 'mixed.json', '--json'], { home }))
    expect(refused.data).toMatchObject({
      changed: false,
      integrations: [
        { name: 'acme', state: 'differs', action: 'refuse', changes: ['apiKey'] },
        { name: 'eu', state: 'same', action: 'keep' },
        { name: 'us', state: 'new', action: 'add' },
      ],
      summary: { total: 3, new: 1, same: 1, differs: 1 },
    })
    expect(await contentOf(home)).toEqual(before)
    const planned = documentOf('import', await run(['import', 'mixed.json', '--if-exists', 'skip', '--dry-run', '--json'], { home }))
    expect(planned.data).toMatchObject({ changed: true, dryRun: true })
    expect(await contentOf(home)).toEqual(before)

    const skipping = copyOf(home)
    documentOf('import', await run(['import', 'mixed.json', '--if-exists', 'skip', '--json'], { home: skipping }))
    expect(succeed(await run(['show', 'acme', '--reveal', 'apiKey'], { home: skipping })).stdout).toBe(TOKEN)
    expect(succeed(await run(['show', 'us', '--reveal', 'apiKey'], { home: skipping })).stdout).toBe(entry.apiKey)

    const argv = ['import', 'mixed.json', '--if-exists', 'replace', '--json']
    failureOf('import', 'usage', await run(argv, { home }))
    documentOf('import', await run([...argv, '--yes'], { home }))
    expect(succeed(await run(['show', 'acme', '--reveal', 'apiKey'], { home })).stdout).toBe(entry.apiKey)
    const again = documentOf('import', await run([...argv, '--yes'], { home }))
    expect(again.data).toMatchObject({ changed: false, summary: { same: 3 } })
    succeed(await run(['vault', 'verify'], { home }))
  })

  test('the audit log says what was handed over, to whom, and what was taken', async () => {
    const home = copyOf(full)
    const recipient = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p'
    succeed(await run(['export', 'acme', '--to', recipient], { home }))
    const { data } = documentOf('audit', await run(['audit', '--json'], { home }))
    const events = (data.events as Json[]).map(({ event, details }) => ({ event, ...details }))
    expect(events.at(-1)).toMatchObject({ event: 'integration.export', name: 'acme', fields: ['apiKey'], to: [recipient] })
    expect(events.find(({ event }) => event === 'integration.import')).toMatchObject({ added: 2, replaced: 0, sealed: false })
  })

  test('an import makes vault and profile where there are none, and a dry run does not', async () => {
    const home = emptyHome()
    const argv = ['import', inHome(full, 'entries.json'), '--json']
    expect(documentOf('import', await run([...argv, '--dry-run'], { home })).data.summary.new).toBe(2)
    expect(existsSync(home.vault)).toBe(false)
    failureOf('import', 'usage', await run(argv, { home, env: { INTEGRATION_ENCRYPTION_KEY: undefined } }))
    documentOf('import', await run(argv, { home }))
    expect(await contentOf(home)).toEqual(await contentOf(full))
  })
})

describe('a file that is wrong', () => {
  const entry = { provider: 'chatwoot', name: 'bad', baseUrl: 'https://bad.example.com', accountId: '3', apiKey: 'secret-in-a-bad-file' }
  const nested = `${'['.repeat(100_000)}${']'.repeat(100_000)}`

  test.for<[what: string, content: string | Buffer, code: 'usage' | 'damaged' | 'newer_format']>([
    ['empty', '', 'usage'],
    ['no JSON', 'hello, world', 'usage'],
    ['cut short', JSON.stringify([entry]).slice(0, -4), 'usage'],
    ['nested too deeply', nested, 'usage'],
    ['an entry nested too deeply', JSON.stringify([entry]).replace('"3"', nested), 'usage'],
    ['not UTF-8', Buffer.from([0x5b, 0xff, 0xfe, 0x5d]), 'usage'],
    ['larger than 16 MiB', `[${' '.repeat(17 * 1024 * 1024)}]`, 'usage'],
    ['a list of nothing', '[]', 'usage'],
    ['a list of lists', '[[],[]]', 'usage'],
    ['of a newer form', '{"format":"crm-integrations/2","integrations":[]}', 'newer_format'],
    ['of another form', '{"format":"other","integrations":[]}', 'usage'],
    ['with a prototype', `{"__proto__":{"provider":"chatwoot"}}`, 'usage'],
    ['with a prototype in an entry', JSON.stringify([entry]).replace('"name"', '"__proto__":{"a":"b"},"name"'), 'usage'],
    ['a name with control characters', JSON.stringify([{ ...entry, name: 'a\u001b[31m' }]), 'usage'],
    ['a secret of two lines', JSON.stringify([{ ...entry, apiKey: 'secret-in-a-bad-file\r\nX: y' }]), 'usage'],
    ['a name twice', JSON.stringify([entry, entry]), 'usage'],
    ['an age file without an end', 'age-encryption.org/v1\n-> X25519 abc', 'damaged'],
    ['an armored age file cut short', '-----BEGIN AGE ENCRYPTED FILE-----\nYWdl', 'damaged'],
  ])('%s: has a named error, and leaves the vault as it was', async ([, content, code]) => {
    const home = copyOf(full)
    writeFileSync(inHome(home, 'wrong'), content)
    const before = readFileSync(home.vault)
    const { error } = failureOf('import', code, await run(['import', 'wrong', '--json'], { home }))
    expect(error.hint).toEqual(expect.any(String))
    expect(JSON.stringify(error)).not.toContain('secret-in-a-bad-file')
    expect(JSON.stringify(error)).not.toContain('\\u001b')
    expect(readFileSync(home.vault)).toEqual(before)
  })

  test('every problem of every entry is told at once, by entry and field', async () => {
    writeFileSync(
      inHome(full, 'problems.json'),
      JSON.stringify({
        format: 'crm-integrations/1',
        integrations: [entry, { ...entry, name: 'B!', baseUrl: 'nowhere' }, { name: 'c' }, 7],
      }),
    )
    const { error } = failureOf('import', 'usage', await run(['import', 'problems.json', '--json'], { home: full }))
    expect((error.problems as Json[]).map(({ field }) => field).sort()).toEqual([
      'integrations[1].baseUrl',
      'integrations[1].name',
      'integrations[2].provider',
      'integrations[3].$',
    ])
  })
})
