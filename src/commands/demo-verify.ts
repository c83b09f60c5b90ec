import type { Command } from 'commander'
import { memoryJournal } from '../chatwoot/demo-journal.ts'
import type { Answer, DemoVerifyAnswer } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import { parseName } from '../core/integration.ts'
import { parseDuration } from '../core/time.ts'
import type { Progress } from '../terminal/progress.ts'
import { holdRuns } from '../usecases/hold-runs.ts'
import type { ListenRequest } from '../usecases/stand-in-bot.ts'
import { ANSWER_WAIT_MS, type VerifyDemoRequest, type VerifyEvent, verifyDemo } from '../usecases/verify-demo.ts'
import { type App, action, type Outcome } from './app.ts'
import { locateDemo } from './demo-show.ts'
import { newRunId, type OpenTarget } from './demo-target.ts'
import { setExamples, setStatuses } from './help-format.ts'
import { parseWholeNumber } from './whole-number.ts'

interface DemoVerifyFlags {
  readonly integration?: string
  readonly wait?: number
  readonly listen?: boolean
  readonly listenPort?: number
  readonly listenUrl?: string
}

export function define(command: Command, app: App): void {
  command
    .argument('<slug>', 'a demo')
    .option('--integration <name>', 'where several have a demo of this name')
    .option('--wait <duration>', 'longest wait for the answer (default 15s)', parseDuration)
    .option('--listen', 'take the place of the bot for the time of the test')
    .option('--listen-port <n>', 'port of that receiver on 127.0.0.1 (default: a free one)', (text: string) =>
      parseWholeNumber(text, '--listen-port', 0, 65_535),
    )
    .option('--listen-url <url>', 'under which address Chatwoot reaches that receiver')
  setExamples(command, [
    { line: 'crm demo-verify acme-dental', what: 'write as a customer, wait for the bot' },
    { line: 'crm demo-verify acme-dental --listen', what: 'and show what Chatwoot delivers' },
  ])
  setStatuses(command, [3, 4, 5, 6, 7, 8, 9, 10, 11])
  command.action(action(app, 'demo-verify', (slug: string, flags: DemoVerifyFlags) => demoVerify(app, slug, flags)))
}

async function demoVerify(app: App, text: string, flags: DemoVerifyFlags): Promise<Outcome> {
  const slug = parseName(text, 'demo')
  const listen = listenOf(flags)
  const { opened, demo } = await locateDemo(app, slug, flags.integration)
  const answer = await runVerification(app, opened, {
    ...demo,
    waitMs: flags.wait ?? ANSWER_WAIT_MS,
    ...(listen === undefined ? {} : { listen }),
  })
  return { answer, view: (async () => (await import('../terminal/views/demo-verify.ts')).demoVerifyView) as Outcome['view'] }
}

function listenOf(flags: DemoVerifyFlags): ListenRequest | undefined {
  const { listen, listenPort: port, listenUrl: url } = flags
  if (listen !== true && port === undefined && url === undefined) return undefined
  if (url !== undefined && !/^https?:$/.test(URL.parse(url)?.protocol ?? '')) {
    throw new CrmError('usage', '--listen-url takes an http or https address', {
      hint: 'for example: --listen-url https://tunnel.example.com',
    })
  }
  return { port: port ?? 0, secretPath: newRunId(), ...(url === undefined ? {} : { url }) }
}

/** Verifies a demo, telling what happens; only a stand-in for the bot needs the run of the demo, since it alone writes. */
export async function runVerification(app: App, opened: OpenTarget, request: VerifyDemoRequest): Promise<Answer<DemoVerifyAnswer>> {
  const { target, unlocked } = opened
  const runId = newRunId()
  const http = await app.http()
  const run = request.listen === undefined ? undefined : await unlocked?.startDemoRun(target.name, request.slug, runId)
  const held = holdRuns(
    { clock: app.world.clock, signal: app.signal, deadlineMs: app.deadlineMs, limitMs: app.limitMs },
    run === undefined ? [] : [run],
  )
  try {
    const { clock } = app.world
    const events = verifyDemo(
      { http: http.request, clock, signal: held.signal, target, journal: run?.journal ?? memoryJournal(), runId },
      request,
    )
    return await tell(app, events)
  } finally {
    await held.end()
  }
}

async function tell(app: App, events: AsyncGenerator<VerifyEvent, Answer<DemoVerifyAnswer>>): Promise<Answer<DemoVerifyAnswer>> {
  let progress: Progress | undefined
  try {
    for (;;) {
      const next = await events.next()
      if (next.done === true) {
        for (const warning of next.value.warnings) app.ui.warn(warning)
        return next.value
      }
      const event = next.value
      if (event.type === 'wait') progress = app.ui.progress(`Waiting for ${event.what}`)
      else if (event.type === 'step') app.ui.step(`${event.step.name}: ${event.step.detail ?? (event.step.passed ? 'done' : 'failed')}`)
      else app.ui.step(`delivery: ${event.delivery.event}, signature ${event.delivery.signature}`)
      if (event.type === 'step' && event.step.name === 'answer') progress?.end()
    }
  } finally {
    progress?.end()
  }
}
