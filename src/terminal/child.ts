import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { CrmError } from '../core/errors.ts'
import { visible } from '../core/text.ts'

/**
 * Runs a program with our own streams and waits for it. No shell: the words reach it as they are.
 * @param env the whole environment of the child.
 * @param signal when aborted, the child gets SIGTERM; a terminal has sent its own signal to it already.
 * @param tell says why a program did not run.
 * @returns the child's exit status; 128 + the number of the signal that ended it; 126 when it cannot be run, 127 when it is not there.
 */
export async function runChild(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
  tell: (line: string) => void,
): Promise<number> {
  const [program, ...args] = words
  if (program === undefined) throw new CrmError('usage', 'no command to run', { hint: 'put it behind --' })
  const child = spawn(program, args, { stdio: 'inherit', env: { ...env } })
  const stop = (): void => {
    child.kill('SIGTERM')
  }
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await new Promise<number>((resolve) => {
      child.once('error', ({ code }: NodeJS.ErrnoException) => {
        tell(`error: ${visible(program)} ${code === 'ENOENT' ? 'was not found' : 'could not be started'}`)
        resolve(code === 'ENOENT' ? 127 : 126)
      })
      child.once('exit', (status, ended) => resolve(status ?? 128 + (ended === null ? 0 : constants.signals[ended])))
    })
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
