import type {
  DefinitionAnswer,
  DefinitionExportAnswer,
  DefinitionRemoveAnswer,
  DefinitionValidAnswer,
  DefinitionView,
} from '../../core/answers.ts'
import type { Style } from '../style.ts'
import { lines, next, pairs, shown, type View, whole } from '../view.ts'

/** A definition: who gets what. */
function details({ hosts, fields, test, definition }: DefinitionView, style: Style): string {
  const named = fields.map(({ key, sensitivity }) => (sensitivity === 'secret' ? `${key} (secret)` : key)).join(', ')
  return pairs(
    [
      ['hosts', whole(hosts.join(', '))],
      ['fields', shown(named, style)],
      ['test', `${test.method} ${whole(test.address)}`],
      ['sha256', definition],
    ],
    style,
  )
}

/** `crm providers add`: what was added, and what is bound to another definition now. */
export const definitionAddedView: View<DefinitionAnswer> = ({ provider, changed, replaced, affected }, style) => {
  const verb = changed ? (replaced ? 'replaced the definition of' : 'added') : 'is there already:'
  const head = `${style.ok(style.symbols.ok)} ${verb} ${style.accent(shown(provider.name, style))} (${provider.id})`
  const asks = affected.map((name) => `  ${shown(name, style)} is not used before: ${style.command(acceptCommand(name))}`)
  return [head, details(provider, style), ...asks].join('\n') + next(`crm add ${provider.id}`, style)
}

/** `acme`, or `other/acme` for one in another profile. */
function acceptCommand(affected: string): string {
  const [name = '', profile] = affected.split('/').reverse()
  return `crm ${profile === undefined ? '' : `-p ${profile} `}edit ${name} --accept-definition`
}

/** `crm providers validate`. */
export const definitionValidView: View<DefinitionValidAnswer> = ({ provider }, style) =>
  [`${style.ok(style.symbols.ok)} ${style.accent(shown(provider.name, style))} (${provider.id}) is valid`, details(provider, style)].join(
    '\n',
  )

/** `crm providers export`: the definition itself, or where it was written. */
export const definitionExportedView: View<DefinitionExportAnswer> = ({ id, path, text }, style) =>
  path === null ? lines(text.replace(/\n$/, '')) : `${style.ok(style.symbols.ok)} wrote the definition of ${id} to ${whole(path)}`

/** `crm providers remove`: what is gone, and what cannot be used without it. */
export const definitionRemovedView: View<DefinitionRemoveAnswer> = ({ removed, affected }, style) => {
  const left = affected.length === 0 ? '' : `; not usable without it: ${affected.map((name) => shown(name, style)).join(', ')}`
  return `${style.ok(style.symbols.ok)} removed the definition of ${style.accent(removed)}${left}`
}
