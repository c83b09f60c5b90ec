import type { Command } from 'commander'
import type {
  DefinitionAnswer,
  DefinitionExportAnswer,
  DefinitionRemoveAnswer,
  DefinitionValidAnswer,
  DefinitionView,
  ProvidersAnswer,
} from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import { visible } from '../core/text.ts'
import { writePrivateFile } from '../files/private.ts'
import { requireProvider } from '../usecases/add-integrations.ts'
import { describeProvider, providerEntry } from '../usecases/describe-provider.ts'
import type { DefinitionPlace } from '../usecases/manage-definitions.ts'
import { type App, action, done, type Outcome } from './app.ts'
import { setExamples, setStatuses } from './help-format.ts'
import { readInputText } from './input-text.ts'
import { outputFile, parseOutput } from './output-file.ts'

const SCHEMA = 'crm.providers/1'

export function define(command: Command, app: App): void {
  command.argument('[id]', 'a provider')
  setExamples(command, [
    { line: 'crm providers', what: 'the kinds of CRM' },
    { line: 'crm providers chatwoot', what: 'what it needs, and where to find each value' },
    { line: 'crm providers validate acme.json', what: 'all that is wrong with a CRM described as data' },
    { line: 'crm providers add acme.json --yes', what: 'from then on: crm add acme' },
    { line: 'crm providers export close', what: 'an example to begin with' },
    { line: 'crm providers remove acme --yes', what: 'its integrations stay, and are not used' },
  ])
  setStatuses(command, [3, 6, 11])
  command.action(action(app, 'providers', (id: string | undefined) => show(app, id)))
  command
    .command('add <file>')
    .description('Add a CRM that is described as data')
    .option('--replace', 'in the place of another definition with its id')
    .action(action(app, 'providers add', (file: string, flags: { replace?: boolean }) => add(app, file, flags.replace === true)))
  command
    .command('validate <file>')
    .description('Say everything that is wrong with a definition')
    .action(action(app, 'providers validate', (file: string) => validate(app, file)))
  command
    .command('export <id>')
    .description('Print a definition')
    .option('--output <file>', 'write it there, in place of standard output', parseOutput)
    .action(action(app, 'providers export', (id: string, flags: { output?: string }) => write(app, id.toLowerCase(), flags.output)))
  command
    .command('remove <id>')
    .description('Forget a definition')
    .option('--force', 'even while integrations use it')
    .action(
      action(app, 'providers remove', (id: string, flags: { force?: boolean }) => remove(app, id.toLowerCase(), flags.force === true)),
    )
}

async function show(app: App, id: string | undefined): Promise<Outcome> {
  const providers = await app.providers()
  if (id !== undefined) {
    return done(
      'crm.provider/1',
      describeProvider(requireProvider(providers, id)),
      async () => (await import('../terminal/views/providers.ts')).providerView,
    )
  }
  const data: ProvidersAnswer = { providers: providers.map(providerEntry) }
  return done(SCHEMA, data, async () => (await import('../terminal/views/providers.ts')).providersView, {
    warnings: providers.flatMap(({ unusable }) =>
      unusable === undefined ? [] : [{ code: 'definition_unusable', message: `${unusable.message}: ${unusable.reason ?? ''}` }],
    ),
  })
}

/** Where definitions are kept. */
function placeOf(app: App): DefinitionPlace {
  const { configDirectory, configFile } = app.paths
  return { configDirectory, configFile, owner: app.world }
}

/** Shows who would get what, asks once, and keeps it. */
async function add(app: App, file: string, replace: boolean): Promise<Outcome> {
  const text = await readInputText(app, file, 'the definition')
  const { addedDefinition, keepDefinition, planDefinition } = await import('../usecases/manage-definitions.ts')
  const place = placeOf(app)
  const planned = await planDefinition(place, text, replace)
  const affected = planned.replaces ? await integrationsOf(app, planned.view.id) : []
  if (!planned.isKnown) {
    tellOf(app, planned.view, affected)
    if (!(await app.ui.confirm(`Add ${visible(planned.view.name)}, whose secrets go to these hosts?`)))
      throw new CrmError('cancelled', 'Cancelled. Nothing was changed.')
    app.throwIfStopped()
    keepDefinition(place, planned)
  }
  const data: DefinitionAnswer = addedDefinition(place, planned, affected)
  return done('crm.providers-add/1', data, async () => (await import('../terminal/views/definitions.ts')).definitionAddedView)
}

