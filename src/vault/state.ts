import { appendFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { readOwnText } from '../files/own-text.ts'
import { createPrivateDirectory, writePrivateFile } from '../files/private.ts'

/** What happened to a profile while no key was there to write it into its log: a failed unlock, a migration. */
export interface NotedEvent {
  readonly event: 'profile.unlock' | 'vault.migrate'
  readonly at: string
  readonly actor: string
  readonly outcome: 'failed' | 'ok'
  readonly reason: string
}

/** A profile that was restored, as {@link VaultState} remembers it. */
export interface Restored {
  /** The highest sequence that anybody can have seen of what was there before. */
  readonly replaced: number
  /** The end of the restored log, and the MAC of its row, hex. */
  readonly sequence: number
  readonly mac: string
  readonly atMs: number
}

const NEWEST_NOTES = 200

/**
 * What is remembered about a vault outside of it, in small 0600 files of the state directory: the highest audit sequence seen
 * per profile, by which an older copy of the vault is recognised, and what happened while no key was there. Where the directory
 * cannot be written (a read-only home) nothing is remembered, and everything else works.
 */
export class VaultState {
  constructor(readonly directory: string) {}

  /** The highest sequence that this machine saw of a profile; 0 when it never saw one. */
  highestSequence(profileId: Buffer): number {
    const text = readIfThere(this.#file(profileId, 'sequence'))
    return text !== undefined && /^\d{1,15}\n$/.test(text) ? Number(text) : 0
  }

  /** Remembers a sequence; a lower one than known is kept out unless `force`. */
  rememberSequence(profileId: Buffer, sequence: number, force = false): void {
    if (!force && sequence <= this.highestSequence(profileId)) return
    this.#quietly(() => writePrivateFile(this.#file(profileId, 'sequence'), `${sequence}\n`, { durable: false }))
  }

  /** The last restoration of a profile; undefined where there is none, or nobody can be left who saw what was there before. */
  restored(profileId: Buffer): Restored | undefined {
    const [, replaced, sequence, mac, atMs] = RESTORED.exec(readIfThere(this.#file(profileId, 'restored')) ?? '') ?? []
    if (mac === undefined) return undefined
    return { replaced: Number(replaced), sequence: Number(sequence), mac, atMs: Number(atMs) }
  }

  noteRestored(profileId: Buffer, { replaced, sequence, mac, atMs }: Restored): void {
    this.#quietly(() => writePrivateFile(this.#file(profileId, 'restored'), `${replaced} ${sequence} ${mac} ${atMs}\n`))
  }

  forgetRestored(profileId: Buffer): void {
    this.#quietly(() => rmSync(this.#file(profileId, 'restored'), { force: true }))
  }

  /** The fingerprint of a profile that was opened here before with an age identity; undefined before the first time. */
  knownFingerprint(profileId: Buffer): string | undefined {
    const text = readIfThere(this.#file(profileId, 'fingerprint'))
    return text !== undefined && /^[0-9a-f]{20}\n$/.test(text) ? text.trim() : undefined
  }

  rememberFingerprint(profileId: Buffer, fingerprint: string): void {
    this.#quietly(() => writePrivateFile(this.#file(profileId, 'fingerprint'), `${fingerprint}\n`))
  }

  /** Notes an event; the log of the vault itself takes it up at the next unlock. */
  note(profileId: Buffer, event: NotedEvent): void {
    this.#quietly(() => appendFileSync(this.#file(profileId, 'unlock-failures'), `${JSON.stringify(event)}\n`, { mode: 0o600 }))
  }

  /** The noted events, newest 200 at most. They stay until {@link forgetNotes}. */
  notes(profileId: Buffer): readonly NotedEvent[] {
    const text = readIfThere(this.#file(profileId, 'unlock-failures'))
    if (text === undefined) return []
    return text
      .split('\n')
      .slice(-NEWEST_NOTES - 1)
      .flatMap(parseNote)
  }

  forgetNotes(profileId: Buffer): void {
    this.#quietly(() => rmSync(this.#file(profileId, 'unlock-failures'), { force: true }))
  }

  #file(profileId: Buffer, what: string): string {
    return join(this.directory, `${profileId.toString('hex')}.${what}`)
  }

  #quietly(write: () => void): void {
    try {
      createPrivateDirectory(this.directory)
      write()
    } catch {
      // A read-only or full state directory weakens the memory of this machine, and must not stop the command.
    }
  }
}

const RESTORED = /^(\d{1,15}) (\d{1,15}) ([0-9a-f]{64}) (\d{1,15})\n$/

function readIfThere(file: string): string | undefined {
  try {
    return readOwnText(file)
  } catch {
    return undefined
  }
}

function parseNote(line: string): NotedEvent[] {
  try {
    const value = JSON.parse(line) as Partial<NotedEvent>
    const { at, actor, reason } = value
    if (typeof at !== 'string' || typeof actor !== 'string' || typeof reason !== 'string') return []
    const what = value.event === 'vault.migrate' ? MIGRATED : FAILED
    return [{ ...what, at: at.slice(0, 40), actor: actor.slice(0, 200), reason: reason.slice(0, 40) }]
  } catch {
    return []
  }
}

const MIGRATED = { event: 'vault.migrate', outcome: 'ok' } as const
/** Also what a note without an event means. */
const FAILED = { event: 'profile.unlock', outcome: 'failed' } as const
