import { randomBytes } from 'node:crypto'
import type { DemoEvent } from '../chatwoot/demo-run.ts'
import type { DemoTarget } from '../chatwoot/demo-target.ts'
import type { Answer } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import { mergeValues } from '../core/field.ts'
import { chatwoot } from '../providers/chatwoot.ts'
import { providers } from '../providers/index.ts'
import type { Progress } from '../terminal/progress.ts'
import { environmentTarget, findTarget, findTargetOf } from '../usecases/find-target.ts'
import { inactive, requireChatwoot } from '../usecases/usable-target.ts'
import type { UnlockedVault } from '../vault/unlocked.ts'
import type { App } from './app.ts'
import { withWhereabouts } from './printed-commands.ts'

/** The Chatwoot that a demo command works with. `unlocked` is there when it is a stored one. */
export interface OpenTarget {
  readonly target: DemoTarget
  readonly unlocked: UnlockedVault | undefined
}

/**
 * Finds and opens the integration of a demo command: the one named, else the profile's only active Chatwoot, else the variables.
 * @param opened the profile, if it is open already: nobody is asked for its key twice.
 * @throws {CrmError} `not_found`, `usage`, `conflict` for an inactive one.
 */
export async function openTarget(app: App, name: string | undefined, opened?: UnlockedVault): Promise<OpenTarget> {
  const profile = (await app.profile()).value
  const deps = { vault: await app.vaultIfThere(), profile, providers, environment: app.world.env }
  const found = name === undefined ? await findTargetOf(deps, chatwoot) : await findTarget(deps, name)
  if (found.source === 'environment') {
    return { target: { name: found.name, source: 'environment', values: mergeValues(found.values) }, unlocked: undefined }
  }
  requireChatwoot(found)
  if (!found.active) {
    // Switched off by somebody who only had the file, it does not open.
    await refuseAltered(app, profile, found.name)
    throw inactive(found.name)
  }
  const unlocked = opened ?? (await app.unlock(profile))
  return { target: await storedTarget(unlocked, found.name), unlocked }
}

/**
 * Opens several integrations, each once; undefined stands for the only one. Two names of the same one give the same target.
 * @throws {CrmError} as {@link openTarget}.
 */
export async function openTargets(app: App, names: Iterable<string | undefined>): Promise<ReadonlyMap<string | undefined, OpenTarget>> {
  const byName = new Map<string | undefined, OpenTarget>()
  const byTarget = new Map<string, OpenTarget>()
  let opened: UnlockedVault | undefined
  for (const name of new Set(names)) {
    const open = await openTarget(app, name, opened)
    opened ??= open.unlocked
    const known = byTarget.get(open.target.name) ?? open
    byTarget.set(open.target.name, known)
    byName.set(name, known)
  }
  return byName
}

/** Every Chatwoot of the profile that is active; the variables where none is stored. @throws {CrmError} `not_found` when there is none. */
export async function openAllTargets(app: App): Promise<readonly OpenTarget[]> {
  const profile = (await app.profile()).value
  const vault = await app.vaultWithProfile(environmentTarget(chatwoot, app.world.env) !== undefined)
  const stored = vault === undefined ? [] : await vault.list(profile, { provider: chatwoot.id, active: true })
  if (stored.length === 0) return [await openTarget(app, undefined)]
  return [
    ...(
      await openTargets(
        app,
        stored.map(({ name }) => name),
      )
    ).values(),
  ]
}

async function refuseAltered(app: App, profile: string, name: string): Promise<void> {
  try {
    await (await app.unlockSilently(profile)).open(name)
  } catch (error) {
    if (!(error instanceof CrmError) || (error.code !== 'locked' && error.code !== 'wrong_key')) throw error
  }
}

/** A stored integration as the target of a demo. */
export async function storedTarget(unlocked: UnlockedVault, name: string): Promise<DemoTarget> {
  return { name, source: 'vault', values: mergeValues((await unlocked.open(name)).values) }
}

/** A new id for a run: 32 hex digits. */
export function newRunId(): string {
  return randomBytes(16).toString('hex')
}

/**
 * Walks through a run, telling what happens, and returns its answer.
 * @param finish what finishes a run that a second signal cuts off after its first write.
 */
export async function follow<T>(app: App, events: AsyncGenerator<DemoEvent, Answer<T>>, finish: string): Promise<Answer<T>> {
  let progress: Progress | undefined
  const begin = (label: string): void => {
    progress?.end()
    progress = app.ui.progress(label)
  }
  try {
    for (;;) {
      const next = await events.next()
      if (next.done === true) return next.value
      if (next.value.type === 'start' || next.value.type === 'remove') {
        app.lastWords = `Left at once: what was begun may be there in part. To finish: ${withWhereabouts(finish, app.whereabouts)}`
      }
      tell(app, next.value, begin)
    }
  } finally {
    app.lastWords = undefined
    progress?.end()
  }
}

function tell(app: App, event: DemoEvent, begin: (label: string) => void): void {
  switch (event.type) {
    case 'test':
      begin(`Testing ${event.integration}`)
      break
    case 'plan':
      begin(event.plan.changed && !event.dryRun ? 'Making the demo' : 'Comparing the demo')
      break
    case 'warning':
      app.ui.warn(event.warning)
      break
    case 'start':
      app.ui.step(`${event.step.action} ${event.step.kind} ${event.step.name}`)
      break
    case 'end':
      app.ui.step(`${event.step.kind} ${event.step.id ?? ''}: ${event.step.outcome}`)
      break
    case 'undo':
      begin(`Undoing, because ${event.reason}`)
      break
    case 'remove':
      begin(`Removing ${event.objects.map(({ kind, id }) => `${kind} ${id}`).join(', ')}`)
      break
  }
}

/** Walks through the removal of many demos: how many were begun, of how many. */
export async function followRemovals<T>(app: App, total: number, events: AsyncGenerator<DemoEvent, Answer<T>>): Promise<Answer<T>> {
  const progress = app.ui.progress('Removing demos')
  let begun = 0
  try {
    for (;;) {
      const next = await events.next()
      if (next.done === true) return next.value
      if (next.value.type !== 'remove') continue
      begun += 1
      progress.update(`Removing demos, ${begun} of ${total}`)
      app.ui.step(`removing ${next.value.objects.map(({ kind, id }) => `${kind} ${id}`).join(', ')}`)
    }
  } finally {
    progress.end()
  }
}
