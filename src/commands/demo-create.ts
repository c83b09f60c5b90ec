import type { Command } from 'commander'
import { memoryJournal } from '../chatwoot/demo-journal.ts'
import type { Answer, DemoChoice, DemoCreateAnswer } from '../core/answers.ts'
import type { DemoJournal } from '../core/demo.ts'
import { CrmError } from '../core/errors.ts'
import { createDemo } from '../usecases/create-demo.ts'
import { type CreateDemoRequest, readCreateDemo } from '../usecases/create-demo-input.ts'
import { holdRuns } from '../usecases/hold-runs.ts'
import type { DemoRun, UnlockedVault } from '../vault/unlocked.ts'
import { type App, action, type Outcome } from './app.ts'
import { follow, newRunId, type OpenTarget, openTarget } from './demo-target.ts'
import { setExamples, setStatuses } from './help-format.ts'
import { parseOutput } from './output-file.ts'

interface DemoCreateFlags {
  readonly name?: string
  readonly botUrl?: string
  readonly integration: readonly string[]
  readonly channel?: string
  readonly websiteUrl?: string
  readonly webhookUrl?: string
  readonly greeting?: string
  readonly welcomeTitle?: string
  readonly welcomeTagline?: string
  readonly color?: string | boolean
  readonly widgetColor?: string
  readonly agent: readonly string[]
  readonly slug?: string
  readonly ttl?: string
  readonly expires?: string
  readonly ifExists?: string
  readonly dryRun?: boolean
  readonly keepOnFailure?: boolean
  readonly output?: string
  readonly verify?: boolean
}

export function define(command: Command, app: App): void {
  command
    .option('--name <text>', 'name of inbox and bot')
    .option('--bot-url <url>', "the bot's address, called with every event")
    .option(
      '--integration <names>',
      'the Chatwoot to use; of several (a,b) the first that works',
      (text: string, before: readonly string[]) => [...before, ...text.split(',').map((name) => name.trim())],
      [],
    )
    .option('--channel <web|api>', 'a website widget, or the API channel (default web)')
    .option('--website-url <url>', 'the website of the widget (default https://example.com)')
    .option('--webhook-url <url>', 'where an API inbox sends its events')
    .option('--greeting <text>', 'greet each visitor with this message')
    .option('--welcome-title <text>', 'title of the widget')
    .option('--welcome-tagline <text>', 'line below the title')
    .option('--color <#rrggbb>', 'colour of the widget')
    .option('--agent <email>', 'give this agent the inbox (repeats)', (email: string, before: readonly string[]) => [...before, email], [])
    .option('--slug <slug>', 'the key of the demo (default: made from the name)')
    .option('--if-exists <reuse|fail|replace>', 'what to do when it is there (default reuse)')
    .option('--ttl <duration>', 'how long it lives, such as 7d (crm demo-sweep)')
    .option('--expires <time>', 'when it ends, such as 2027-01-31T18:00:00Z')
    .option('-n, --dry-run', 'print the plan, change nothing')
    .option('--keep-on-failure', 'leave what a failed run has made')
    .option('--verify', 'then talk to it as a customer, and wait for the bot')
    .option('--output <dir>', 'write snippet.html and index.html there', parseOutput)
  setExamples(command, [
    {
      line: 'crm demo-create --name "Acme Dental" --bot-url https://bot.example.com/hook',
      what: 'inbox, bot and their link; a second run changes nothing',
    },
    { line: 'crm demo-create --name "Acme Dental" --bot-url https://bot.example.com/hook --dry-run', what: 'the plan alone' },
    { line: 'crm demo-create --name "Acme API" --bot-url https://bot.example.com/hook --channel api --json', what: 'for scripts' },
  ])
  setStatuses(command, [3, 4, 5, 6, 7, 8, 9, 10, 11])
  command.action(action(app, 'demo-create', (flags: DemoCreateFlags) => demoCreate(app, flags)))
}

async function demoCreate(app: App, flags: DemoCreateFlags): Promise<Outcome> {
  const request = requestOf(flags)
  const input = readCreateDemo(request)
  const { opened, chosen } = await openChosen(app, input.slug, flags.integration)
  const { target, unlocked } = opened
  const runId = newRunId()
  const http = await app.http()
  const pages = flags.output === undefined ? {} : { pages: (await import('../usecases/create-demo-pages.ts')).pagesIn(flags.output) }
  const run = unlocked === undefined || input.dryRun ? undefined : await unlocked.startDemoRun(target.name, input.slug, runId)
  const held = holdRuns(
    { clock: app.world.clock, signal: app.signal, deadlineMs: app.deadlineMs, limitMs: app.limitMs },
    run === undefined ? [] : [run],
  )
  try {
    const events = createDemo(
      {
        http: http.request,
        clock: app.world.clock,
        journal: journalOf(run, unlocked, target.name, input.slug),
        target,
        signal: held.signal,
        runId,
        ...pages,
      },
      request,
    )
    const made = await follow(app, events, `run the same command again, or: crm demo-remove ${input.slug}`)
    const proven = flags.verify === true && !input.dryRun ? await verified(app, opened, made) : made
    const answer = chosen === undefined || proven.data === null ? proven : { ...proven, data: { ...proven.data, chosen } }
    return { answer, view: (async () => (await import('../terminal/views/demo-create.ts')).demoCreateView) as Outcome['view'] }
  } finally {
    await held.end()
  }
}

/** The integration of a demo: the one named, the only one, or the right one of several. */
async function openChosen(
  app: App,
  slug: string,
  names: readonly string[],
): Promise<{ readonly opened: OpenTarget; readonly chosen?: DemoChoice }> {
  const [name] = names
  if (names.length > 1) {
    const { openOneOf } = await import('./one-of.ts')
    return openOneOf(app, slug, names)
  }
  app.integration = name
  return { opened: await openTarget(app, name) }
}

/** The answer with what talking to the demo has shown. A demo that keeps silent stays: it is there, and its bot can be mended. */
async function verified(app: App, opened: OpenTarget, made: Answer<DemoCreateAnswer>): Promise<Answer<DemoCreateAnswer>> {
  if (made.error !== undefined || made.data === null || made.data.inbox === null || made.data.bot === null) return made
  const { demo, inbox, bot } = made.data
  const [{ runVerification }, { ANSWER_WAIT_MS }] = await Promise.all([import('./demo-verify.ts'), import('../usecases/verify-demo.ts')])
  const request = { slug: demo.slug, name: demo.name, inboxId: inbox.id, botId: bot.id, waitMs: ANSWER_WAIT_MS }
  const { data, warnings, error } = await runVerification(app, opened, request)
  if (data === null) return made
  const { demo: _demo, ...verification } = data
  const all = { ...made, data: { ...made.data, verification }, warnings: [...made.warnings, ...warnings] }
  return error === undefined ? all : { ...all, error }
}

/** The vault's journal under a held run; without a vault one in memory; of a dry run one that only reads. */
function journalOf(run: DemoRun | undefined, unlocked: UnlockedVault | undefined, integration: string, slug: string): DemoJournal {
  if (run !== undefined) return run.journal
  if (unlocked === undefined) return memoryJournal()
  return {
    read: () => unlocked.readDemo(integration, slug),
    write: () => Promise.reject(new CrmError('internal', 'a dry run wrote to its journal')),
  }
}

function requestOf(flags: DemoCreateFlags): CreateDemoRequest {
  const { integration, output, verify, agent, color, ...rest } = flags
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
  return { ...given, agents: [...agent], ...(typeof color === 'string' ? { color } : {}) } as CreateDemoRequest
}
