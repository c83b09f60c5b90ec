import { randomBytes } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Sandbox } from '../../src/sandbox/index.ts'
import { startBot } from '../support/bot.ts'
import { BOT_SECRET, capturedRequest } from '../support/captured.ts'
import {
  chatwootVariables,
  closeAtEnd,
  copyOf,
  directoryOfLogin,
  emptyHome,
  type Home,
  homeWithChatwoot,
  openSandbox,
  run,
  runShell,
  succeed,
} from '../support/cli.ts'
import { ACME, writeDefinition } from '../support/definitions.ts'
import { newMember } from '../support/members.ts'
import { KEYS, runInTerminal } from '../support/pty.ts'
import { homeWithSalesforce, openSalesforce, type ReachableSalesforce } from '../support/salesforce.ts'
import { allCommands } from './all-commands.ts'
import { newRequest, RECIPIENT } from './invocations.ts'

const commands = (await allCommands()).filter(({ words }) => words.length === 1)

let sandbox: Sandbox
/** An integration `acme`, and what else the examples speak of: files, variables, a second key. */
let prepared: Home
let withDemo: Home
let withSalesforce: Home
let salesforce: ReachableSalesforce
/** The same integration in a profile that opens with a passphrase as well. */
let withPassphrase: Home
/** The same demo with a program behind its bot that answers. */
let withAnsweringDemo: Home
/** A login session without a keychain. */
const LOGIN = { XDG_RUNTIME_DIR: directoryOfLogin(), CRM_KEYCHAIN: 'off' }
const NEW_KEY = randomBytes(32).toString('base64')

/** What people find in the documentation of their own set-up: a file of integrations and a script that provisions. */
function addFiles(home: Home): Home {
  const integrations = ['eu', 'us'].map((name) => ({
    provider: 'chatwoot',
    name,
    baseUrl: 'https://chat.example.com',
    accountId: '3',
    apiKey: `token-${name}`,
  }))
  writeFileSync(join(home.path, 'integrations.json'), JSON.stringify(integrations))
  writeFileSync(join(home.path, 'captured.http'), capturedRequest())
  writeDefinition(home, ACME)
  writeFileSync(join(home.path, 'new.txt'), 'the passphrase from now on\n', { mode: 0o600 })
  writeFileSync(join(home.path, 'provision.sh'), '#!/bin/sh\ncase "$CHATWOOT_BASE_URL" in http://127.0.0.1:*) ;; *) exit 1 ;; esac\n', {
    mode: 0o755,
  })
  writeFileSync(
    join(home.path, 'demos.yaml'),
    'defaults: { botUrl: https://bot.example.com/hook }\ndemos: [{ name: Acme Dental }, { name: Beta }]\n',
  )
  return home
}

/** What somebody has sealed: for the key in identity.txt, and with the passphrase in new.txt. */
async function addSealedFiles(home: Home): Promise<void> {
  const identity = await generateX25519Identity()
  writeFileSync(join(home.path, 'identity.txt'), `${identity}\n`, { mode: 0o600 })
  succeed(await run(['export', 'acme', '--to', await identityToRecipient(identity), '--output', 'acme.age'], { home }))
  succeed(await run(['export', '--all', '--to', 'passphrase', '--passphrase-file', 'new.txt', '--output', 'all.age'], { home }))
}

beforeAll(async () => {
  sandbox = await openSandbox()
  prepared = addFiles(await homeWithChatwoot(sandbox, 'acme'))
  salesforce = await openSalesforce()
  withSalesforce = await homeWithSalesforce()
  withDemo = copyOf(prepared)
  succeed(await run(['demo-create', '--name', 'Acme Dental', '--bot-url', 'https://bot.example.com/hook'], { home: withDemo }))
  withPassphrase = copyOf(prepared)
  const passphrase = { CRM_PASSPHRASE_FILE: 'new.txt' }
  succeed(await run(['key', 'add', 'passphrase'], { home: withPassphrase, env: passphrase }))
  const lively = await openSandbox()
  const bot = await startBot(lively)
  closeAtEnd(() => bot.close())
  await addSealedFiles(prepared)
  withAnsweringDemo = addFiles(await homeWithChatwoot(lively, 'acme'))
  succeed(await run(['demo-create', '--name', 'Acme Dental', '--bot-url', bot.url], { home: withAnsweringDemo }))
})

/** Where the examples of a command are run, one after the other; `each`: every one in a home of its own. */
const PLACES: Readonly<Record<string, { readonly home: () => Home; readonly each?: boolean }>> = {
  init: { home: emptyHome, each: true },
  add: { home: () => addFiles(emptyHome()) },
  login: { home: () => copyOf(withSalesforce) },
  'demo-list': { home: () => copyOf(withDemo) },
  'demo-show': { home: () => copyOf(withDemo) },
  'demo-open': { home: () => copyOf(withAnsweringDemo) },
  'demo-verify': { home: () => copyOf(withAnsweringDemo) },
  'demo-remove': { home: () => copyOf(withDemo) },
  passwd: { home: () => copyOf(withPassphrase) },
  'demo-extend': { home: () => copyOf(withAnsweringDemo) },
  'demo-export': { home: () => copyOf(withDemo) },
  'demo-sweep': { home: () => copyOf(withDemo) },
  'demo-apply': { home: () => copyOf(withDemo) },
  'demo-destroy': { home: () => copyOf(withDemo) },
}

