import type { Finding } from './finding.ts'

/** What a report must not tell: who and where somebody is, and what their integrations are called. */
export interface Private {
  readonly home: string | undefined
  readonly user: string | undefined
  readonly host: string
  /** Where files are: those below the home are shown from there on, others not at all. */
  readonly paths: readonly string[]
  /** Names of profiles, integrations and demos. */
  readonly names: readonly string[]
}

/**
 * The findings as text for an issue: states, ids and details, without names of people, machines, profiles and integrations, hosts, and
 * without commands that would name them.
 */
export function reportOf(checks: readonly Finding[], told: Private): string {
  const hide = hiding(told)
  return checks.map(({ id, state, detail }) => `${state.padEnd(8)} ${id.padEnd(16)} ${hide(detail)}`.trimEnd()).join('\n')
}

function hiding({ home, user, host, paths, names }: Private): (text: string) => string {
  const words: [string, string][] = [
    ...(home === undefined ? [] : [[home, '~'] as [string, string]]),
    [host, '<host>'],
    ...paths.filter((path) => home === undefined || !path.startsWith(`${home}/`)).map((path): [string, string] => [path, '<path>']),
    ...(user === undefined ? [] : [[user, '<user>'] as [string, string]]),
    ...names.map((name): [string, string] => [name, '<name>']),
  ]
  const hidden = words.filter(([word]) => word.length > 1).sort(([a], [b]) => b.length - a.length)
  return (text) => {
    const plain = hidden.reduce((result, [word, by]) => withoutWord(result, word, by), text)
    return plain.replace(/\b(?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d+)?(?=[,; ]|$)/gi, (host_) =>
      /\.(?:js|db|json|pem)$/i.test(host_) ? host_ : '<address>',
    )
  }
}

/** Replaces a word where it stands alone. Not by a regular expression: a name that was altered in the file may be too long for one. */
function withoutWord(text: string, word: string, by: string): string {
  const parts = text.split(word)
  return parts.slice(1).reduce((result, part, index) => {
    const before = parts[index] || (index === 0 ? '' : word)
    const after = part || (index + 2 === parts.length ? '' : word)
    return result + (/[\w.-]$/.test(before) || /^[\w-]/.test(after) ? word : by) + part
  }, parts[0] ?? '')
}
