import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** One run of Node. */
export interface Run {
  /** Its arguments: `['-e', '0']`, or a script and its words. */
  readonly words: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Called afterwards, outside of the measured time. */
  readonly after?: () => void | Promise<void>
}

/** What is to be measured: the run of each round, made ready outside of the measured time. Round 0 does not count. */
export type Program = (round: number) => Run | Promise<Run>

/** What a run cost, in milliseconds. */
export interface Sample {
  readonly wallMs: number
  /** User and system time of the process. */
  readonly cpuMs: number
}

/** Where runs take place. */
export interface Bench {
  readonly rounds: number
  /** A directory of the benchmark's own, the home of everything that it runs. */
  readonly directory: string
}

/** Node doing nothing: the floor that everything is compared with. */
export const nothing: Program = () => ({ words: ['-e', '0'] })

const PEAK_HOOK = fileURLToPath(new URL('programs/peak-memory.cjs', import.meta.url))

/**
 * Bash measures: its `time` reads the clock around the one process, and has the CPU time of that process from the kernel. Standard output
 * goes into a file, as in a script.
 */
const TIMED = `TIMEFORMAT='%3R %3U %3S'; time "$@" >"$BENCH_OUTPUT" 2>"$BENCH_ERRORS"`

/** Runs once. @throws when the program fails. */
export function runOnce(bench: Bench, { words, env }: Run): Sample {
  const errors = join(bench.directory, 'errors')
  const run = spawnSync('bash', ['-c', TIMED, 'bash', process.execPath, ...words], {
    encoding: 'utf8',
    // Nothing of the person who runs the benchmark is read or changed.
    env: {
      PATH: process.env.PATH,
      HOME: bench.directory,
      LANG: 'C.UTF-8',
      BENCH_OUTPUT: join(bench.directory, 'output'),
      BENCH_ERRORS: errors,
      ...env,
    },
  })
  if (run.status !== 0) throw new Error(`${words.join(' ')} ended with ${run.status}:\n${run.stderr}${readFileSync(errors, 'utf8')}`)
  const [wall = Number.NaN, user = Number.NaN, system = Number.NaN] = run.stderr.trim().split(' ').map(Number)
  return { wallMs: wall * 1000, cpuMs: (user + system) * 1000 }
}

/** Peak resident memory of one run, in KiB. Both sides of a comparison carry the hook that reads it. */
export async function peakMemory(bench: Bench, program: Program): Promise<number> {
  const peak = join(bench.directory, 'peak')
  const { words, env, after } = await program(1)
  runOnce(bench, { words: ['-r', PEAK_HOOK, ...words], env: { ...env, BENCH_PEAK: peak } })
  await after?.()
  return Number(readFileSync(peak, 'utf8'))
}

/** Two programs measured in turns: A B A B. */
export interface Pair {
  readonly a: readonly Sample[]
  readonly b: readonly Sample[]
}

/** Measures two programs in interleaved rounds. */
export async function interleaved(bench: Bench, a: Program, b: Program): Promise<Pair> {
  const samples = { a: [] as Sample[], b: [] as Sample[] }
  for (let round = 0; round <= bench.rounds; round += 1) {
    for (const [program, list] of [[a, samples.a] as const, [b, samples.b] as const]) {
      const run = await program(round)
      const sample = runOnce(bench, run)
      await run.after?.()
      if (round > 0) list.push(sample)
    }
  }
  return samples
}

/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((x, y) => x - y)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2
}

/** The median over the rounds of what `of` makes of each. */
export function overRounds({ a, b }: Pair, of: (a: Sample, b: Sample) => number): number {
  return median(b.map((sample, round) => of(a[round] as Sample, sample)))
}
