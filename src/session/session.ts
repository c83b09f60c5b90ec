import { hash } from 'node:crypto'
import { lstatSync, readFileSync, rmSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { CrmError } from '../core/errors.ts'
import { OpenError, open, seal } from '../crypto/chunked.ts'
import { encodeContext } from '../crypto/context.ts'
import { readOwnText } from '../files/own-text.ts'
import { writePrivateFile } from '../files/private.ts'
import type { Keychain } from '../keychain/keychain.ts'

/** What opens a profile for a while: its data key, and the slot that gave it. */
export interface SessionKey {
  readonly dataKey: Buffer
  /** 32 hex digits. */
  readonly slotId: string
  /** The digest of the slot, hex: a passphrase that was changed ends the session. */
  readonly slotCheck: string
  readonly generation: number
}

/** Where the key of an unlocked profile is kept. */
export type SessionPlace = 'keychain' | 'memory'

/** What a session needs to know of the world. */
export interface SessionWorld {
  /** Where a note says that there is a session: no secret, so that a command without one asks nobody. */
  readonly stateDirectory: string
  /** `$XDG_RUNTIME_DIR`; undefined where there is none. */
  readonly runtimeDirectory: string | undefined
  readonly uid: number | undefined
  readonly clock: () => number
  /** Undefined where it is not to be asked. */
  readonly keychain: Keychain | undefined
}

/** `statfs` types of file systems that live in memory: tmpfs, ramfs. */
const IN_MEMORY = [0x01021994, 0x858458f6]

/** The key of an unlocked profile, kept until a time: in the keychain, or in a file of memory. Never on a disk. */
export class Session {
  constructor(readonly world: SessionWorld) {}

  /** The key of a profile that was unlocked for a while; undefined when it was not, or the time is over. */
  async read(profileId: string): Promise<SessionKey | undefined> {
    const note = this.#note(profileId)
    if (note === undefined) return undefined
    if (note.untilMs <= this.world.clock()) {
      await this.end(profileId)
      return undefined
    }
    const text = note.place === 'keychain' ? await this.world.keychain?.read(accountOf(profileId)) : this.#readFile(profileId)
    return text === undefined || text === null ? undefined : parse(text, this.world.clock())
  }

  /**
   * Keeps the key of a profile until a time.
   * @returns where: the keychain where there is one, else memory.
   * @throws {CrmError} `unsafe_file` where there is neither.
   */
  async keep(profileId: string, key: SessionKey, untilMs: number): Promise<SessionPlace> {
    const text = JSON.stringify({ ...key, dataKey: key.dataKey.toString('base64'), untilMs })
    const place = (await this.#keepInKeychain(profileId, text)) ? 'keychain' : 'memory'
    if (place === 'memory') this.#keepInMemory(profileId, text)
    writePrivateFile(this.#noteFile(profileId), `${JSON.stringify({ place, untilMs })}\n`, { durable: false })
    return place
  }

  /** Takes the key of a profile away. False when there was none. */
  async end(profileId: string): Promise<boolean> {
    const note = this.#note(profileId)
    if (note === undefined) return false
    // The note goes last: what could not be taken away is still known of.
    if (note.place === 'keychain') await this.world.keychain?.remove(accountOf(profileId))
    else rmSync(this.#memoryFile(profileId), { force: true })
    rmSync(this.#noteFile(profileId), { force: true })
    return true
  }

  async #keepInKeychain(profileId: string, text: string): Promise<boolean> {
    if (this.world.keychain === undefined) return false
    try {
      await this.world.keychain.write(accountOf(profileId), text)
      return true
    } catch (error) {
      if (error instanceof CrmError && error.code === 'locked') return false
      throw error
    }
  }

  #keepInMemory(profileId: string, text: string): void {
    const directory = this.world.runtimeDirectory
    if (directory === undefined) throw nowhere('there is no keychain, and XDG_RUNTIME_DIR is not set')
    if (!isInMemory(directory)) throw nowhere(`${directory} is on a disk, where a key must not lie`)
    const { uid } = lstatSync(directory)
    if (this.world.uid !== undefined && uid !== this.world.uid) throw nowhere(`${directory} belongs to another user`)
    const plaintext = Buffer.from(text)
    const sealed = seal(this.#sessionKey(directory), this.#context(profileId), plaintext)
    plaintext.fill(0)
    writePrivateFile(this.#memoryFile(profileId), `${sealed.toString('base64')}\n`, { durable: false })
  }

  #readFile(profileId: string): string | undefined {
    const directory = this.world.runtimeDirectory
    try {
      const sealed = Buffer.from(readOwnText(this.#memoryFile(profileId)), 'base64')
      return directory === undefined ? undefined : open(this.#sessionKey(directory), this.#context(profileId), sealed).toString('utf8')
    } catch (error) {
      // Gone with the login, or of another one.
      if (error instanceof OpenError || (error instanceof Error && 'code' in error && error.code === 'ENOENT')) return undefined
      throw error
    }
  }

  /** Binds the file to this start of the machine and this login; what is secret about it is the file itself. */
  #sessionKey(directory: string): Buffer {
    const { ino, dev } = lstatSync(directory)
    const facts = [readFact('/proc/sys/kernel/random/boot_id'), readFact('/proc/self/sessionid'), directory]
    return hash('sha256', encodeContext('crm-session/v1', ...facts, this.world.uid ?? 0, ino, dev), 'buffer')
  }

  #context(profileId: string): Buffer {
    return encodeContext('crm-session/v1/key', profileId)
  }

  #memoryFile(profileId: string): string {
    return join(this.world.runtimeDirectory ?? '/nonexistent', 'crm', `${profileId}.unlocked`)
  }

  #noteFile(profileId: string): string {
    return join(this.world.stateDirectory, `${profileId}.unlocked`)
  }

  #note(profileId: string): { readonly place: SessionPlace; readonly untilMs: number } | undefined {
    try {
      const note = JSON.parse(readOwnText(this.#noteFile(profileId))) as { place?: unknown; untilMs?: unknown }
      if ((note.place !== 'keychain' && note.place !== 'memory') || typeof note.untilMs !== 'number') return undefined
      return { place: note.place, untilMs: note.untilMs }
    } catch {
      return undefined
    }
  }
}

function accountOf(profileId: string): string {
  return `unlocked-${profileId}`
}

function isInMemory(directory: string): boolean {
  try {
    return IN_MEMORY.includes(statfsSync(directory).type)
  } catch {
    return false
  }
}

function readFact(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}

function parse(text: string, nowMs: number): SessionKey | undefined {
  const { dataKey, slotId, slotCheck, generation, untilMs } = JSON.parse(text) as Record<string, unknown>
  if (typeof dataKey !== 'string' || typeof slotId !== 'string' || typeof slotCheck !== 'string') return undefined
  // The time inside counts: the note outside of it is not sealed.
  if (typeof generation !== 'number' || typeof untilMs !== 'number' || untilMs <= nowMs) return undefined
  return { dataKey: Buffer.from(dataKey, 'base64'), slotId, slotCheck, generation }
}

function nowhere(reason: string): CrmError {
  return new CrmError('unsafe_file', 'there is no place to keep a key for a while', {
    reason,
    hint: 'use a key in the keychain (crm key add keychain) or a key file (crm key add file)',
  })
}
