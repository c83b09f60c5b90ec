import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BuiltPackage } from '../build.ts'
import { type Bench, median, peakMemory, type Run, runOnce } from '../measure.ts'
import { overNothing, type Row } from '../row.ts'
import { startServer } from '../servers.ts'
import { makeVault } from '../vaults.ts'

const LATENCY_MS = 50
const DEMOS = 200
const CONCURRENCY = 16
/** Many seconds each: a few rounds tell enough. */
const MOST_ROUNDS = 3

/** What a sandbox has been asked since the last time. */
interface Asked {
  readonly total: number
  readonly writes: number
}

/** A sandbox without demos, a vault that knows it, and a file that names many. */
interface Place {
  apply(): Run
  sweep(): Run
  asked(): Promise<Asked>
  stop(): Promise<void>
}

async function newPlace(bench: Bench, built: BuiltPackage): Promise<Place> {
  const sandbox = startServer([built.sandboxProgram, String(LATENCY_MS)])
  const { url, accountId, token } = JSON.parse(await sandbox.line()) as { url: string; accountId: string; token: string }
  const vault = await makeVault(bench, built, 1, (_index, { Secret }) => ({
    name: 'sandbox',
    provider: 'chatwoot',
    definition: '',
    active: true,
    values: { settings: { baseUrl: url, accountId }, secrets: { apiKey: new Secret(token) } },
  }))
  const file = join(vault.stateDirectory, 'demos.json')
  // Over at once, so that the same demos can be swept.
  const demos = Array.from({ length: DEMOS }, (_, index) => ({
    name: `Customer ${index}`,
    botUrl: 'https://bot.example.com/hook',
    ttl: '1ms',
  }))
  writeFileSync(file, JSON.stringify({ demos }))
  const run = (...words: readonly string[]): Run => ({ words: [built.command, ...words, '--json'], env: vault.env })
  return {
    apply: () => run('demo-apply', file, '--concurrency', String(CONCURRENCY)),
    sweep: () => run('demo-sweep', '--confirm', 'default', '--concurrency', String(CONCURRENCY)),
    async asked() {
      sandbox.ask('requests')
      return JSON.parse(await sandbox.line()) as Asked
    },
    async stop() {
      vault.remove()
      await sandbox.stop()
    },
  }
}

/** (process - node) / (requests / concurrency x latency), each round in a place of its own. */
function againstIdeal(name: string, what: string, before: (place: Place, bench: Bench) => void, run: (place: Place) => Run): Row {
  return {
    name,
    what: `${what}: (process - node) / (requests / ${CONCURRENCY} x ${LATENCY_MS} ms)`,
    bar: 1.5,
    async measure(bench, built) {
      const counts: number[] = []
      const few = { ...bench, rounds: Math.min(bench.rounds, MOST_ROUNDS) }
      const ideal = (): number => (median(counts) / CONCURRENCY) * LATENCY_MS
      const measured = await overNothing(
        few,
        async () => {
          const place = await newPlace(bench, built)
          before(place, bench)
          await place.asked()
          return {
            ...run(place),
            async after() {
              counts.push((await place.asked()).total)
              await place.stop()
            },
          }
        },
        (node, crm) => (crm.wallMs - node.wallMs) / ideal(),
      )
      return { ...measured, detail: `${measured.detail}, ${median(counts)} requests, ideal ${ideal().toFixed(0)} ms` }
    },
  }
}

const again: Row = {
  name: 'demo-apply-again',
  what: `crm demo-apply, ${DEMOS} demos, the second run: requests`,
  // Version, profile, and the three lists of the account.
  bar: 5,
  async measure(bench, built) {
    const place = await newPlace(bench, built)
    try {
      runOnce(bench, place.apply())
      await place.asked()
      const { wallMs } = runOnce(bench, place.apply())
      const { total, writes } = await place.asked()
      return { value: total + writes * 1_000, detail: `${writes} writes, ${wallMs.toFixed(0)} ms` }
    } finally {
      await place.stop()
    }
  },
}

const memory: Row = {
  name: 'demo-apply-memory',
  what: `crm demo-apply, ${DEMOS} demos from empty: peak memory in MiB`,
  bar: 200,
  async measure(bench, built) {
    const place = await newPlace(bench, built)
    try {
      const kib = await peakMemory(bench, () => place.apply())
      return { value: kib / 1024, detail: `${kib} KiB` }
    } finally {
      await place.stop()
    }
  },
}

/** What many demos at once cost. */
export const rows: readonly Row[] = [
  againstIdeal(
    'demo-apply',
    `crm demo-apply, ${DEMOS} demos from empty`,
    () => {},
    (place) => place.apply(),
  ),
  again,
  againstIdeal(
    'demo-sweep',
    `crm demo-sweep, ${DEMOS} demos`,
    (place, bench) => void runOnce(bench, place.apply()),
    (place) => place.sweep(),
  ),
  memory,
]
