/** What the commands share that work on many demos at once. */
import { dirname, resolve } from 'node:path'
import type { Command } from 'commander'
import { memoryJournal } from '../chatwoot/demo-journal.ts'
import type { DemoTarget } from '../chatwoot/demo-target.ts'
import type { DemoJournal, DemoRecord } from '../core/demo.ts'
import { CrmError } from '../core/errors.ts'
import type { FileDemo } from '../usecases/demo-file.ts'
import { type HeldRuns, holdRuns } from '../usecases/hold-runs.ts'
import type { FleetDemo, FleetDeps, Surplus } from '../usecases/plan-demos.ts'
import type { App } from './app.ts'
import { newRunId, type OpenTarget, openTargets } from './demo-target.ts'
import { readInputText } from './input-text.ts'
import { CONCURRENCY, LIMIT_MS, type PaceFlags, PER_MINUTE, pacedHttp, paceOf } from './pace.ts'

/** Flags of a command that works on many demos. */
export interface FleetFlags extends PaceFlags {
  readonly confirm?: string
  readonly dryRun?: boolean
}

/** Adds the flags that such commands share. */
export function addFleetOptions(command: Command): void {
  command
    .option('--concurrency <number>', `requests under way at a time (default ${CONCURRENCY})`)
    .option('--rate <number>', `requests a minute to one server (default ${PER_MINUTE})`)
    .option('-n, --dry-run', 'print the plan, change nothing')
    .option('--confirm <profile>', 'the typed confirmation of a deletion, for scripts')
}

/** What a command with these flags works with; `end` it on every path. */
export interface Fleet extends FleetDeps, HeldRuns {
  readonly concurrency: number
}

/** A demo of a fleet, by its place. */
export type Place = Pick<Surplus, 'slug'> & { readonly open: OpenTarget }

/**
 * Opens the network at a pace, and holds the demos: in the vault, unless nothing is to be written; in memory where there is no vault.
 * A demo that another run holds has that `conflict` in place of its journal.
 */
export async function openFleet(app: App, flags: FleetFlags, places: readonly Place[]): Promise<Fleet> {
  const { concurrency } = paceOf(flags)
  const runId = newRunId()
  const http = await pacedHttp(app, flags)
  const journals = new Map<string, DemoJournal | CrmError>()
  const stored = places.filter(({ open }) => open.unlocked !== undefined)
  const unlocked = stored[0]?.open.unlocked
  const runs =
    unlocked === undefined || flags.dryRun === true
      ? undefined
      : await unlocked.startDemoRuns(
          stored.map(({ open, slug }) => ({ integration: open.target.name, slug })),
          runId,
        )
  for (const [index, { open, slug }] of stored.entries()) {
    const journal = runs?.journals[index] ?? readOnly(open, slug)
    journals.set(keyOf(open.target, slug), journal)
  }
  const held = holdRuns(
    { clock: app.world.clock, signal: app.signal, deadlineMs: app.deadlineAfter(LIMIT_MS), limitMs: app.timeoutMs(LIMIT_MS) },
    runs === undefined ? [] : [runs],
  )
  const journal = (target: DemoTarget, slug: string): DemoJournal | CrmError => {
    const known = journals.get(keyOf(target, slug)) ?? memoryJournal()
    journals.set(keyOf(target, slug), known)
    return known
  }
  return {
    http,
    clock: app.world.clock,
    signal: held.signal,
    end: () => held.end(),
    runId,
    journal,
    concurrency,
  }
}

function keyOf(target: DemoTarget, slug: string): string {
  return `${target.name} ${slug}`
}

function readOnly({ target, unlocked }: OpenTarget, slug: string): DemoJournal {
  return {
    read: async () => unlocked?.readDemo(target.name, slug),
    write: () => Promise.reject(new CrmError('internal', 'a dry run wrote to its journal')),
  }
}

/** The demos of a file with the integrations that they are in. */
export interface OpenedFile {
  readonly demos: readonly (FleetDemo & { readonly open: OpenTarget })[]
  readonly targets: readonly OpenTarget[]
}

/**
 * Reads a file of demos and opens its integrations.
 * @param integration the one of demos that name none; without it, the only one of the profile.
 */
export async function openDemoFile(app: App, path: string, integration: string | undefined): Promise<OpenedFile> {
  const { readDemoFile } = await import('../usecases/demo-file.ts')
  const directory = path === '-' ? '.' : dirname(path)
  const demos = await readDemoFile({
    text: await readInputText(app, path, 'the file'),
    name: path === '-' ? 'standard input' : path,
    readTable: (table) => readInputText(app, resolve(directory, table), table),
  })
  const nameOf = (demo: FileDemo): string | undefined => demo.integration ?? integration
  const opened = await openTargets(app, demos.length === 0 ? [integration] : demos.map(nameOf))
  const placed = demos.flatMap((demo) => {
    const open = opened.get(nameOf(demo))
    return open === undefined ? [] : [{ target: open.target, input: demo.input, open, where: demo.where }]
  })
  refuseDoubles(placed)
  return { demos: placed, targets: [...new Set(opened.values())] }
}

/** Two names may be those of one integration. */
function refuseDoubles(demos: readonly (FleetDemo & { readonly where: string })[]): void {
  const seen = new Map<string, string>()
  for (const { target, input, where } of demos) {
    const before = seen.get(keyOf(target, input.slug))
    if (before === undefined) seen.set(keyOf(target, input.slug), where)
    else
      throw new CrmError('usage', `the demo ${input.slug} is in the file twice: ${before} and ${where}`, {
        hint: 'give one of them another slug',
      })
  }
}

/** The records of an integration's demos that the vault keeps, without those that are gone; null where there is no vault. */
export async function storedRecords(app: App, { target, unlocked }: OpenTarget): Promise<readonly DemoRecord[] | null> {
  if (unlocked === undefined) return null
  const summaries = (await (await app.vault()).demos(unlocked.profile)).filter(
    ({ integration, status }) => integration === target.name && status !== 'removed',
  )
  const kept = await Promise.all(summaries.map(({ slug }) => unlocked.readDemo(target.name, slug)))
  return kept.flatMap((one) => (one === undefined ? [] : [one.record]))
}
