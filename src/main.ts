import { runCommand } from './commands/program.ts'
import type { StopSignal } from './core/errors.ts'
import type { Compiled } from './files/compiled.ts'
import { vaultExists } from './files/exists.ts'
import { resolvePaths } from './files/paths.ts'
import { actorOf, hostOf, startOfProcess, variablesOf } from './process-facts.ts'
import { homeOf } from './process-home.ts'
import { fdInput, fdOutput } from './terminal/streams.ts'
import type { World } from './world.ts'

const STOP_SIGNALS: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * The composition root: reads the process, builds the commands, runs the one that argv names.
 * @param compiled what this run has compiled, if that is worth keeping.
 * @returns the exit status.
 */
export async function main(host: NodeJS.Process, compiled: () => Compiled | undefined): Promise<number> {
  const world = readWorld(host)
  const hadVault = hasVault(world)
  const { status, command } = await runCommand(world)
  // A command that was cancelled leaves nothing. Whoever has no vault may be only looking.
  const kept = status === 0 && hadVault ? compiled() : undefined
  if (kept !== undefined) await keep(kept, command)
  return status
}

async function keep(compiled: Compiled, command: string | undefined): Promise<void> {
  try {
    const { keepCompiled } = await import('./files/keep-compiled.ts')
    keepCompiled(compiled, command)
  } catch {
    // The command has done well, though what it was started from may have been replaced meanwhile.
  }
}

function hasVault({ env, home, platform }: World): boolean {
  try {
    return vaultExists(resolvePaths(env, home, platform).vault)
  } catch {
    return false // There is no home directory, or it cannot be read: what that means is said by what needs it.
  }
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
