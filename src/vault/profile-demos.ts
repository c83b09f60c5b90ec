import type { DemoJournal, DemoRecord, DemoSecrets } from '../core/demo.ts'
import { CrmError, unreachable } from '../core/errors.ts'
import { toTimestamp } from '../core/time.ts'
import { forgetting, rowDetails } from './audit-entries.ts'
import type { AuditEntry } from './audit-log.ts'
import { endRun, renewRun, takeRun } from './demo-runs.ts'
import { forgetRemovedDemos } from './demos.ts'
import type { RecentWords } from './last-words.ts'
import type { OpenProfile } from './open-profile.ts'
import { openDemo, requireLastDemo, writeDemo } from './sealed-demos.ts'
import { requireRow } from './sealed-integrations.ts'
import type { DemoRun, DemoRuns } from './unlocked.ts'

/** How long a demo run is held without a sign of life, and how often it is renewed, in milliseconds. */
const LEASE_MS = 60_000
/** How long a journal entry waits for those of other demos where there are any, to go with them in one wait for the disk, in milliseconds. */
const JOURNAL_WAIT_MS = 2
/** How long the record of a removed demo is kept. */
const REMOVED_DEMO_MS = 30 * 86_400_000

interface StoredDemo {
  readonly id: Buffer
  readonly integration_id: Buffer
  readonly slug: string
  readonly sealed: Buffer
}

