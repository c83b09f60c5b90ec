import { fileURLToPath } from 'node:url'
import { crm, reading, starting, withVault } from '../cases.ts'
import { interleaved, median, nothing, peakMemory } from '../measure.ts'
import { judged, overNothing, type Row } from '../row.ts'
import { makeVault } from '../vaults.ts'

const MANY = 100_000
const ONE = 'customer-000500'
const ADD_MANY = fileURLToPath(new URL('../programs/add-many.mjs', import.meta.url))
/** Peaks hardly vary from run to run. */
const MEMORY_ROUNDS = 5

const memory: Row = {
  name: 'list-memory',
  what: 'crm list --json, 100,000 integrations: peak memory / node',
  bar: 2.25,
  measure: (bench, built) =>
    withVault(bench, built, MANY, async (vault) => {
      const peaks: { readonly node: number; readonly crm: number }[] = []
      for (let round = 0; round < Math.min(bench.rounds, MEMORY_ROUNDS); round += 1) {
        peaks.push({ node: await peakMemory(bench, nothing), crm: await peakMemory(bench, crm(built, ['list', '--json'], vault)) })
      }
      const mebibytes = (of: (peak: (typeof peaks)[number]) => number): string => (median(peaks.map(of)) / 1024).toFixed(0)
      return {
        value: median(peaks.map((peak) => peak.crm / peak.node)),
        detail: `${mebibytes((peak) => peak.crm)} MiB against ${mebibytes((peak) => peak.node)} MiB`,
      }
    }),
}

const growth: Row = {
  name: 'show-growth',
  what: 'crm show, 100,000 integrations / 1,000',
  bar: 1.15,
  measure: (bench, built) =>
    withVault(bench, built, 1000, (few) =>
      withVault(bench, built, MANY, async (many) =>
        judged(await interleaved(bench, crm(built, ['show', ONE], few), crm(built, ['show', ONE], many))),
      ),
    ),
}

const add: Row = {
  name: 'add',
  what: 'crm add --no-test, one, durable / node',
  bar: 2.4,
  measure: (bench, built) =>
    withVault(bench, built, 0, (vault) => {
      const words = ['add', 'chatwoot', '--no-test', '--base-url', 'https://chat.example.com', '--account-id', '3']
      return overNothing(bench, (round) => ({
        words: [built.command, ...words, '--api-key-env', 'BENCH_TOKEN', '--json', '--name', `added-${round}`],
        env: { ...vault.env, BENCH_TOKEN: 'token-0123456789abcdef' },
      }))
    }),
}

const addMany: Row = {
  name: 'library-add',
  what: 'library: 10,000 integrations added in one transaction / node',
  bar: 12,
  measure: (bench, built) =>
    overNothing(bench, async () => {
      const vault = await makeVault(bench, built, 0)
      return { words: [ADD_MANY, built.library, vault.path, vault.stateDirectory, '10000'], env: vault.env, after: vault.remove }
    }),
}

/** What the command needs to start, to read and to write. */
export const rows: readonly Row[] = [
  starting('version', ['--version'], 1.35),
  starting('help', ['--help'], 1.5),
  reading('list-json', 1000, ['list', '--json'], 1.75),
  reading('list-table', 1000, ['list'], 1.8),
  reading('list-json-many', MANY, ['list', '--json'], 8),
  memory,
  reading('show', 1000, ['show', ONE], 2),
  growth,
  add,
  addMany,
]
