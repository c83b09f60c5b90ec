import { readFileSync } from 'node:fs'

/** The name of this machine. The module is loaded when somebody asks, which most commands do not. */
export function hostOf(host: NodeJS.Process): string {
  return host.getBuiltinModule('node:os').hostname()
}

/** Who acts, for the audit log: `user@host pid 123`. */
export function actorOf(host: NodeJS.Process): string {
  const user = host.env.USER || host.env.USERNAME || `uid ${host.getuid?.() ?? 'unknown'}`
  return `${user}@${hostOf(host)} pid ${host.pid}`
}

/**
 * When a process of this machine was started, in a form that tells it from a later one with the same id: the kernel's ticks
 * (Linux, field 22 of `proc_pid_stat(5)`), empty on other systems; undefined when it does not run.
 */
export function startOfProcess(host: NodeJS.Process, pid: number): string | undefined {
  if (pid !== host.pid && !isRunning(host, pid)) return undefined
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

/** Variables that are set and not empty, without the one that holds the key. */
export function variablesOf(host: NodeJS.Process): Record<string, string> {
  const env: Record<string, string> = Object.create(null)
  for (const [name, value] of Object.entries(host.env)) {
    if (value !== undefined && value !== '' && name !== 'INTEGRATION_ENCRYPTION_KEY') env[name] = value
  }
  return env
}
