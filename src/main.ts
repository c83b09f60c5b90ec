import type { StopSignal } from './core/errors.ts'
import { type Loaders, useCompiled } from './files/compiled.ts'
import { actorOf, homeOf, hostOf, startOfProcess, variablesOf } from './process-facts.ts'
import { fdInput, fdOutput } from './terminal/streams.ts'
import type { World } from './world.ts'

const STOP_SIGNALS: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * The composition root: reads the process, builds the commands, runs the one that argv names.
 * @param loaders `require.extensions` of the program.
 * @returns the exit status. The only reader of the process; the only one that exits is `bin/crm.js`.
 */
export async function main(host: NodeJS.Process, loaders: Loaders): Promise<number> {
  // A listener keeps Node from opening a debugger on loopback for whoever sends SIGUSR1.
  host.on('SIGUSR1', () => {})
  keepReportsShut(host)
  const world = readWorld(host)
  const keepCompiled = useCompiled({ ...world, loaders, engine: `${host.version}-${host.arch}` })
  // Everything but this file is loaded after that.
  const { runCommand } = await import('./commands/program.ts')
  const { status, command } = await runCommand(world)
  // A command that was cancelled leaves nothing.
  if (status === 0) keepCompiled(command)
  return status
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

function readWorld(host: NodeJS.Process): World {
  const encryptionKey = host.env.INTEGRATION_ENCRYPTION_KEY || undefined
  delete host.env.INTEGRATION_ENCRYPTION_KEY
  return {
    argv: host.argv.slice(2),
    env: variablesOf(host),
    encryptionKey,
    nodeOptions: host.execArgv,
    stdin: fdInput(0, () => host.stdin),
    stdout: fdOutput(1, () => host.stdout),
    stderr: fdOutput(2, () => host.stderr),
    platform: host.platform,
    node: host.versions.node,
    home: homeOf(host),
    actor: () => actorOf(host),
    host: () => hostOf(host),
    pid: host.pid,
    startOf: (pid) => startOfProcess(host, pid),
    uid: host.getuid?.(),
    clock: Date.now,
    onStop: (listener, again) => listenForStop(host, listener, again),
    program: [host.execPath, host.argv[1] ?? 'crm'],
  }
}

/** The first signal asks the command to stop cleanly; the second one takes its usual course. */
function listenForStop(host: NodeJS.Process, listener: (signal: StopSignal) => void, again: () => void): void {
  const stop = (signal: NodeJS.Signals): void => {
    for (const name of STOP_SIGNALS) {
      host.off(name, stop)
      host.on(name, () => {
        // While it is listened to, a third one cannot end the process before this is said; the others can, should nobody take what is said.
        for (const other of STOP_SIGNALS) if (other !== name) host.removeAllListeners(other)
        again()
        host.removeAllListeners(name)
        host.kill(host.pid, name)
      })
    }
    listener(signal as StopSignal)
  }
  for (const name of STOP_SIGNALS) host.on(name, stop)
}
