import { fileURLToPath } from 'node:url'
import { runInTerminal, type TerminalRun } from '../support/pty.ts'

const FIXTURE = fileURLToPath(new URL('fixtures/asking.ts', import.meta.url))

/** Settings of the terminal before and after, and the status in between: what a shell would see. */
const WATCHED = `trap : INT
echo BEFORE; stty -a; echo READY
"$@"
echo "status=$?"; echo AFTER; stty -a; echo END`

/** The command line of the program that asks. */
export function askingCommand(...args: string[]): [string, ...string[]] {
  return [process.execPath, '--experimental-transform-types', '--no-warnings', FIXTURE, ...args]
}

/** Variables for a terminal that shows UTF-8, without anything from outside. */
export const PERSON = { PATH: process.env.PATH ?? '', LANG: 'C.UTF-8' }

/** Starts asking on a pseudo-terminal. */
export function asking(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<TerminalRun> {
  return watching(askingCommand(...args), { env: { ...PERSON, ...env } })
}

/** Starts a program on a pseudo-terminal, from a shell that looks at the settings of the terminal before and after. */
export async function watching(
  command: readonly string[],
  where: { readonly env: Readonly<Record<string, string>>; readonly cwd?: string },
): Promise<TerminalRun> {
  const run = runInTerminal({ command: ['/bin/sh', '-c', WATCHED, 'sh', ...command], ...where })
  await run.sees('READY\n')
  return run
}

/** Waits for the end. */
export async function ended(run: TerminalRun): Promise<{ readonly status: number; readonly before: string; readonly after: string }> {
  await run.sees('END')
  const text = run.text()
  const part = (from: string, to: string): string => text.slice(text.lastIndexOf(from) + from.length, text.lastIndexOf(to))
  return { status: Number(/status=(\d+)/.exec(text)?.[1]), before: part('BEFORE\n', 'READY'), after: part('AFTER\n', 'END') }
}

/** The answer that was printed. */
export async function answered(run: TerminalRun): Promise<unknown> {
  await run.sees(/status=0\n/)
  return JSON.parse(/answer: (.*)/.exec(run.text().replaceAll(/(?<=answer: [^\n]*)\n(?!status)/g, ''))?.[1] ?? 'null')
}

/** The process that asks, which tells its id with `--pid`. */
export function pidOf(run: TerminalRun): number {
  return Number(/pid=(\d+)/.exec(run.text())?.[1])
}
