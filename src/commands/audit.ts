import type { Command } from 'commander'
import type { AuditAnswer, AuditHeadAnswer, AuditPruneAnswer, AuditVerifyAnswer } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import { parseDuration, toTimestamp } from '../core/time.ts'
import type { AuditEvent } from '../vault/audit-log.ts'
import { type App, action, done, type Outcome } from './app.ts'
import { setExamples, setStatuses } from './help-format.ts'
import { parseWholeNumber } from './whole-number.ts'

interface AuditFlags {
  readonly limit?: number
  readonly event?: string
  readonly outcome?: string
  readonly name?: string
  readonly since?: string
}

interface PruneFlags {
  readonly olderThan?: string
  readonly keep?: number
}

export function define(command: Command, app: App): void {
  command
    .option('--limit <n>', 'only the newest n events', (text: string) => parseWholeNumber(text, '--limit', 1, 1_000_000))
    .option('--event <name>', 'only events of this kind, such as integration.reveal, or integration for all of them')
    .option('--outcome <word>', 'only events that ended so, such as failed')
    .option('--name <integration>', 'only events about this integration or demo')
    .option('--since <duration>', 'only events of the last while, such as 7d')
  setExamples(command, [
    { line: 'crm audit --limit 20', what: 'the newest 20 events' },
    { line: 'crm audit --event integration.reveal', what: 'who showed a secret' },
    { line: 'crm audit --name chatwoot --since 7d', what: 'what happened to one integration this week' },
    { line: 'crm audit prune --older-than 365d --yes', what: 'drop what is older than a year' },
    { line: 'crm audit verify', what: 'replay the chain, name the first bad row' },
    { line: 'crm audit head', what: 'what to keep elsewhere as an anchor' },
  ])
  setStatuses(command, [3, 6])
  command.action(action(app, 'audit', (flags: AuditFlags) => show(app, flags)))
  command
    .command('verify')
    .description('Replay the audit log')
    .action(action(app, 'audit verify', () => verify(app)))
  command
    .command('prune')
    .description('Drop the oldest events')
    .option('--older-than <duration>', 'those older than this, such as 365d')
    .option('--keep <n>', 'all but the newest n', (text: string) => parseWholeNumber(text, '--keep', 1, 1_000_000_000))
    .action(action(app, 'audit prune', (flags: PruneFlags) => prune(app, flags)))
  command
    .command('head')
    .description('Print the end of the audit log')
    .action(action(app, 'audit head', () => head(app)))
}

async function show(app: App, flags: AuditFlags): Promise<Outcome> {
  const unlocked = await app.unlockToVerify()
  const verified = (await unlocked.replayAudit()).firstBad === null
  const since = flags.since === undefined ? '' : timeAgo(app, flags.since)
  const matching = (await unlocked.audit()).filter((event) => event.at >= since && matches(event, flags))
  const events = flags.limit === undefined ? matching : matching.slice(-flags.limit)
  return done(
    'crm.audit/1',
    { events, verified } satisfies AuditAnswer,
    async () => (await import('../terminal/views/audit.ts')).auditView,
    {
      warnings: verified ? [] : [{ code: 'audit_altered', message: 'the audit log was altered; see: crm audit verify' }],
    },
  )
}

/** RFC 3339 UTC of so long ago; of more than there is time for, the beginning of it. */
function timeAgo(app: App, duration: string): string {
  return toTimestamp(Math.max(0, app.world.clock() - parseDuration(duration)))
}

function matches({ event, outcome, details }: AuditEvent, flags: AuditFlags): boolean {
  if (flags.event !== undefined && event !== flags.event && !event.startsWith(`${flags.event}.`)) return false
  if (flags.outcome !== undefined && outcome !== flags.outcome) return false
  const about = [details.name, details.from, details.integration, details.slug]
  return flags.name === undefined || about.includes(flags.name)
}

async function prune(app: App, flags: PruneFlags): Promise<Outcome> {
  if (flags.olderThan === undefined && flags.keep === undefined)
    throw new CrmError('usage', 'nothing says what to drop', { hint: 'give --older-than <duration> or --keep <n>' })
  const before = flags.olderThan === undefined ? undefined : timeAgo(app, flags.olderThan)
  const unlocked = await app.unlock()
  const { sequence, head: mac } = await unlocked.replayAudit()
  if (!(await app.ui.confirm(`Drop the oldest events of ${unlocked.profile}? They cannot be brought back.`)))
    throw new CrmError('cancelled', 'Cancelled. Nothing was changed.')
  app.throwIfStopped()
  const dropped = await unlocked.pruneAudit({ before, keep: flags.keep })
  return done(
    'crm.audit-prune/1',
    { dropped, sequence, mac: mac ?? '' } satisfies AuditPruneAnswer,
    async () => (await import('../terminal/views/audit.ts')).auditPrunedView,
  )
}

async function verify(app: App): Promise<Outcome> {
  const { sequence: _, ...replay } = await (await app.unlockToVerify()).replayAudit()
  const error =
    replay.firstBad === null
      ? undefined
      : new CrmError('damaged', `the audit log is not whole: row ${replay.firstBad} is missing, altered or out of order`, {
          hint: 'see what is affected with: crm vault verify',
        })
  return done(
    'crm.audit-verify/1',
    replay satisfies AuditVerifyAnswer,
    async () => (await import('../terminal/views/audit.ts')).auditVerifyView,
    { error },
  )
}

async function head(app: App): Promise<Outcome> {
  const { sequence, head: mac } = await (await app.unlockToVerify()).replayAudit()
  return done(
    'crm.audit-head/1',
    { sequence, mac: mac ?? '' } satisfies AuditHeadAnswer,
    async () => (await import('../terminal/views/audit.ts')).auditHeadView,
  )
}
