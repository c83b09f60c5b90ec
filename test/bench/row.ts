import type { BuiltPackage } from './build.ts'
import { type Bench, interleaved, median, nothing, overRounds, type Pair, type Program, type Sample } from './measure.ts'

/** One line of the table. */
export interface Row {
  /** For `--row`. */
  readonly name: string
  readonly what: string
  /** The most that the measured value may be. */
  readonly bar: number
  readonly measure: (bench: Bench, built: BuiltPackage) => Promise<Measured>
}

/** What a row came to. */
export interface Measured {
  /** To be held against the bar. */
  readonly value: number
  /** CPU time of the one side / that of the other. */
  readonly cpu?: number
  /** The figures behind it. */
  readonly detail: string
}

/** What `of` makes of the rounds of a pair; by default b / a. */
export function judged(pair: Pair, of = (a: Sample, b: Sample): number => b.wallMs / a.wallMs): Measured {
  const wall = (side: readonly Sample[]): string => median(side.map((sample) => sample.wallMs)).toFixed(0)
  return {
    value: overRounds(pair, of),
    cpu: overRounds(pair, (a, b) => b.cpuMs / a.cpuMs),
    detail: `${wall(pair.b)} ms against ${wall(pair.a)} ms`,
  }
}

/** A program against Node doing nothing. */
export async function overNothing(bench: Bench, program: Program, of?: (a: Sample, b: Sample) => number): Promise<Measured> {
  return judged(await interleaved(bench, nothing, program), of)
}
