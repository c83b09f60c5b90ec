import type { Connection } from '../chatwoot/connection.ts'
import type { Applied } from '../chatwoot/demo-failure.ts'
import type { Ledger } from '../chatwoot/demo-journal.ts'
import { botAnswer, inboxAnswer, snippetOf } from '../chatwoot/demo-objects.ts'
import { demoPage, snippetWarning } from '../chatwoot/demo-page.ts'
import type { DemoPlan } from '../chatwoot/demo-plan.ts'
import { stepAnswer, tracksOf } from '../chatwoot/demo-run.ts'
import type { Answer, DemoCreateAnswer } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import type { Source } from '../core/integration.ts'
import type { TestReport, Warning } from '../core/provider.ts'
import type { CreateDemoInput } from './create-demo-input.ts'
import type { DemoPages } from './create-demo-pages.ts'

/** The schema of the answer. */
export const CREATE_DEMO_SCHEMA = 'crm.demo-create/1'

/** Everything about a run that its answer is made of. */
export interface RunState {
  readonly integration: string
  readonly source: Source
  readonly connection: Connection
  readonly input: CreateDemoInput
  readonly report: TestReport
  readonly ledger: Ledger
  readonly plan: DemoPlan
  readonly warnings: readonly Warning[]
  /** Whether another demo of this name was removed first. */
  readonly replaces: boolean
  /** Whether objects that the demo does not need were removed. */
  readonly cleans: boolean
}

/** What is known before anything is applied. */
export function nothingApplied(plan: DemoPlan): Applied {
  return { error: undefined, steps: tracksOf(plan).map(stepAnswer), inbox: null, bot: null, left: [], pending: [], warnings: [] }
}

/** The answer of a run that has ended, with its warnings and its error. */
export function answerOf(state: RunState, applied: Applied): Answer<DemoCreateAnswer> {
  const { plan, replaces, cleans, ledger, connection, input, report, integration, source } = state
  const { inbox, bot, error, steps, left } = applied
  const { slug, name, dryRun } = input
  const isAlive = ledger.record !== undefined && ledger.record.status !== 'removed'
  const data: DemoCreateAnswer = {
    changed: error === undefined ? plan.changed || replaces || cleans : left.length > 0,
    dryRun,
    demo: { slug, name, integration, source, createdAt: isAlive ? (ledger.record?.createdAt ?? null) : null },
    account: { id: connection.accountId, name: report.identity?.accountName ?? null },
    inbox: inbox === null ? null : inboxAnswer(connection, inbox),
    bot: bot === null ? null : botAnswer(bot),
    snippet: inbox === null ? null : snippetOf(inbox, connection.baseUrl),
    steps,
  }
  const warnings = [...state.warnings, ...applied.warnings, ...warningsAfter(state, applied)]
  return { schema: CREATE_DEMO_SCHEMA, data, warnings, ...(error === undefined ? {} : { error }) }
}

/** What shows only when all is done. */
function warningsAfter({ connection, input }: RunState, { inbox, pending }: Applied): readonly Warning[] {
  const snippet = inbox === null || input.dryRun ? null : snippetOf(inbox, connection.baseUrl)
  const differs = snippet === null ? undefined : snippetWarning(snippet, connection.baseUrl)
  const message = `deletion pending: Chatwoot still lists the inbox ${pending.join(', ')}, which it deletes in the background`
  return [...(differs === undefined ? [] : [differs]), ...(pending.length === 0 ? [] : [{ code: 'deletion_pending', message }])]
}

/** Writes the pages of a demo that was made. A failure is the answer's error: the demo is there all the same, and stays. */
export async function withPages(
  answer: Answer<DemoCreateAnswer>,
  pages: DemoPages | undefined,
  state: RunState,
): Promise<Answer<DemoCreateAnswer>> {
  const { snippet = null, inbox } = answer.data ?? {}
  const websiteToken = inbox?.websiteToken
  if (pages === undefined || answer.error !== undefined || snippet === null || websiteToken === undefined) return answer
  const { name, color, welcomeTitle, welcomeTagline } = state.input
  const page = demoPage({ name, color, welcomeTitle, welcomeTagline, websiteToken, baseUrl: state.connection.baseUrl })
  try {
    await pages.write({ 'snippet.html': `${snippet}\n`, 'index.html': page })
    return answer
  } catch (error) {
    if (error instanceof CrmError) return { ...answer, error }
    throw error
  }
}
