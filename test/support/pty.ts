import { spawn } from '@lydell/node-pty'

/** What to run on a pseudo-terminal. */
export interface TerminalProgram {
  /** Program and arguments. */
  readonly command: readonly [program: string, ...args: string[]]
  /** The whole environment; `TERM` is xterm-256color unless it says otherwise. */
  readonly env: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Default 100. */
  readonly columns?: number
}

/** A program that runs on a pseudo-terminal, as a person sees and uses it. */
export interface TerminalRun {
  readonly pid: number
  /** Everything printed so far, escape sequences included. */
  raw(): string
  /** Everything printed so far, without escape sequences and carriage returns. Redrawn lines stand there once for each drawing. */
  text(): string
  /** Types keys: `'abc\r'`, {@link KEYS}. */
  type(keys: string): void
  /**
   * Resolves when the text has been printed after what the last call waited for, so that the same prompt can be awaited twice.
   * Fails when the program ends or half a minute passes before, and shows what was printed.
   */
  sees(expected: string | RegExp): Promise<void>
  /** The exit status; 128 + number for a signal. */
  readonly exited: Promise<number>
  kill(signal: NodeJS.Signals): void
  /** Closes the terminal, as its window is closed. */
  hangUp(): void
}

/** Keys that have no character. */
export const KEYS = {
  enter: '\r',
  down: '\u001b[B',
  up: '\u001b[A',
  backspace: '\u007f',
  ctrlC: '\u0003',
  ctrlD: '\u0004',
} as const

/** What a terminal sends for a paste where a program has asked for it to be marked. */
export function paste(text: string): string {
  return `\u001b[200~${text}\u001b[201~`
}

const PATIENCE_MS = 30_000

const SEQUENCE = new RegExp(
  [
    '\u001b\\[[0-?]*[ -/]*[@-~]', // CSI: cursor, colour, modes
    '\u001b\\][^\u0007\u001b]*(?:\u0007|\u001b\\\\)', // OSC: titles
    '\u001b[^\\[\\]]', // two characters
    '\u001b[^]*$', // one that is not complete yet
    '\r',
  ].join('|'),
  'g',
)

/** The text without sequences, and for each of its characters where it stood. */
function visibleText(raw: string): { readonly text: string; readonly places: readonly number[] } {
  const places: number[] = []
  let text = ''
  let from = 0
  const take = (to: number): void => {
    text += raw.slice(from, to)
    for (let place = from; place < to; place++) places.push(place)
  }
  for (const match of raw.matchAll(SEQUENCE)) {
    take(match.index)
    from = match.index + match[0].length
  }
  take(raw.length)
  return { text, places }
}

/** Starts a program on a pseudo-terminal of its own. */
export function runInTerminal({ command: [program, ...args], env, cwd, columns = 100 }: TerminalProgram): TerminalRun {
  const pty = spawn(program, args, {
    name: env.TERM ?? 'xterm-256color',
    cols: columns,
    rows: 40,
    env: { ...env },
    ...(cwd === undefined ? {} : { cwd }),
  })
  let raw = ''
  let ended = false
  let seen = 0
  let notify = (): void => {}
  pty.onData((data) => {
    raw += data
    notify()
  })
  const exited = new Promise<number>((resolve) => {
    pty.onExit(({ exitCode, signal }) => {
      ended = true
      resolve(signal === undefined || signal === 0 ? exitCode : 128 + signal)
      notify()
    })
  })

  function find(expected: string | RegExp): boolean {
    const { text, places } = visibleText(raw.slice(seen))
    const index = typeof expected === 'string' ? text.indexOf(expected) : text.search(expected)
    if (index < 0) return false
    const length = typeof expected === 'string' ? expected.length : (text.match(expected)?.[0].length ?? 0)
    seen += (places[index + length - 1] ?? 0) + 1
    return true
  }

  function sees(expected: string | RegExp): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = AbortSignal.timeout(PATIENCE_MS)
      const look = (): void => {
        if (find(expected)) resolve()
        else if (ended || late.aborted)
          reject(new Error(`${ended ? 'ended' : 'waited'} without ${expected}; printed:\n${visibleText(raw).text}`))
        else return
        notify = () => {}
      }
      late.addEventListener('abort', look)
      notify = look
      look()
    })
  }

  return {
    pid: pty.pid,
    raw: () => raw,
    text: () => visibleText(raw).text,
    type: (keys) => pty.write(keys),
    sees,
    exited,
    kill: (signal) => pty.kill(signal),
    hangUp: () => (pty as unknown as { destroy(): void }).destroy(),
  }
}
