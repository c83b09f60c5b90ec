import { connectionOf } from '../chatwoot/connection.ts'
import { askConnection } from '../chatwoot/connection-test.ts'
import { type DemoTarget, errorFor } from '../chatwoot/demo-target.ts'
import type { DemoChoice } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import type { Clock, Http } from '../core/ports.ts'
import { requireAdministrator } from './demo-guards.ts'
import { findMarkedDemos } from './list-demos.ts'

/** What choosing needs of the world. */
export interface ChooseTargetDeps {
  readonly http: Http
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** One of several integrations that a demo may be in. */
export interface Candidate {
  readonly target: DemoTarget
  /** Whether a record says that the demo is there. */
  readonly isHome: boolean
}

/**
 * Which of several integrations a demo is made in: the one where it is already, by a record or else by its marks; for a new one the first
 * that a fresh connection test finds able to make demos. A demo never moves because its server is down: there would be two.
 * @throws {CrmError} the cause when the demo's own integration is down; of none that is up the cause they share, else `checks_failed`.
 */
export async function chooseTarget(deps: ChooseTargetDeps, slug: string, candidates: readonly Candidate[]): Promise<DemoChoice> {
  const home = candidates.find(({ isHome }) => isHome)?.target
  if (home !== undefined) {
    const obstacle = await obstacleOf(deps, home)
    if (obstacle !== undefined) throw homeIsDown(slug, home, obstacle)
    return { integration: home.name, because: 'lives_there', skipped: [] }
  }
  const tested = await Promise.all(candidates.map(async ({ target }) => ({ target, obstacle: await obstacleOf(deps, target) })))
  const able = tested.filter(({ obstacle }) => obstacle === undefined).map(({ target }) => target)
  const down = tested.flatMap(({ target, obstacle }) => (obstacle === undefined ? [] : [{ name: target.name, obstacle }]))
  const [first] = able
  if (first === undefined) throw noneIsUp(down)
  const marked = await Promise.all(able.map((target) => isMarkedIn(deps, target, slug)))
  const found = able.find((_, index) => marked[index] === true)
  if (found !== undefined) return { integration: found.name, because: 'lives_there', skipped: [] }
  const before = tested
    .slice(
      0,
      tested.findIndex(({ target }) => target === first),
    )
    .map(({ target }) => target.name)
  const skipped = down
    .filter(({ name }) => before.includes(name))
    .map(({ name, obstacle }) => ({ name, cause: obstacle.code, message: saying(obstacle) }))
  return { integration: first.name, because: 'healthy', skipped }
}

/** What keeps demos from being made there; undefined when nothing does. */
async function obstacleOf(deps: ChooseTargetDeps, target: DemoTarget): Promise<CrmError | undefined> {
  try {
    requireAdministrator((await askConnection(connectionOf(target.values), deps)).report, target)
    return undefined
  } catch (thrown) {
    const error = errorFor(target, thrown)
    if (!(error instanceof CrmError) || error.code === 'cancelled') throw error
    return error
  }
}

/** Whether the server has the demo, by its marks; what it deletes already does not count. */
async function isMarkedIn(deps: ChooseTargetDeps, target: DemoTarget, slug: string): Promise<boolean> {
  return (await findMarkedDemos({ ...deps, target })).some((demo) => demo.slug === slug && demo.status !== 'deleting')
}

function homeIsDown(slug: string, { name }: DemoTarget, obstacle: CrmError): CrmError {
  return new CrmError(obstacle.code, `the demo ${slug} is in ${name}, which is not usable now: ${obstacle.message}`, {
    reason: obstacle.reason ?? 'nothing was made in another integration, for there would be two of it',
    hint: obstacle.hint ?? `see what is wrong with: crm test ${name}`,
    retryable: obstacle.retryable,
    cause: obstacle,
  })
}

function noneIsUp(down: readonly { readonly name: string; readonly obstacle: CrmError }[]): CrmError {
  const codes = new Set(down.map(({ obstacle }) => obstacle.code))
  const [shared = 'checks_failed'] = codes
  const message = `none of ${down.map(({ name }) => name).join(', ')} is usable`
  return new CrmError(codes.size === 1 ? shared : 'checks_failed', message, {
    reason: down.map(({ name, obstacle }) => `${name}: ${obstacle.code}, ${saying(obstacle)}`).join('; '),
    hint: `see what is wrong with: crm test ${down.map(({ name }) => name).join(' ')}`,
    retryable: down.some(({ obstacle }) => obstacle.retryable),
    problems: down.map(({ name, obstacle }) => ({ field: name, message: `${obstacle.code}: ${saying(obstacle)}` })),
  })
}

function saying({ message, reason }: CrmError): string {
  return reason === undefined ? message : `${message}: ${reason}`
}
