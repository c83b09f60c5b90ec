import { type LoadWith, useCompiled } from './files/compiled.ts'
import { homeOf } from './process-home.ts'

/**
 * What every run begins with: it shuts what could tell of the process, takes the compiled code that earlier runs have kept, and goes on
 * with `main.ts`. It is compiled anew by every run, as is what it imports, so there is little of it.
 * @returns the exit status. The only one that exits is `bin/crm.js`.
 */
export async function start(host: NodeJS.Process, loadWith: LoadWith): Promise<number> {
  // A listener keeps Node from opening a debugger on loopback for whoever sends SIGUSR1.
  host.on('SIGUSR1', () => {})
  keepReportsShut(host)
  const compiled = useCompiled({
    argv: host.argv.slice(2),
    env: host.env,
    home: homeOf(host),
    platform: host.platform,
    uid: host.getuid?.(),
    engine: `${host.version}-${host.arch}`,
    loadWith,
  })
  const { main } = await import('./main.ts')
  return main(host, compiled)
}

/**
 * A diagnostic report holds the environment and lies where the command runs: none is written by itself, and one that is forced says nothing
 * of the variables (`security.md` section 7). Node writes none unless its options ask for it, and to look at `report` loads a module.
 */
function keepReportsShut(host: NodeJS.Process): void {
  const hasOptions = host.execArgv.length > 0 || host.env.NODE_OPTIONS !== undefined
  const report = hasOptions ? host.report : undefined
  if (report === undefined) return
  report.excludeEnv = true
  report.reportOnFatalError = false
  report.reportOnSignal = false
  report.reportOnUncaughtException = false
}
