import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AnsweringCommand } from '../../src/core/answer-schemas.ts'
import { salesforce as salesforceProvider } from '../../src/providers/salesforce.ts'
import type { Sandbox } from '../../src/sandbox/index.ts'
import { beginRemoteSignIn } from '../../src/usecases/remote-sign-in.ts'
import { APP } from '../providers/salesforce/simulator.ts'
import { BOT_SECRET, capturedRequest } from '../support/captured.ts'
import {
  chatwootVariables,
  copyOf,
  directoryOfLogin,
  emptyHome,
  type Home,
  homeWithChatwoot,
  makeOlder,
  type RunOptions,
  run,
  succeed,
} from '../support/cli.ts'
import { ACME, writeDefinition } from '../support/definitions.ts'
import { newMember } from '../support/members.ts'
import { freePort, homeWithSalesforce, openSalesforce, type ReachableSalesforce } from '../support/salesforce.ts'

/** The homes that the invocations start from. Copy them, so that nobody sees what another one changed. */
export interface Homes {
  /** No vault. */
  readonly empty: Home
  /** The integration `acme`, the profile `other`, a second key slot, and files to add from. */
  readonly acme: Home
  /** `acme` with the demos `acme-dental` and `extended`. */
  readonly demo: Home
  /** `acme` with a passphrase as well, and the file `new-passphrase`. */
  readonly passphrase: Home
  /** `acme` with a backup of itself, `copy.db`. */
  readonly backup: Home
  /** `acme`, shared with `ben`. */
  readonly shared: Home
  /** The integration `salesforce`, to be signed in to with a browser. */
  readonly salesforce: Home
}

/** One way to call a command. */
export interface Invocation {
  readonly place: keyof Homes
  /** What a failure of this command can be about: nothing but its words, the vault, the key of the profile, or a server, too. */
  readonly needs: 'nothing' | 'vault if there' | 'vault' | 'key' | 'server'
  /** The words of the command line; those that depend on what the home holds are asked of it. */
  readonly argv: (home: Home) => readonly string[] | Promise<readonly string[]>
  readonly options?: (sandbox: Sandbox) => Omit<RunOptions, 'home'>
}

/** Makes the homes. */
export async function prepareHomes(sandbox: Sandbox): Promise<Homes> {
  const acme = await homeWithChatwoot(sandbox, 'acme')
  succeed(await run(['profile', 'create', 'other', '--key', 'env'], { home: acme }))
  succeed(await run(['key', 'add', 'file'], { home: acme }))
  writeAnswers(acme, sandbox)
  succeed(await run(['providers', 'add', 'acme.json', '--yes'], { home: acme }))
  const demo = copyOf(acme)
  succeed(await run(DEMO_CREATE, { home: demo }))
  // A demo of its own: what others do with the first one does not disturb whoever changes it.
  succeed(await run(['demo-create', '--name', 'Extended', '--bot-url', 'https://bot.example.com/hook'], { home: demo }))
  reachable ??= await openSalesforce()
  return {
    empty: emptyHome(),
    acme,
    demo,
    passphrase: await withPassphrase(copyOf(acme)),
    backup: await withBackup(copyOf(acme)),
    shared: await withMember(copyOf(acme)),
    salesforce: await homeWithSalesforce(),
  }
}

let reachable: ReachableSalesforce | undefined

const salesforce = () => ({ env: reachable?.env ?? {} })

/** What a server without a browser prints for `crm authorize`. */
export async function newRequest(): Promise<string> {
  const settings = { auth: 'oauth_browser', environment: 'production', clientId: APP.clientId, redirectPort: await freePort() }
  return (await beginRemoteSignIn(salesforceProvider, { settings, secrets: {} })).request
}

/** Writes the files that commands read: two integrations of a sandbox, two demos. */
function writeAnswers(home: Home, sandbox: Sandbox): void {
  const entry = { provider: 'chatwoot', name: 'eu', baseUrl: sandbox.url, accountId: '1', apiKey: sandbox.administratorToken }
  writeFileSync(join(home.path, 'integrations.json'), JSON.stringify([entry, { ...entry, name: 'us' }]))
  writeFileSync(join(home.path, 'captured.http'), capturedRequest())
  writeDefinition(home, ACME)
  writeDefinition(home, { ...ACME, id: 'other' })
  writeFileSync(join(home.path, 'demos.yaml'), DEMOS)
}

async function withPassphrase(home: Home): Promise<Home> {
  const file = (name: string, text: string) => writeFileSync(join(home.path, name), `${text}\n`, { mode: 0o600 })
  file('passphrase', 'the passphrase until now')
  file('new-passphrase', 'the passphrase from now on')
  succeed(await run(['key', 'add', 'passphrase'], { home, env: { CRM_PASSPHRASE_FILE: 'passphrase' } }))
  return home
}
/** A file of demos: one that is there in the home `demo`, and a new one. */
const DEMOS = `defaults:
  botUrl: https://bot.example.com/hook
demos:
  - name: Acme Dental
  - name: Beta
`

async function withBackup(home: Home): Promise<Home> {
  succeed(await run(['vault', 'backup', 'copy.db'], { home }))
  return home
}

