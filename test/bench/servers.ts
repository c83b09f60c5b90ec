import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface, type Interface } from 'node:readline'

/** A server in a process of its own, so that it is not in the way of what is measured. */
export interface ServerProcess {
  /** The next line that it prints. */
  line(): Promise<string>
  /** Writes a line to it. */
  ask(line: string): void
  stop(): Promise<void>
}

/** Starts a server program. */
export function startServer(words: readonly string[]): ServerProcess {
  const child: ChildProcess = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const lines = (createInterface({ input: child.stdout as NodeJS.ReadableStream }) as Interface)[Symbol.asyncIterator]()
  return {
    async line() {
      const { value, done } = await lines.next()
      if (done === true) throw new Error(`${words[0]} ended`)
      return value as string
    },
    ask: (line) => void child.stdin?.write(`${line}\n`),
    stop() {
      child.kill()
      return exited
    },
  }
}
