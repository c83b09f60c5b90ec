import type { DemoChoice } from '../core/answers.ts'
import { chooseTarget } from '../usecases/choose-target.ts'
import type { App } from './app.ts'
import { type OpenTarget, openTargets } from './demo-target.ts'

/**
 * Opens the integration of a demo among several, and says which it is and why: the one that the vault, or else its marks, know it to be
 * in; for a new demo the first that works.
 * @throws {CrmError} as `openTarget` for each name, and as `chooseTarget`.
 */
export async function openOneOf(
  app: App,
  slug: string,
  names: readonly string[],
): Promise<{ readonly opened: OpenTarget; readonly chosen: DemoChoice }> {
  const all = [...new Set((await openTargets(app, names)).values())]
  const candidates = await Promise.all(
    all.map(async ({ target, unlocked }) => {
      const kept = await unlocked?.readDemo(target.name, slug)
      return { target, isHome: kept !== undefined && kept.record.status !== 'removed' && kept.record.status !== 'deleting' }
    }),
  )
  const http = await app.http()
  const progress = app.ui.progress(`Testing ${all.map(({ target }) => target.name).join(', ')}`)
  const chosen = await chooseTarget({ http: http.request, clock: app.world.clock, signal: app.signal }, slug, candidates).finally(() =>
    progress.end(),
  )
  for (const { name, message } of chosen.skipped) {
    app.ui.warn({ code: 'integration_skipped', message: `${name} is passed over: ${message}` })
  }
  const why = chosen.because === 'lives_there' ? `the demo ${slug} is there already` : 'the first that works'
  app.ui.note(`Using ${chosen.integration}: ${why}`)
  app.integration = chosen.integration
  const opened = all.find(({ target }) => target.name === chosen.integration)
  if (opened === undefined) throw new Error(`${chosen.integration} was chosen and is none of those named`)
  return { opened, chosen }
}