async function withMember(home: Home): Promise<Home> {
  succeed(await run(['profile', 'share', (await newMember()).recipient, '--label', 'ben'], { home }))
  return home
}

const DEMO_CREATE = ['demo-create', '--name', 'Acme Dental', '--bot-url', 'https://bot.example.com/hook']

/** The public key of nobody: what is sealed for it is never opened. */
export const RECIPIENT = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p'

const NEW_KEY = randomBytes(32).toString('base64')

const token = (sandbox: Sandbox) => ({ input: `${sandbox.administratorToken}\n` })
const fromEnvironment = (sandbox: Sandbox) => ({ env: chatwootVariables(sandbox) })
const words = (line: string) => () => line.split(' ')

async function newestSlot(home: Home): Promise<string> {
  return JSON.parse((await run(['key', 'list', '--json'], { home })).stdout).data.slots.at(-1).id
}

/** An address that no other webhook has. */
const anyAddress = (): string => `https://example.com/${randomBytes(8).toString('hex')}`

/** Words that change or delete an object which is made for that first; where the server hangs, one that need not be there. */
async function inventory(home: Home, verb: string, creation: string): Promise<readonly string[]> {
  const made = await run(['chatwoot', ...creation.split(' '), '--json', '--timeout', '4s'], { home })
  const { data } = JSON.parse(made.stdout)
  const id = data === null ? '1' : (data.inbox ?? data.bot ?? data.webhook).id
  return ['chatwoot', ...verb.split(' '), id, ...(verb.endsWith('delete') ? ['--yes'] : ['--name', 'Renamed'])]
}

