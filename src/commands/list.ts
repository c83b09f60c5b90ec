import type { Command } from 'commander'
import type { IntegrationAnswer, ListAnswer, ListSummary } from '../core/answers.ts'
import type { Warning } from '../core/provider.ts'
import type { ListTable } from '../terminal/views/list.ts'
import type { IntegrationFilter, TablePage } from '../vault/integrations.ts'
import type { Vault } from '../vault/vault.ts'
import { type App, action, done, type Outcome } from './app.ts'
import { setExamples, setStatuses } from './help-format.ts'

interface ListFlags {
  readonly provider?: string
  readonly active?: boolean
  readonly inactive?: boolean
}

const SCHEMA = 'crm.list/1'
const view = async () => (await import('../terminal/views/list.ts')).listView

export function define(command: Command, app: App): void {
  command
    .option('--provider <id>', 'only integrations of this provider')
    .option('--active', 'only active ones')
    .option('--inactive', 'only inactive ones')
  setExamples(command, [
    { line: 'crm list', what: 'a table, and the totals' },
    { line: 'crm list --inactive --json', what: 'for scripts' },
  ])
  setStatuses(command, [3, 6])
  command.action(action(app, 'list', (flags: ListFlags) => list(app, flags)))
}

async function list(app: App, flags: ListFlags) {
  const filter = filterOf(flags)
  const profile = (await app.profile()).value
  const vault = await app.vaultIfThere()
  await refuseUnknownProvider(app, vault, profile, filter)
  if (vault !== undefined && !(await vault.hasProfile(profile)) && (await environmentRow(app, profile, filter)) === undefined) {
    await app.vaultWithProfile()
  }
  if (vault === undefined || !(await vault.hasProfile(profile))) return emptyList(app, profile, filter, vault === undefined)
  const environment = await environmentRow(app, profile, filter)
  if (!app.ui.flags.json) {
    const { terminal } = await app.ui.style()
    const plain = terminal || environment !== undefined ? undefined : await plainTable(vault, profile, filter)
    return plain ?? table(profile, counted(vault.tablePages(profile, filter)), environment)
  }
  const { pages, summary } = counted(vault.listPages(profile, filter))
  if (environment === undefined) {
    await printPages(app, profile, pages, summary)
    return undefined
  }
  const integrations = [...Array.from(pages, (page) => page.read()).flat(), environment]
  return done(SCHEMA, { profile, integrations, summary: withOneMore(summary) } satisfies ListAnswer, view)
}

/** What people see of a list: less than programs, and so less is read. */
function table(profile: string, { pages, summary }: Counted<TablePage>, environment: IntegrationAnswer | undefined): Outcome {
  const read = [...pages]
  const integrations = (function* () {
    for (const { rows } of read) yield* rows()
    if (environment !== undefined) yield environment
  })()
  const data: ListTable = { profile, integrations, summary: environment === undefined ? summary : withOneMore(summary) }
  return done(SCHEMA, data, view)
}

/** The table for programs as SQLite makes it; undefined where a cell has to be escaped, which SQLite does not. */
async function plainTable(vault: Vault, profile: string, filter: IntegrationFilter): Promise<Outcome | undefined> {
  const { areLines, LINE_WORDS } = await import('../terminal/views/list.ts')
  const { pages, summary } = counted(vault.linePages(profile, LINE_WORDS, filter))
  const lines: string[] = []
  for (const { text, totals } of pages) {
    if (!areLines(text, totals.total)) return undefined
    lines.push(text)
  }
  return done(SCHEMA, { profile, lines, summary } satisfies ListTable, view)
}

interface Counted<Page> {
  readonly pages: Iterable<Page>
  readonly summary: ListSummary
}

/** Pages, and their totals once they have passed: a change in between cannot make the totals disagree with the list. */
function counted<Page extends { readonly totals: ListSummary }>(all: Iterable<Page>): Counted<Page> {
  const summary = { total: 0, active: 0, inactive: 0, failing: 0, untested: 0 }
  const pages = (function* () {
    for (const page of all) {
      for (const key of Object.keys(summary) as (keyof ListSummary)[]) summary[key] += page.totals[key]
      yield page
    }
  })()
  return { pages, summary }
}

/** A provider that nothing is known of is a mistake, not an empty list: a script would go on with it. @throws {CrmError} `not_found`. */
async function refuseUnknownProvider(app: App, vault: Vault | undefined, profile: string, { provider }: IntegrationFilter): Promise<void> {
  if (provider === undefined) return
  const used = vault !== undefined && (await vault.hasProfile(profile)) ? (await vault.totals(profile, { provider })).total : 0
  if (used > 0) return
  const providers = await app.providers()
  const { requireProvider } = await import('../usecases/add-integrations.ts')
  requireProvider(providers, provider)
}

function filterOf(flags: ListFlags): IntegrationFilter {
  const both = flags.active === true && flags.inactive === true
  return {
    ...(flags.provider === undefined ? {} : { provider: flags.provider.toLowerCase() }),
    ...(both || (flags.active === undefined && flags.inactive === undefined) ? {} : { active: flags.active === true }),
  }
}

/** Long lists go out page by page, as SQLite made them. */
async function printPages(app: App, profile: string, pages: Iterable<{ readonly items: Uint8Array }>, summary: ListSummary): Promise<void> {
  await app.ui.answerPages({
    schema: SCHEMA,
    warnings: [],
    head: { profile },
    key: 'integrations',
    pages: (function* () {
      for (const { items } of pages) yield items
    })(),
    tail: () => ({ summary }),
  })
}

async function emptyList(app: App, profile: string, filter: IntegrationFilter, noVault: boolean) {
  const environment = await environmentRow(app, profile, filter)
  const warning: Warning = noVault
    ? { code: 'no_vault', message: `there is no vault at ${app.paths.vault} yet; make one with: crm init` }
    : { code: 'no_profile', message: `there is no profile ${profile} in the vault yet; make it with: crm -p ${profile} init` }
  const none: ListSummary = { total: 0, active: 0, inactive: 0, failing: 0, untested: 0 }
  const data: ListAnswer = {
    profile,
    integrations: environment === undefined ? [] : [environment],
    summary: environment === undefined ? none : withOneMore(none),
  }
  return done(SCHEMA, data, view, {
    warnings: environment === undefined ? [warning] : [],
  })
}

/** The integration that variables make, where they are set and nothing stored stands before them. */
async function environmentRow(app: App, profile: string, filter: IntegrationFilter) {
  if (filter.active === false || (filter.provider !== undefined && filter.provider !== 'chatwoot')) return undefined
  if (app.world.env.CHATWOOT_API_KEY === undefined) return undefined
  const { environmentIntegrations } = await import('../usecases/environment-integrations.ts')
  return environmentIntegrations(app.world.env, profile, await app.vaultIfThere())
}

function withOneMore(totals: ListSummary): ListSummary {
  return { ...totals, total: totals.total + 1, active: totals.active + 1, untested: totals.untested + 1 }
}
