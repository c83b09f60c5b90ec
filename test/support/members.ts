import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import type { Home } from './cli.ts'

/** An age identity and its public half. */
export interface Member {
  readonly identity: string
  readonly recipient: string
}

/** A new one. */
export async function newMember(): Promise<Member> {
  const identity = await generateX25519Identity()
  return { identity, recipient: await identityToRecipient(identity) }
}

/** Writes the identity file of a home, as `age-keygen` would. */
export function writeIdentity(home: Home, { identity, recipient }: Member, mode = 0o600): string {
  const path = join(home.path, 'identity')
  writeFileSync(path, `# created: 2026-11-27T10:00:00Z\n# public key: ${recipient}\n${identity}\n`, { mode })
  return path
}
