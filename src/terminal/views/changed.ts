import type { IntegrationManyAnswer, IntegrationOneAnswer, RemovedAnswer } from '../../core/answers.ts'
import { showDuration } from '../relative-time.ts'
import { NOTHING, next, shown, type View } from '../view.ts'
import { checkLines, outcomeText } from './test.ts'

function changed(verb: string, nextCommand: (name: string) => string): View<IntegrationOneAnswer> {
  return whatBecame((name, what) => `${verb} ${name} ${what}`, nextCommand)
}

function whatBecame(say: (name: string, what: string) => string, nextCommand: (name: string) => string): View<IntegrationOneAnswer> {
  return ({ integration, test }, style) => {
    const name = shown(integration.name, style)
    const what = `(${shown(integration.provider, style)}${integration.active ? '' : ', inactive'})`
    const first = `${style.ok(style.symbols.ok)} ${say(style.accent(name), what)}`
    const tested =
      test === null
        ? []
        : [
            `  ${outcomeText(test, style)}${test.latencyMs === null ? '' : ` in ${showDuration(test.latencyMs)}`}`,
            ...checkLines(test, style),
          ]
    return [first, ...tested].join('\n') + next(nextCommand(name), style)
  }
}

/** `crm add`: what was saved, how its test went, and what to do next. */
export const addedView = changed('added', (name) => `crm show ${name}`)
/** `crm edit`. */
export const editedView = changed('changed', (name) => `crm test ${name}`)

/** `crm edit` with the values of today. */
export const unchangedView = whatBecame(
  (name, what) => `nothing to change: ${name} ${what} has these values already`,
  (name) => `crm test ${name}`,
)

/** `crm login`. */
export const signedInView = changed('signed in to', (name) => `crm env ${name}`)

/** `crm toggle`: the new state, and how to undo it. */
export const toggledView: View<IntegrationOneAnswer> = ({ integration }, style) => {
  const name = shown(integration.name, style)
  const state = integration.active ? style.ok('active') : style.warn('inactive')
  return `${style.accent(name)} is now ${state}${next(`crm toggle ${name} --${integration.active ? 'off' : 'on'} (to undo)`, style)}`
}

/** `crm add --from` with several: one line each. */
export const addedManyView: View<IntegrationManyAnswer> = ({ integrations }, style) => {
  const each = integrations.map(
    ({ integration }) => `${style.ok(style.symbols.ok)} added ${shown(integration.name, style)} (${shown(integration.provider, style)})`,
  )
  return `${each.join('\n')}${integrations.length === 0 ? NOTHING : next('crm test', style)}`
}

/** `crm remove`, `crm profile remove`, `crm key remove`: what is gone. */
export const removedView: View<RemovedAnswer> = ({ removed }, style) =>
  `${style.ok(style.symbols.ok)} removed ${style.accent(shown(removed, style))}`
