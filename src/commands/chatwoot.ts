import type { Command } from 'commander'
import { CrmError } from '../core/errors.ts'
import {
  createBot,
  createInbox,
  createWebhook,
  type Deletable,
  deleteObject,
  findDoomed,
  type Given,
  type InventoryDeps,
  listBots,
  listInboxes,
  listWebhooks,
  updateBot,
  updateInbox,
  updateWebhook,
} from '../usecases/inventory.ts'
import { type App, action, done, type Outcome } from './app.ts'
import { openTarget } from './demo-target.ts'
import { setExamples, setStatuses } from './help-format.ts'

export function define(command: Command, app: App): void {
  setExamples(command, [
    { line: 'crm chatwoot inboxes list', what: 'with the demos that they belong to' },
    { line: 'crm chatwoot inboxes create --name Reception --channel api', what: 'its identifier is shown' },
    { line: 'crm chatwoot inboxes update 12 --greeting Hello', what: 'what is named, and nothing else' },
    { line: 'crm chatwoot inboxes delete 12 --yes', what: 'Chatwoot does it in the background' },
    { line: 'crm chatwoot bots list --json', what: 'for scripts' },
    { line: 'crm chatwoot bots create --name Helper --url https://bot.example.com/hook', what: 'its token is shown once' },
    { line: 'crm chatwoot bots update 5 --url https://bot.example.com/v2', what: 'where it gets its events' },
    { line: 'crm chatwoot bots delete 5 --yes', what: 'refused for the bot of a demo' },
    { line: 'crm chatwoot webhooks list', what: 'with their events' },
    { line: 'crm chatwoot webhooks create --url https://example.com/hook --event message_created', what: 'its secret is shown once' },
    { line: 'crm chatwoot webhooks update 3 --event message_created --event message_updated', what: 'other events' },
    { line: 'crm chatwoot webhooks delete 3 --yes', what: 'at once' },
  ])
  setStatuses(command, [3, 4, 5, 6, 7, 8, 9, 10, 11])
  defineInboxes(command.command('inboxes').description('List, create, update and delete inboxes').helpCommand(false), app)
  defineBots(command.command('bots').description('List, create, update and delete agent bots').helpCommand(false), app)
  defineWebhooks(command.command('webhooks').description('List, create, update and delete account webhooks').helpCommand(false), app)
}

type Flags = Given & { readonly integration?: string; readonly force?: boolean }
const INTEGRATION = ['--integration <name>', 'the Chatwoot to use (default: the only active one)'] as const
const views = () => import('../terminal/views/chatwoot.ts')

function defineInboxes(group: Command, app: App): void {
  const settings = (command: Command): Command =>
    command
      .option('--name <text>', 'name of the inbox')
      .option('--website-url <url>', 'the website of the widget')
      .option('--webhook-url <url>', 'where an API inbox sends its events')
      .option('--greeting <text>', 'greet each visitor with this message')
      .option('--welcome-title <text>', 'title of the widget')
      .option('--welcome-tagline <text>', 'line below the title')
      .option('--color <#rrggbb>', 'colour of the widget')
      .option('--bot <id>', 'the agent bot that serves it; none takes it away')
      .option(...INTEGRATION)
  group
    .command('list')
    .description('List the inboxes of the account')
    .option(...INTEGRATION)
    .action(
      action(app, 'chatwoot inboxes list', async (flags: Flags) => {
        const inboxes = await listInboxes(await open(app, flags))
        return done('crm.chatwoot-inboxes-list/1', { inboxes }, async () => (await views()).inboxesView)
      }),
    )
  settings(group.command('create').description('Create an inbox'))
    .option('--channel <web|api>', 'a website widget, or the API channel (default web)')
    .action(
      action(app, 'chatwoot inboxes create', async (flags: Flags) => {
        const inbox = await createInbox(await open(app, flags), settingsOf(flags))
        return done('crm.chatwoot-inboxes-create/1', { inbox }, async () => (await views()).inboxView('created'))
      }),
    )
  settings(group.command('update <id>').description('Change the settings named')).action(
    action(app, 'chatwoot inboxes update', async (id: string, flags: Flags) => {
      const inbox = await updateInbox(await open(app, flags), idOf(id), settingsOf(flags))
      return done('crm.chatwoot-inboxes-update/1', { inbox }, async () => (await views()).inboxView('changed'))
    }),
  )
  defineDelete(group, app, 'inbox', 'inboxes')
}