/** What a person has to see before they agree. It comes from the author of the definition. */
function tellOf(app: App, { id, name, definition, hosts, fields, test }: DefinitionView, affected: readonly string[]): void {
  if (!app.ui.interactive || app.ui.flags.yes) return
  const named = fields.map(({ key, sensitivity }) => (sensitivity === 'secret' ? `${key} (secret)` : key)).join(', ')
  app.ui.tell(`${visible(name)} (${id})`)
  app.ui.tell(`  hosts   ${hosts.map((host) => visible(host)).join(', ')}`)
  app.ui.tell(`  fields  ${named === '' ? 'none' : named}`)
  app.ui.tell(`  test    ${test.method} ${visible(test.address)}`)
  app.ui.tell(`  sha256  ${definition}`)
  if (test.method === 'POST') app.ui.tell('  The test is a POST: its author says that it changes nothing.')
  if (affected.length > 0) app.ui.tell(`  It replaces another one; these ask again before they use it: ${affected.join(', ')}`)
}

async function validate(app: App, file: string): Promise<Outcome> {
  const text = await readInputText(app, file, 'the definition')
  const [{ readDefinition }, { describeDefinition }, { digestOf }] = await Promise.all([
    import('../usecases/read-definition.ts'),
    import('../usecases/manage-definitions.ts'),
    import('../usecases/added-definitions.ts'),
  ])
  const data: DefinitionValidAnswer = { provider: describeDefinition(await readDefinition(text), digestOf(text)) }
  return done('crm.providers-validate/1', data, async () => (await import('../terminal/views/definitions.ts')).definitionValidView)
}

async function write(app: App, id: string, output: string | undefined): Promise<Outcome> {
  const { exportDefinition } = await import('../usecases/manage-definitions.ts')
  requireProvider(await app.providers(), id)
  const text = exportDefinition(placeOf(app), id)
  const path = await outputFile(app, output)
  if (path !== undefined) writePrivateFile(path, text)
  const data: DefinitionExportAnswer = { id, path: path ?? null, text }
  return done('crm.providers-export/1', data, async () => (await import('../terminal/views/definitions.ts')).definitionExportedView)
}

async function remove(app: App, id: string, force: boolean): Promise<Outcome> {
  const { dropDefinition, requireAdded } = await import('../usecases/manage-definitions.ts')
  const place = placeOf(app)
  requireAdded(place, id)
  const affected = await integrationsOf(app, id)
  if (affected.length > 0 && !force) {
    throw new CrmError('conflict', `integrations use the definition of ${id}: ${affected.join(', ')}`, {
      hint: `remove them first, or take it away all the same: crm providers remove ${id} --force`,
    })
  }
  if (!(await app.ui.confirm(`Forget the definition of ${id}?`))) throw new CrmError('cancelled', 'Cancelled. Nothing was changed.')
  app.throwIfStopped()
  dropDefinition(place, id)
  const data: DefinitionRemoveAnswer = { removed: id, affected }
  return done('crm.providers-remove/1', data, async () => (await import('../terminal/views/definitions.ts')).definitionRemovedView)
}

/** The integrations of a provider, in every profile: `acme`, or `other/acme` outside of the one in use. */
async function integrationsOf(app: App, provider: string): Promise<readonly string[]> {
  const vault = await app.vaultIfThere()
  if (vault === undefined) return []
  const current = (await app.profile()).value
  const lists = await Promise.all(
    (await vault.profiles()).map(async ({ name: profile }) =>
      (await vault.list(profile, { provider })).map(({ name }) => (profile === current ? name : `${profile}/${name}`)),
    ),
  )
  return lists.flat()
}
