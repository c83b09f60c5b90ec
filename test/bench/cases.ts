import type { BuiltPackage } from './build.ts'
import type { Bench, Program } from './measure.ts'
import { overNothing, type Row } from './row.ts'
import { type BenchVault, makeVault } from './vaults.ts'

/** The command with these words, in a vault where it needs one. */
export function crm(built: BuiltPackage, words: readonly string[], vault?: BenchVault): Program {
  return () => ({ words: [built.command, ...words], ...(vault === undefined ? {} : { env: vault.env }) })
}

/** Measures with a vault of so many integrations, which goes afterwards. */
export async function withVault<Result>(
  bench: Bench,
  built: BuiltPackage,
  count: number,
  work: (vault: BenchVault) => Promise<Result>,
): Promise<Result> {
  const vault = await makeVault(bench, built, count)
  try {
    return await work(vault)
  } finally {
    vault.remove()
  }
}

/** A row: a command that needs no vault, against Node doing nothing; where there is one, beside which its compiled code is kept. */
export function starting(name: string, words: readonly string[], bar: number): Row {
  return {
    name,
    what: `crm ${words.join(' ')}, beside a vault / node`,
    bar,
    measure: (bench, built) => withVault(bench, built, 0, (vault) => overNothing(bench, crm(built, words, vault))),
  }
}

/** A row: a command in a vault of so many integrations, against Node doing nothing. */
export function reading(name: string, count: number, words: readonly string[], bar: number): Row {
  return {
    name,
    what: `crm ${words.join(' ')}, ${count.toLocaleString('en')} integrations / node`,
    bar,
    measure: (bench, built) => withVault(bench, built, count, (vault) => overNothing(bench, crm(built, words, vault))),
  }
}
