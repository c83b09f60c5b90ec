import type { Command } from 'commander'
import type { DemoTarget } from '../chatwoot/demo-target.ts'
import { writePrivateFile } from '../files/private.ts'
import { type App, action, type Outcome } from './app.ts'
import { type FleetFlags, storedRecords } from './demo-fleet.ts'
import { type OpenTarget, openAllTargets, openTarget } from './demo-target.ts'
import { setExamples, setStatuses } from './help-format.ts'
import { outputFile, parseOutput } from './output-file.ts'
import { pacedReads } from './pace.ts'

interface DemoExportFlags extends FleetFlags {
  readonly integration?: string
  readonly output?: string
}

export function define(command: Command, app: App): void {
  command
    .option('--integration <name>', 'the Chatwoot to look into (default: every active one)')
    .option('--output <file>', 'write it there, in place of standard output', parseOutput)
  setExamples(command, [
    { line: 'crm demo-export > demos.yaml', what: 'crm demo-apply finds nothing to change then' },
    { line: 'crm demo-export --output now.yaml', what: 'the same; a file that is there needs --yes' },
  ])
  setStatuses(command, [3, 4, 5, 6, 7, 8, 9, 11])
  command.action(action(app, 'demo-export', (flags: DemoExportFlags) => demoExport(app, flags)))
}

async function demoExport(app: App, flags: DemoExportFlags): Promise<Outcome> {
  const output = await outputFile(app, flags.output)
  const opened = flags.integration === undefined ? await openAllTargets(app) : [await openTarget(app, flags.integration)]
  const byTarget = new Map<DemoTarget, OpenTarget>(opened.map((open) => [open.target, open]))
  const { exportDemos } = await import('../usecases/export-demos.ts')
  const progress = app.ui.progress('Reading what is there')
  const known = async (target: DemoTarget) => {
    const open = byTarget.get(target)
    return open === undefined ? null : storedRecords(app, open)
  }
  const http = await pacedReads(app, flags)
  const answer = await exportDemos({ http, signal: app.signal, known }, [...byTarget.keys()]).finally(() => progress.end())
  const data = answer.data === null ? null : { ...answer.data, path: output ?? null }
  app.throwIfStopped()
  if (output !== undefined && data !== null) writePrivateFile(output, data.text)
  const view = (async () => (await import('../terminal/views/demo-export.ts')).demoExportView) as Outcome['view']
  return { answer: { ...answer, data }, view }
}
