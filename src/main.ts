import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import type { StopSignal } from './core/errors.ts'
import { fdInput, fdOutput } from './terminal/streams.ts'
import type { World } from './world.ts'

const STOP_SIGNALS: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * The composition root: reads the process, builds the commands, runs the one that argv names.
 * @returns the exit status. The only reader of the process; the only one that exits is `bin/crm.js`.
 */
export async function main(host: NodeJS.Process): Promise<number> {
  // A listener keeps Node from opening a debugger on loopback for whoever sends SIGUSR1.
  host.on('SIGUSR1', () => {})
  const { runCommand } = await import('./commands/program.ts')
  return runCommand(readWorld(host))
}

function readWorld(host: NodeJS.Process): World {
  const env: Record<string, string> = Object.create(null)
  for (const [name, value] of Object.entries(host.env)) if (value !== undefined && value !== '') env[name] = value
  const encryptionKey = env.INTEGRATION_ENCRYPTION_KEY
  delete env.INTEGRATION_ENCRYPTION_KEY
  delete host.env.INTEGRATION_ENCRYPTION_KEY
  return {
    argv: host.argv.slice(2),
    env,
    encryptionKey,
    stdin: fdInput(0, () => host.stdin),
    stdout: fdOutput(1, () => host.stdout),
    stderr: fdOutput(2, () => host.stderr),
    platform: host.platform,
    home: env.HOME ?? env.USERPROFILE ?? '/',
    actor: () => `${env.USER ?? env.USERNAME ?? `uid ${host.getuid?.() ?? 'unknown'}`}@${hostname()} pid ${host.pid}`,
    host: hostname,
    pid: host.pid,
    startOf: (pid) => (pid === host.pid || isRunning(host, pid) ? startOfProcess(pid) : undefined),
    uid: host.getuid?.(),
    clock: Date.now,
    onStop: (listener) => listenForStop(host, listener),
    program: [host.execPath, host.argv[1] ?? 'crm'],
  }
}

/** The time a process started in the kernel's ticks (Linux, field 22 of `proc_pid_stat(5)`); empty on other systems. */
function startOfProcess(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The second field, in parentheses, may hold blanks: count from its end.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

function isRunning(host: NodeJS.Process, pid: number): boolean {
  try {
    host.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** The first signal asks the command to stop cleanly; the second one takes its usual course. */
function listenForStop(host: NodeJS.Process, listener: (signal: StopSignal) => void): void {
  const stop = (signal: NodeJS.Signals): void => {
    for (const name of STOP_SIGNALS) {
      host.off(name, stop)
      host.on(name, () => {
        host.removeAllListeners(name)
        host.kill(host.pid, name)
      })
    }
    listener(signal as StopSignal)
  }
  for (const name of STOP_SIGNALS) host.on(name, stop)
}