/** One successful call of every command that answers in JSON; a new one does not compile before it is here. */
export const INVOCATIONS: Readonly<Record<AnsweringCommand, Invocation>> = {
  init: { place: 'empty', needs: 'nothing', argv: words('init --key env') },
  add: { place: 'acme', needs: 'server', argv: words('add chatwoot --name eu --from-env'), options: fromEnvironment },
  'add --from': { place: 'acme', needs: 'server', argv: words('add --from integrations.json') },
  export: { place: 'acme', needs: 'key', argv: () => ['export', 'acme', '--to', RECIPIENT] },
  import: { place: 'acme', needs: 'key', argv: words('import integrations.json') },
  edit: { place: 'acme', needs: 'server', argv: words('edit acme --api-key-stdin'), options: token },
  login: {
    place: 'salesforce',
    needs: 'key',
    argv: async () => ['login', 'salesforce', '--redirect-port', String(await freePort())],
    options: salesforce,
  },
  authorize: {
    place: 'empty',
    needs: 'nothing',
    argv: async () => ['authorize', 'salesforce', await newRequest()],
    options: salesforce,
  },
  env: { place: 'acme', needs: 'key', argv: words('env acme') },
  toggle: { place: 'acme', needs: 'key', argv: words('toggle acme') },
  show: { place: 'acme', needs: 'vault', argv: words('show acme') },
  remove: { place: 'acme', needs: 'key', argv: words('remove acme --yes') },
  list: { place: 'acme', needs: 'vault if there', argv: words('list') },
  test: { place: 'acme', needs: 'server', argv: words('test --fresh') },
  stats: { place: 'acme', needs: 'vault if there', argv: words('stats') },
  providers: { place: 'empty', needs: 'nothing', argv: words('providers') },
  'providers <id>': { place: 'empty', needs: 'nothing', argv: words('providers chatwoot') },
  doctor: { place: 'acme', needs: 'vault if there', argv: words('doctor') },
  'providers add': { place: 'acme', needs: 'nothing', argv: words('providers add other.json --yes') },
  'providers validate': { place: 'acme', needs: 'nothing', argv: words('providers validate acme.json') },
  'providers export': { place: 'empty', needs: 'nothing', argv: words('providers export close') },
  'providers remove': {
    place: 'acme',
    needs: 'vault if there',
    argv: words('providers remove acme --yes'),
  },
  'profile share': { place: 'acme', needs: 'key', argv: async () => ['profile', 'share', (await newMember()).recipient] },
  'profile members': { place: 'shared', needs: 'vault', argv: words('profile members') },
  'profile revoke': { place: 'shared', needs: 'key', argv: words('profile revoke ben --confirm ben') },
  'profile list': { place: 'acme', needs: 'vault if there', argv: words('profile list') },
  'profile create': { place: 'acme', needs: 'vault if there', argv: words('profile create acme --key env') },
  'profile use': { place: 'acme', needs: 'vault', argv: words('profile use other') },
  'profile rename': { place: 'acme', needs: 'key', argv: words('profile rename default main') },
  'profile remove': { place: 'acme', needs: 'vault', argv: words('profile remove other --confirm other') },
  which: { place: 'acme', needs: 'vault if there', argv: words('which') },
  'key generate': { place: 'empty', needs: 'nothing', argv: words('key generate') },
  'key list': { place: 'acme', needs: 'vault', argv: words('key list') },
  'key add': { place: 'acme', needs: 'key', argv: words('key add env --new-key-env NEW_KEY'), options: () => ({ env: { NEW_KEY } }) },
  'key remove': { place: 'acme', needs: 'key', argv: async (home) => ['key', 'remove', await newestSlot(home), '--yes'] },
  unlock: {
    place: 'acme',
    needs: 'key',
    argv: words('unlock --for 1m'),
    options: () => ({ env: { XDG_RUNTIME_DIR: directoryOfLogin(), CRM_KEYCHAIN: 'off' } }),
  },
  lock: { place: 'acme', needs: 'vault', argv: words('lock') },
  'key rotate': { place: 'demo', needs: 'key', argv: words('key rotate --yes') },
  passwd: { place: 'passphrase', needs: 'key', argv: words('passwd --new-passphrase-file new-passphrase') },
  audit: { place: 'demo', needs: 'key', argv: words('audit') },
  'audit verify': { place: 'demo', needs: 'key', argv: words('audit verify') },
  'audit prune': { place: 'demo', needs: 'key', argv: words('audit prune --keep 2 --yes') },
  'audit head': { place: 'demo', needs: 'key', argv: words('audit head') },
  'vault verify': { place: 'demo', needs: 'key', argv: words('vault verify') },
  'vault backup': { place: 'demo', needs: 'key', argv: words('vault backup copy.db') },
  'vault restore': { place: 'backup', needs: 'key', argv: words('vault restore copy.db --yes') },
  'vault path': { place: 'acme', needs: 'nothing', argv: words('vault path') },
  'vault accept-older': {
    place: 'acme',
    needs: 'key',
    argv: (home) => {
      makeOlder(home)
      return ['vault', 'accept-older', '--yes']
    },
  },
  'demo-create': { place: 'acme', needs: 'server', argv: () => DEMO_CREATE },
  'demo-list': { place: 'demo', needs: 'vault if there', argv: words('demo-list') },
  'demo-show': { place: 'demo', needs: 'server', argv: words('demo-show acme-dental') },
  'demo-verify': { place: 'demo', needs: 'server', argv: words('demo-verify acme-dental --listen') },
  'chatwoot inboxes list': { place: 'acme', needs: 'server', argv: words('chatwoot inboxes list') },
  'chatwoot inboxes create': { place: 'acme', needs: 'server', argv: words('chatwoot inboxes create --name New --bot 1') },
  'chatwoot inboxes update': { place: 'acme', needs: 'server', argv: words('chatwoot inboxes update 1 --name Other') },
  'chatwoot inboxes delete': {
    place: 'acme',
    needs: 'server',
    argv: async (home) => inventory(home, 'inboxes delete', 'inboxes create --name Gone'),
  },
  'chatwoot bots list': { place: 'acme', needs: 'server', argv: words('chatwoot bots list') },
  'chatwoot bots create': { place: 'acme', needs: 'server', argv: words('chatwoot bots create --name New') },
  'chatwoot bots update': {
    place: 'acme',
    needs: 'server',
    argv: async (home) => inventory(home, 'bots update', 'bots create --name Old'),
  },
  'chatwoot bots delete': {
    place: 'acme',
    needs: 'server',
    argv: async (home) => inventory(home, 'bots delete', 'bots create --name Gone'),
  },
  'chatwoot webhooks list': { place: 'acme', needs: 'server', argv: words('chatwoot webhooks list') },
  'chatwoot webhooks create': { place: 'acme', needs: 'server', argv: () => ['chatwoot', 'webhooks', 'create', '--url', anyAddress()] },
  'chatwoot webhooks update': {
    place: 'acme',
    needs: 'server',
    argv: async (home) => inventory(home, 'webhooks update', `webhooks create --url ${anyAddress()}`),
  },
  'chatwoot webhooks delete': {
    place: 'acme',
    needs: 'server',
    argv: async (home) => inventory(home, 'webhooks delete', `webhooks create --url ${anyAddress()}`),
  },
  'webhook verify': {
    place: 'acme',
    needs: 'nothing',
    argv: words('webhook verify --request captured.http --secret-env BOT_SECRET'),
    options: () => ({ env: { BOT_SECRET } }),
  },
  'webhook listen': { place: 'empty', needs: 'nothing', argv: words('webhook listen') },
  'demo-remove': { place: 'demo', needs: 'server', argv: words('demo-remove acme-dental --yes') },
  'demo-apply': { place: 'demo', needs: 'server', argv: words('demo-apply demos.yaml') },
  'demo-extend': { place: 'demo', needs: 'server', argv: words('demo-extend extended --ttl 7d') },
  'demo-open': { place: 'demo', needs: 'server', argv: words('demo-open acme-dental --page') },
  'demo-export': { place: 'demo', needs: 'server', argv: words('demo-export') },
  'demo-sweep': { place: 'demo', needs: 'server', argv: words('demo-sweep') },
  'demo-destroy': { place: 'demo', needs: 'server', argv: words('demo-destroy -f demos.yaml --confirm default') },
  sandbox: { place: 'empty', needs: 'nothing', argv: words('sandbox') },
  tour: { place: 'empty', needs: 'nothing', argv: words('tour') },
  help: { place: 'empty', needs: 'nothing', argv: words('help exit-codes') },
}