function defineBots(group: Command, app: App): void {
  const settings = (command: Command): Command =>
    command
      .option('--name <text>', 'name of the bot')
      .option('--url <url>', 'where it gets its events')
      .option('--description <text>', 'a line about it')
      .option(...INTEGRATION)
  group
    .command('list')
    .description('List the agent bots of the account')
    .option(...INTEGRATION)
    .action(
      action(app, 'chatwoot bots list', async (flags: Flags) => {
        const bots = await listBots(await open(app, flags))
        return done('crm.chatwoot-bots-list/1', { bots }, async () => (await views()).botsView)
      }),
    )
  settings(group.command('create').description('Create an agent bot; its token is shown once')).action(
    action(app, 'chatwoot bots create', async (flags: Flags) => {
      const answer = await createBot(await open(app, flags), settingsOf(flags))
      const reveals = Object.values(answer.secrets).filter((secret) => secret !== null)
      return done('crm.chatwoot-bots-create/1', answer, async () => (await views()).newBotView, { reveals })
    }),
  )
  settings(group.command('update <id>').description('Change the settings named')).action(
    action(app, 'chatwoot bots update', async (id: string, flags: Flags) => {
      const bot = await updateBot(await open(app, flags), idOf(id), settingsOf(flags))
      return done('crm.chatwoot-bots-update/1', { bot }, async () => (await views()).botView)
    }),
  )
  defineDelete(group, app, 'bot', 'bots')
}

function defineWebhooks(group: Command, app: App): void {
  const settings = (command: Command): Command =>
    command
      .option('--url <url>', 'where the events go')
      .option('--name <text>', 'a name for people')
      .option(
        '--event <name>',
        "an event to send (repeats; default: Chatwoot's own choice)",
        (event: string, before: readonly string[] = []) => [...before, event],
      )
      .option(...INTEGRATION)
  group
    .command('list')
    .description('List the webhooks of the account')
    .option(...INTEGRATION)
    .action(
      action(app, 'chatwoot webhooks list', async (flags: Flags) => {
        const webhooks = await listWebhooks(await open(app, flags))
        return done('crm.chatwoot-webhooks-list/1', { webhooks }, async () => (await views()).webhooksView)
      }),
    )
  settings(group.command('create').description('Create a webhook; its secret is shown once')).action(
    action(app, 'chatwoot webhooks create', async (flags: Flags) => {
      const answer = await createWebhook(await open(app, flags), settingsOf(flags))
      const reveals = answer.secret === null ? [] : [answer.secret]
      return done('crm.chatwoot-webhooks-create/1', answer, async () => (await views()).newWebhookView, { reveals })
    }),
  )
  settings(group.command('update <id>').description('Change the settings named')).action(
    action(app, 'chatwoot webhooks update', async (id: string, flags: Flags) => {
      const webhook = await updateWebhook(await open(app, flags), idOf(id), settingsOf(flags))
      return done('crm.chatwoot-webhooks-update/1', { webhook }, async () => (await views()).webhookView)
    }),
  )
  defineDelete(group, app, 'webhook', 'webhooks')
}

function defineDelete(group: Command, app: App, kind: Deletable, plural: string): void {
  group
    .command('delete <id>')
    .description(`Delete a${kind === 'inbox' ? 'n' : ''} ${kind}`)
    .option('--force', 'even if it is a part of a demo')
    .option(...INTEGRATION)
    .action(action(app, `chatwoot ${plural} delete`, (id: string, flags: Flags) => remove(app, kind, plural, idOf(id), flags)))
}

async function remove(app: App, kind: Deletable, plural: string, id: string, flags: Flags): Promise<Outcome> {
  const deps = await open(app, flags)
  const { name } = await findDoomed(deps, kind, id, flags.force === true)
  if (!(await app.ui.confirm(`Delete the ${kind} ${name} (id ${id})?`))) throw new CrmError('cancelled', 'Cancelled. Nothing was changed.')
  app.throwIfStopped()
  const pending = await deleteObject(deps, kind, id)
  return done(`crm.chatwoot-${plural}-delete/1`, { removed: id, pending }, async () => (await views()).deletedView)
}

async function open(app: App, { integration }: Flags): Promise<InventoryDeps> {
  const { target } = await openTarget(app, integration)
  return { http: await app.httpInTime(), signal: app.signal, target }
}

/** Settings in the words of the use-case: `--event` becomes `events`. */
function settingsOf(flags: Flags): Given {
  const { integration, force, event, ...rest } = flags
  const given = Object.entries({ ...rest, events: event }).filter(([, value]) => value !== undefined)
  // `--no-color` is a global flag of the same name: without a colour it arrives as true or false.
  return Object.fromEntries(given.filter(([key, value]) => key !== 'color' || typeof value === 'string'))
}

/** @throws {CrmError} `usage` for what is no id. */
function idOf(text: string): string {
  if (/^\d{1,15}$/.test(text)) return text
  throw new CrmError('usage', 'an id is a number', { hint: 'see the ids with the list command' })
}
