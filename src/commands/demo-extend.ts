import type { Command } from 'commander'
import { memoryJournal } from '../chatwoot/demo-journal.ts'
import { CrmError } from '../core/errors.ts'
import { parseName } from '../core/integration.ts'
import { parseDuration, toTimestamp } from '../core/time.ts'
import { endAfter, endProblem } from '../usecases/demo-guards.ts'
import { extendDemo } from '../usecases/extend-demo.ts'
import { holdRuns } from '../usecases/hold-runs.ts'
import { type App, action, type Outcome } from './app.ts'
import { knownDemo, storedDemo } from './demo-show.ts'
import { follow, newRunId, openTarget } from './demo-target.ts'
import { setExamples, setStatuses } from './help-format.ts'

interface DemoExtendFlags {
  readonly integration?: string
  readonly ttl?: number
  readonly expires?: string
}

export function define(command: Command, app: App): void {
  command
    .argument('<slug>', 'a demo')
    .option('--ttl <duration>', 'let it end so long from now, such as 7d', parseDuration)
    .option('--expires <time>', 'let it end then, such as 2027-01-31T18:00:00Z; or never')
    .option('--integration <name>', 'the Chatwoot that it is in')
  setExamples(command, [
    { line: 'crm demo-extend acme-dental --ttl 7d', what: 'seven days from now' },
    { line: 'crm demo-extend acme-dental --expires never', what: 'it stays' },
  ])
  setStatuses(command, [3, 4, 5, 6, 7, 8, 9, 10, 11])
  command.action(action(app, 'demo-extend', (slug: string, flags: DemoExtendFlags) => demoExtend(app, slug, flags)))
}

async function demoExtend(app: App, text: string, flags: DemoExtendFlags): Promise<Outcome> {
  const slug = parseName(text, 'demo')
  const expiresAt = endOf(flags, app.world.clock())
  const known = await knownDemo(app, slug, flags.integration)
  const isStored = known !== undefined && known.status !== 'removed'
  const { target, unlocked } = isStored ? await storedDemo(app, known) : await openTarget(app, flags.integration)
  const runId = newRunId()
  const run = await unlocked?.startDemoRun(target.name, slug, runId)
  const held = holdRuns(
    { clock: app.world.clock, signal: app.signal, deadlineMs: app.deadlineMs, limitMs: app.limitMs },
    run === undefined ? [] : [run],
  )
  try {
    const http = await app.http()
    const journal = run?.journal ?? memoryJournal()
    const deps = { http: http.request, clock: app.world.clock, journal, target, signal: held.signal, runId }
    const answer = await follow(app, extendDemo(deps, slug, expiresAt), `see how it stands with: crm demo-show ${slug}`)
    return { answer, view: (async () => (await import('../terminal/views/demo-extend.ts')).demoExtendView) as Outcome['view'] }
  } finally {
    await held.end()
  }
}

/** The new end. @throws {CrmError} `usage`. */
function endOf({ ttl, expires }: DemoExtendFlags, nowMs: number): string | null {
  if ((ttl === undefined) === (expires === undefined)) {
    throw new CrmError('usage', ttl === undefined ? 'until when?' : '--ttl and --expires exclude each other', {
      hint: 'for example: --ttl 7d',
    })
  }
  if (ttl !== undefined) return endAfter(nowMs, ttl)
  if (expires === 'never') return null
  const end = expires ?? ''
  const problem = endProblem(end)
  if (problem !== undefined)
    throw new CrmError('usage', `--expires ${problem}`, { hint: 'for example: --expires 2027-01-31T18:00:00Z, or never' })
  return toTimestamp(Date.parse(end))
}
