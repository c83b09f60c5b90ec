import type { Command } from 'commander'
import type { AuditAnswer, AuditHeadAnswer, AuditVerifyAnswer } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import { type App, action, done, type Outcome } from './app.ts'
import { setExamples, setStatuses } from './help-format.ts'
import { parseWholeNumber } from './whole-number.ts'

interface AuditFlags {
  readonly limit?: number
  readonly event?: string
}

export function define(command: Command, app: App): void {
  command
    .option('--limit <n>', 'only the newest n events', (text: string) => parseWholeNumber(text, '--limit', 1, 1_000_000))
    .option('--event <name>', 'only events of this kind, such as integration.reveal')
  setExamples(command, [
    { line: 'crm audit --limit 20', what: 'the newest 20 events' },
    { line: 'crm audit --event integration.reveal', what: 'who showed a secret' },
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
    .command('head')
    .description('Print the end of the audit log')
    .action(action(app, 'audit head', () => head(app)))
}

async function show(app: App, flags: AuditFlags): Promise<Outcome> {
  const unlocked = await app.unlockToVerify()
  const verified = (await unlocked.replayAudit()).firstBad === null
  const matching = (await unlocked.audit()).filter((event) => flags.event === undefined || event.event === flags.event)
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

async function verify(app: App): Promise<Outcome> {
  const replay: AuditVerifyAnswer = await (await app.unlockToVerify()).replayAudit()
  const error =
    replay.firstBad === null
      ? undefined
      : new CrmError('damaged', `the audit log is not whole: row ${replay.firstBad} is missing, altered or out of order`, {
          hint: 'see what is affected with: crm vault verify',
        })
  return done('crm.audit-verify/1', replay, async () => (await import('../terminal/views/audit.ts')).auditVerifyView, { error })
}

async function head(app: App): Promise<Outcome> {
  const { rows, head: mac } = await (await app.unlockToVerify()).replayAudit()
  return done(
    'crm.audit-head/1',
    { sequence: rows, mac: mac ?? '' } satisfies AuditHeadAnswer,
    async () => (await import('../terminal/views/audit.ts')).auditHeadView,
  )
}
