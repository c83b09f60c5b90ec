import type { StopSignal } from './core/errors.ts'
import type { Clock } from './core/ports.ts'
import type { InputSource, OutputTarget } from './terminal/streams.ts'

/** The process and the machine as the commands see them: everything that is read from outside, as values. */
export interface World {
  /** The words of the command line, without the program. */
  readonly argv: readonly string[]
  /** Variables that are set and not empty, without those that hold keys. */
  readonly env: Readonly<Record<string, string>>
  /** `INTEGRATION_ENCRYPTION_KEY`, taken out of the environment so that no child inherits it. */
  readonly encryptionKey: string | undefined
  /** The options that Node itself was started with: `--inspect`. */
  readonly nodeOptions: readonly string[]
  readonly stdin: InputSource
  readonly stdout: OutputTarget
  readonly stderr: OutputTarget
  readonly platform: string
  /** The version of Node: `24.21.0`. */
  readonly node: string
  /** Undefined where a process has none. */
  readonly home: string | undefined
  /** `user@host pid 123`, for the audit log; asked for once something is written. */
  readonly actor: () => string
  readonly host: () => string
  readonly pid: number
  /** Tells a process of this host from a later one with the same id; empty where the platform does not say. */
  readonly startOf: (pid: number) => string | undefined
  readonly uid: number | undefined
  readonly clock: Clock
  /** Calls back on SIGINT, SIGTERM and SIGHUP, once; a second signal calls `again` and ends the process at once. */
  readonly onStop: (listener: (signal: StopSignal) => void, again: () => void) => void
  /** The program that runs this command and its script, to run another one: `[node, bin/crm.js]`. */
  readonly program: readonly [string, string]
}
