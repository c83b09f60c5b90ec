import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { TourAnswer } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import { Secret } from '../core/secret.ts'
import { generateRawKey } from '../crypto/raw-key.ts'
import { startSandbox } from '../sandbox/index.ts'
import { type App, action, done, type Outcome } from './app.ts'
import { setExamples } from './help-format.ts'
import { environmentOf } from './sandbox.ts'

/** The commands of the tour, as one types them. */
const STEPS: readonly (readonly [line: string, words: readonly string[]])[] = [
  ['crm init', ['init']],
  ['crm add chatwoot --from-env', ['add', 'chatwoot', '--from-env']],
  ['crm list', ['list']],
  ['crm test', ['test', '--fresh']],
  ...([1, 2] as const).map((): readonly [string, readonly string[]] => [
    'crm demo-create --name "Acme Dental" --bot-url https://bot.example.com/hook',
    ['demo-create', '--name', 'Acme Dental', '--bot-url', 'https://bot.example.com/hook'],
  ]),
  ['crm demo-show acme-dental', ['demo-show', 'acme-dental']],
  ['crm demo-remove acme-dental --yes', ['demo-remove', 'acme-dental', '--yes']],
]

export function define(command: Command, app: App): void {
  setExamples(command, [{ line: 'crm tour', what: 'real commands against a sandbox; leaves nothing behind' }])
  command.action(action(app, 'tour', () => tour(app)))
}

/** Runs every step as a process of its own in a temporary vault, against a sandbox of this process. */
async function tour(app: App): Promise<Outcome | undefined> {
  const startedMs = app.world.clock()
  const directory = mkdtempSync(join(tmpdir(), 'crm-tour-'))
  const http = await app.http()
  const server = await startSandbox({ http: http.request, clock: app.world.clock })
  const environment = {
    ...cleanEnvironment(app.world.env),
    ...environmentOf(server),
    CRM_HOME: directory,
    INTEGRATION_ENCRYPTION_KEY: new Secret(generateRawKey()).reveal(),
  }
  const steps: { command: string; exitStatus: number; output: string; durationMs: number }[] = []
  try {
    app.ui.note(`a temporary vault and a sandbox on ${server.url}; nothing of yours is touched`)
    for (const [line, words] of STEPS) {
      const stepMs = app.world.clock()
      if (!app.ui.flags.json) app.ui.print(`\n$ ${line}`)
      const { status, output } = await runStep(app, words, environment)
      if (!app.ui.flags.json) app.ui.print(output.trimEnd())
      steps.push({ command: line, exitStatus: status, output, durationMs: app.world.clock() - stepMs })
      app.throwIfStopped()
      if (status !== 0)
        throw new CrmError('internal', `the tour stopped: ${line} ended with ${status}`, { hint: 'run the command again with -v' })
    }
  } finally {
    await server.close()
    rmSync(directory, { recursive: true, force: true })
  }
  const data: TourAnswer = { steps, durationMs: app.world.clock() - startedMs }
  return done('crm.tour/1', data, async () => (await import('../terminal/views/tour.ts')).tourView)
}

/** The environment without what would lead a step to the user's own vault or profile. */
function cleanEnvironment(environment: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('CRM_') && !name.startsWith('CHATWOOT_')))
}

/** Output and errors of one command, in the order in which they came. */
function runStep(app: App, words: readonly string[], env: Readonly<Record<string, string>>): Promise<{ status: number; output: string }> {
  const [node, script] = app.world.program
  return new Promise((resolve, reject) => {
    const child = spawn(node, [script, ...words], { env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.once('error', reject)
    child.once('close', (status) => resolve({ status: status ?? 1, output: Buffer.concat(chunks).toString('utf8') }))
  })
}
