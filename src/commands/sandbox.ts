import type { Command } from 'commander'
import type { SandboxAnswer } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import { parseDuration } from '../core/time.ts'
import { parseFault, type Sandbox, startSandbox } from '../sandbox/index.ts'
import { type App, action, done, type Outcome } from './app.ts'
import { setExamples, setStatuses } from './help-format.ts'
import { aborted, servingTime } from './serving-time.ts'
import { parseWholeNumber } from './whole-number.ts'

interface SandboxFlags {
  readonly port?: number
  readonly serverVersion?: string
  readonly latency?: number
  readonly fail: readonly string[]
  readonly rateLimit?: number
  readonly deletionDelay?: number
}

export function define(command: Command, app: App): void {
  command
    .argument('[command...]', 'after --, a command to run with the variables set')
    .usage('[flags] [-- command args...]')
    .option('--port <n>', 'port on 127.0.0.1 (default: any free one)', (text: string) => parseWholeNumber(text, '--port', 0, 65_535))
    .option('--server-version <version>', 'the Chatwoot release to play (default 4.15.1)')
    .option('--latency <duration>', 'how long every answer takes, such as 50ms', parseDuration)
    .option('--fail <fault>', "break a request, such as 'POST /inboxes:500' (repeats)", collect, [])
    .option('--rate-limit <n>', 'requests a minute', (text: string) => parseWholeNumber(text, '--rate-limit', 1, 1_000_000))
    .option('--deletion-delay <duration>', 'how long a deleted inbox stays listed', parseDuration)
  setExamples(command, [
    { line: 'crm sandbox', what: 'until Ctrl-C; prints export lines' },
    { line: 'crm sandbox -- crm test env:chatwoot', what: 'run a command against it' },
    { line: "crm sandbox --fail 'POST /inboxes:500' -- ./provision.sh", what: 'with a fault' },
  ])
  setStatuses(command, [8])
  command.action(action(app, 'sandbox', (words: string[], flags: SandboxFlags) => sandbox(app, words, flags)))
}

function collect(text: string, before: readonly string[]): readonly string[] {
  parseFault(text)
  return [...before, text]
}

async function sandbox(app: App, words: readonly string[], flags: SandboxFlags): Promise<Outcome | undefined> {
  const http = await app.http()
  const server = await startSandbox({
    http: http.request,
    clock: app.world.clock,
    faults: flags.fail,
    log: ({ method, path, status, fault }) =>
      app.ui.step(`${method} ${path} ${status ?? 'broken off'}${fault === null ? '' : ` (${fault})`}`),
    ...(flags.port === undefined ? {} : { port: flags.port }),
    ...(flags.serverVersion === undefined ? {} : { version: flags.serverVersion }),
    ...(flags.latency === undefined ? {} : { latencyMs: flags.latency }),
    ...(flags.rateLimit === undefined ? {} : { rateLimit: flags.rateLimit }),
    ...(flags.deletionDelay === undefined ? {} : { deletionDelayMs: flags.deletionDelay }),
  })
  const time = servingTime(app)
  try {
    if (words.length > 0) {
      const { runChild } = await import('../terminal/child.ts')
      app.status = await runChild(words, { ...app.world.env, ...environmentOf(server) }, time.signal, (line) => app.ui.tell(line))
      if (time.isOver())
        throw new CrmError('unreachable', 'the program was ended, because it took longer than --timeout', {
          hint: 'give it more time: --timeout <duration>',
        })
      return undefined
    }
    await serve(app, server, flags.serverVersion ?? '4.15.1', time.signal)
    return undefined
  } finally {
    time.close()
    await server.close()
  }
}

/** What a program needs to reach the sandbox's first account. */
export function environmentOf(server: Sandbox): Record<string, string> {
  const [account] = server.accounts
  if (account === undefined) throw new CrmError('internal', 'the sandbox has no account')
  return { CHATWOOT_BASE_URL: server.url, CHATWOOT_ACCOUNT_ID: String(account.id), CHATWOOT_API_KEY: server.administratorToken }
}

/** Serves until the command is told to stop, or its time is over; stopping is how it ends well. */
async function serve(app: App, server: Sandbox, serverVersion: string, end: AbortSignal): Promise<void> {
  const environment = environmentOf(server)
  const answer = done(
    'crm.sandbox/1',
    { url: server.url, serverVersion, environment } satisfies SandboxAnswer,
    async () => (await import('../terminal/views/sandbox.ts')).sandboxView,
    {
      reveals: Object.values(environment),
    },
  )
  await app.ui.answer(answer.answer, answer.view, answer.reveals)
  app.ui.note(`sandbox: a Chatwoot-compatible server for tests, on ${server.url}; Ctrl-C stops it`)
  await aborted(end)
}