/** What a person types at the examples that ask, and what ends those that run until they are told to stop. */
const PEOPLE: Readonly<Record<string, readonly (readonly [prompt: string, keys: () => string])[]>> = {
  'crm add chatwoot': [
    ['Base URL:', () => `${sandbox.url}\r`],
    ['Account id:', () => `${sandbox.accounts[0]?.id}\r`],
    ['(hidden)', () => `${sandbox.administratorToken}\r`],
    ['What next', () => KEYS.enter],
  ],
  'crm edit acme': [
    ['Base URL:', () => KEYS.enter],
    ['Account id:', () => KEYS.enter],
    ['(hidden)', () => KEYS.enter],
    ['Greeting', () => KEYS.enter],
    ['e-mail', () => KEYS.enter],
    ['Assign', () => KEYS.enter],
    ['Satisfaction', () => KEYS.enter],
    ['What next', () => KEYS.enter],
  ],
  'crm webhook listen --forward-to http://127.0.0.1:3000/hook': [['listening on', () => KEYS.ctrlC]],
  'crm passwd': [
    ['New passphrase', () => 'the passphrase from now on\r'],
    ['The same again', () => 'the passphrase from now on\r'],
  ],
  'crm sandbox': [['export CHATWOOT_API_KEY=', () => KEYS.ctrlC]],
}

async function runExample(line: string, home: Home): Promise<{ status: number; printed: string }> {
  const env = {
    ...home.env,
    ...chatwootVariables(sandbox),
    ...salesforce.env,
    HUBSPOT_ACCESS_TOKEN: 'pat-na1-example',
    NEW_KEY,
    BOT_SECRET,
    ...LOGIN,
  }
  const answers = PEOPLE[line]
  if (answers === undefined) {
    const { status, stdout, stderr } = await runShell(await withRealId(line, home), { home, env })
    return { status, printed: `${stdout}${stderr}` }
  }
  const terminal = runInTerminal({ command: ['/bin/bash', '-c', line], env, cwd: home.path })
  for (const [prompt, keys] of answers) {
    await terminal.sees(prompt)
    terminal.type(keys())
  }
  return { status: await terminal.exited, printed: terminal.text() }
}

/** The ids of key slots are random, and those of a server whatever comes next: the one that an example shows stands for what was made last. */
async function withRealId(line: string, home: Home): Promise<string> {
  // The file is there already, for the examples of crm import.
  if (line.includes('--to age1...')) return line.replace('age1... --output', `${RECIPIENT} --yes --output`)
  if (line.includes('age1...')) return line.replace('age1...', (await newMember()).recipient)
  if (line.includes('crm-request-1...')) return line.replace('crm-request-1...', await newRequest())
  const [, group = '', shown] = /^crm (key|chatwoot \w+) (?:remove|update|delete) (\w+)/.exec(line) ?? []
  if (shown === undefined) return line
  const { stdout } = await run([...group.split(' '), 'list', '--json'], { home })
  return line.replace(shown, newestId(Object.values(JSON.parse(stdout).data)[0] as Listed[]))
}

interface Listed {
  readonly id: string
  readonly name?: string | null
  readonly url?: string
}

/** Other examples use the same server: what this one has made is told by its name. */
function newestId(listed: readonly Listed[]): string {
  const own = listed.filter(({ name, url }) => name === 'Reception' || name === 'Helper' || url === 'https://example.com/hook')
  return own.at(-1)?.id ?? listed.at(-1)?.id.slice(0, 4) ?? ''
}

describe.concurrent.each(commands.map(({ words, examples }) => [words[0] ?? '', examples] as const))(
  'the examples of crm %s',
  (name, examples) => {
    test('all end with status 0, in the order in which they are shown', async () => {
      const { home: newHome, each } = PLACES[name] ?? { home: () => copyOf(prepared) }
      let home = newHome()
      for (const { line } of examples) {
        const { status, printed } = await runExample(line, home)
        expect(status, `${line}\n${printed}`).toBe(0)
        if (each === true) home = addFiles(newHome())
      }
    })
  },
)

test('the job of crm help ci runs as it is printed, twice, and changes nothing the second time', async () => {
  const { stdout } = succeed(await run(['help', 'ci']))
  const variables = chatwootVariables(sandbox)
  const script = stdout
    .split('\n')
    .filter((line) => line.startsWith('  '))
    .map((line) => {
      const [, name] = /^ +export (CHATWOOT_\w+)=/.exec(line) ?? []
      return name === undefined ? line : `export ${name}='${variables[name]}'`
    })
    .join('\n')
  const lines = script.split('\n').map((line) => line.trim())
  expect(lines).toContain('crm test --json')
  const home = emptyHome()
  const env = { INTEGRATION_ENCRYPTION_KEY: undefined, CI: 'true' }
  expect(await runShell(`set -eu\n${script}`, { home, env })).toMatchObject({ status: 0 })
  expect(existsSync(join(home.path, 'ci/vault.db'))).toBe(true)
  const demo = lines
    .slice(
      0,
      lines.findIndex((line) => line.startsWith('#')),
    )
    .join('\n')
  const again = await runShell(`set -eu\n${demo}`, { home: emptyHome(), env })
  expect(again).toMatchObject({ status: 0, stderr: '' })
  expect(again.stdout).toContain('"changed": false')
})
