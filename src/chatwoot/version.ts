import type { Warning } from '../core/provider.ts'

/** The numbers of a Chatwoot version: major, minor, patch. */
export type Version = readonly [number, number, number]

/** Reads `4.15.1`, and what forks make of it (`v4.15.1-acme`, `4.15`). Undefined for anything that does not begin with two numbers. */
export function parseVersion(text: string | null | undefined): Version | undefined {
  const match = /^\s*v?(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?/i.exec(text ?? '')
  if (match === null) return undefined
  return [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)]
}

/** Whether a version is `other` or later. */
export function isAtLeast(version: Version, other: Version): boolean {
  for (const [index, part] of version.entries()) {
    const against = other[index] ?? 0
    if (part !== against) return part > against
  }
  return true
}

/** From which version (inclusive) to which (exclusive) something has to be said. */
interface VersionNote extends Warning {
  readonly from?: Version
  readonly below?: Version
}

/** What a user of this tool meets on certain versions (contract section 18). */
const NOTES: readonly VersionNote[] = [
  {
    code: 'agent_bots_broken',
    from: [4, 16, 0],
    below: [4, 16, 1],
    message: 'Chatwoot 4.16.0 answers every agent bot request with an error: demos need 4.16.2 or later, or 4.15',
  },
  {
    code: 'super_admin_refused',
    from: [3, 5, 0],
    below: [3, 6, 0],
    message: 'Chatwoot 3.5 refuses the tokens of super administrators: use the token of another administrator',
  },
  {
    code: 'used_bots_not_removable',
    below: [3, 1, 0],
    message: 'Chatwoot before 3.1 cannot delete a bot that has sent messages: demo-remove may leave the bot behind',
  },
  {
    code: 'deliveries_unsigned',
    below: [4, 13, 0],
    message: 'Chatwoot before 4.13 does not sign what it sends to a bot',
  },
]

/** The warnings that a version deserves. None for a version that cannot be read. */
export function versionWarnings(text: string | null): readonly Warning[] {
  const version = parseVersion(text)
  if (version === undefined) return []
  const applies = ({ from, below }: VersionNote) =>
    (from === undefined || isAtLeast(version, from)) && (below === undefined || !isAtLeast(version, below))
  return NOTES.filter(applies).map(({ code, message }) => ({ code, message }))
}