/** The demos of an open profile, and the runs that make and remove them. */
export class ProfileDemos {
  readonly #journalWrites: {
    readonly save: (words: RecentWords) => AuditEntry
    readonly resolve: () => void
    readonly reject: (error: unknown) => void
  }[] = []

  /** How many demos are being made or removed. */
  #running = 0

  constructor(readonly profile: OpenProfile) {}

  async startDemoRun(integration: string, slug: string, runId: string): Promise<DemoRun> {
    const { journals, renew, end } = await this.startDemoRuns([{ integration, slug }], runId)
    const [journal] = journals
    if (journal === undefined || journal instanceof CrmError) throw journal
    return { runId, journal, renew, end }
  }

  async startDemoRuns(demos: readonly { readonly integration: string; readonly slug: string }[], runId: string): Promise<DemoRuns> {
    const ids = new Map<string, Buffer>()
    for (const { integration } of demos) {
      if (!ids.has(integration)) ids.set(integration, requireRow(this.profile.database, this.profile.keys.profileId, integration).id)
    }
    const asked = demos.map((demo) => ({ ...demo, id: ids.get(demo.integration) ?? unreachable('integration of a demo') }))
    const refused = new Map<(typeof asked)[number], CrmError>()
    this.profile.change('begin the demo run', (at) => {
      const nowMs = this.profile.world.clock()
      const holder = this.profile.world.holder()
      for (const demo of asked) {
        try {
          takeRun(this.profile.database, demo.id, demo.slug, { ...holder, runId, nowMs, leaseMs: LEASE_MS }, this.profile.world.isAlive)
        } catch (error) {
          if (!(error instanceof CrmError) || error.code !== 'conflict') throw error
          refused.set(demo, error)
        }
      }
      const begun = asked.filter((demo) => !refused.has(demo))
      return [
        ...begun.map(({ slug, integration }) => ({ event: 'demo.run', details: { slug, integration, runId } })),
        ...forgetRemovedDemos(this.profile.database, this.profile.keys.profileId, toTimestamp(Date.parse(at) - REMOVED_DEMO_MS)).map(
          forgetting,
        ),
      ]
    })
    const held = asked.filter((demo) => !refused.has(demo))
    this.#running += held.length
    return {
      runId,
      journals: asked.map((demo) => refused.get(demo) ?? this.#journal(demo.id, demo.integration, demo.slug, runId)),
      renew: async () => {
        if (held.length === 0) return
        const untilMs = this.profile.world.clock() + LEASE_MS
        const obstacles = this.profile.database.write('renew the demo run', () =>
          held.map(({ id, slug }) => renewRun(this.profile.database, id, slug, runId, untilMs)),
        )
        const lost = obstacles.find((obstacle) => obstacle !== undefined)
        if (lost !== undefined) throw lost
      },
      end: async () => {
        this.#running -= held.length
        this.profile.database.write('end the demo run', () => {
          for (const { id, slug } of held) endRun(this.profile.database, id, slug, runId)
        })
      },
    }
  }

  #journal(integrationId: Buffer, integration: string, slug: string, runId: string): DemoJournal {
    return {
      read: async () => {
        const { database, keys } = this.profile
        const words = await this.profile.recentWords()
        const readLast = () => {
          const demo = openDemo(database, keys, integrationId, slug)
          // Here already: one that was put back fails its own run, before anything is sent, and no write of the others.
          requireLastDemo(database, integrationId, slug, words)
          return demo
        }
        return this.profile.read(() => database.read(readLast))
      },
      write: (record, secrets) =>
        this.#saveJournal((words) => {
          const lost = renewRun(this.profile.database, integrationId, slug, runId, this.profile.world.clock() + LEASE_MS)
          if (lost !== undefined) throw lost
          const row = writeDemo(this.profile.database, this.profile.keys, integrationId, record, secrets, words)
          const details = { ...rowDetails(row), slug, integration, runId, status: record.status, steps: row.steps }
          return { event: 'demo.step', details }
        }),
    }
  }

  /**
   * Resolves once the entry is on disk. Entries that come at the same time, of many demos or of one, are committed together in the order
   * in which they came: one write, one wait for the disk.
   */
  #saveJournal(save: (words: RecentWords) => AuditEntry): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#journalWrites.push({ save, resolve, reject })
      if (this.#journalWrites.length > 1) return
      if (this.#running > 1) setTimeout(() => void this.#commitJournals(), JOURNAL_WAIT_MS)
      else setImmediate(() => void this.#commitJournals())
    })
  }

  async #commitJournals(): Promise<void> {
    const writes = this.#journalWrites.splice(0)
    const lost = new Map<(typeof writes)[number], CrmError>()
    try {
      const words = await this.profile.recentWords()
      this.profile.change('save the demo journal', () =>
        writes.flatMap((write) => {
          try {
            return [write.save(words)]
          } catch (error) {
            // This one demo is not this run's any more: nothing of it was written, and the others go on.
            if (!(error instanceof CrmError) || error.code !== 'conflict') throw error
            lost.set(write, error)
            return []
          }
        }),
      )
    } catch (error) {
      for (const { reject } of writes) reject(error)
      return
    }
    for (const write of writes) {
      const error = lost.get(write)
      if (error === undefined) write.resolve()
      else write.reject(error)
    }
  }

  async readDemo(integration: string, slug: string): Promise<{ record: DemoRecord; secrets: DemoSecrets } | undefined> {
    return this.profile.read(() =>
      openDemo(
        this.profile.database,
        this.profile.keys,
        requireRow(this.profile.database, this.profile.keys.profileId, integration).id,
        slug,
      ),
    )
  }

  async revealDemo(integration: string, slug: string): Promise<DemoSecrets> {
    const demo = await this.readDemo(integration, slug)
    if (demo === undefined) throw new CrmError('not_found', `no demo is named ${slug}`, { hint: 'see the demos with: crm demo-list' })
    await this.profile.record('demo.reveal', { slug, integration, fields: Object.keys(demo.secrets) })
    return demo.secrets
  }

  async forgetDamagedDemos(slug: string): Promise<{ forgotten: number; whole: number }> {
    const rows = this.profile.database.all<StoredDemo>(
      'SELECT id, integration_id, slug, sealed FROM demos WHERE profile_id = ? AND slug = ?',
      this.profile.keys.profileId,
      slug,
    )
    const words = await this.profile.recentWords()
    const damaged = rows.filter((row) => !this.#isWhole(row, words))
    this.profile.change('forget the damaged demo', () =>
      damaged.map((row) => {
        this.profile.database.run('DELETE FROM demos WHERE id = ?', row.id)
        return forgetting(row)
      }),
    )
    return { forgotten: damaged.length, whole: rows.length - damaged.length }
  }

  /** It opens, and is the one that the audit log knows. */
  #isWhole({ id, integration_id, slug, sealed }: StoredDemo, words: RecentWords): boolean {
    try {
      words.requireDemo({ id, sealed }, slug)
      return openDemo(this.profile.database, this.profile.keys, integration_id, slug) !== undefined
    } catch (error) {
      if (error instanceof CrmError && error.code === 'damaged') return false
      throw error
    }
  }
}
