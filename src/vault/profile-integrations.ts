import { inBatches } from '../core/batches.ts'
import { CrmError } from '../core/errors.ts'
import type { StoredValues } from '../core/field.ts'
import { type Integration, parseName } from '../core/integration.ts'
import { canonicalJson, type JsonObject } from '../core/json.ts'
import type { Secret } from '../core/secret.ts'
import { prepareKey } from '../crypto/chunked.ts'
import { forgetting, rowDetails, tokenEntry } from './audit-entries.ts'
import type { AuditEntry } from './audit-log.ts'
import { countDemos, forgetDemosOf } from './demos.ts'
import { type IntegrationFilter, listIntegrations } from './integrations.ts'
import type { RecentWords } from './last-words.ts'
import type { OpenProfile } from './open-profile.ts'
import type { SealedIntegrationRow } from './rows.ts'
import {
  type IntegrationChange,
  insertRow,
  type NewIntegration,
  type OpenedRow,
  openedRow,
  type PreparedKeys,
  requireRow,
  sealNewRows,
  updateRow,
} from './sealed-integrations.ts'
import { readTokensOf } from './sealed-tokens.ts'
import { rebindTokens, type TokenOwner, writeTokens } from './tokens.ts'
import type { OpenedIntegration, TakenOver } from './unlocked.ts'

/** The integrations of an open profile. */
export class ProfileIntegrations {
  constructor(readonly profile: OpenProfile) {}

  async open(name: string): Promise<OpenedIntegration> {
    return this.#openRow(name)
  }

  #openRow(name: string): OpenedRow {
    return this.profile.read(() => openedRow(this.profile.keys, requireRow(this.profile.database, this.profile.keys.profileId, name)))
  }

  *openAll(filter: IntegrationFilter = {}): Generator<OpenedIntegration> {
    for (const { name } of listIntegrations(this.profile.database, this.profile.keys.profileId, this.profile.name, filter)) {
      yield this.#openRow(name)
    }
  }

  async reveal(name: string, field?: string): Promise<{ integration: Integration; secrets: Readonly<Record<string, Secret>> }> {
    const { id, integration, values } = this.#openRow(name)
    if (field !== undefined && values.secrets[field] === undefined) {
      const known = Object.keys(values.secrets)
      throw new CrmError('not_found', `${name} has no secret named ${field}`, {
        hint: known.length === 0 ? `it has no secrets; see: crm show ${name}` : `it has: ${known.join(', ')}`,
      })
    }
    const fields = field === undefined ? Object.keys(values.secrets) : [field]
    this.profile.change('record the reveal', () => [{ event: 'integration.reveal', details: { id: id.toString('hex'), name, fields } }])
    const secrets: Record<string, Secret> = Object.create(null)
    for (const key of fields) if (values.secrets[key] !== undefined) secrets[key] = values.secrets[key]
    return { integration, secrets }
  }

  async handOver(names: readonly string[] | 'all', how: JsonObject): Promise<readonly OpenedIntegration[]> {
    const all = names === 'all' ? listIntegrations(this.profile.database, this.profile.keys.profileId, this.profile.name, {}) : undefined
    const opened = (all?.map(({ name }) => name) ?? (names as readonly string[])).map((name) => this.#openRow(name))
    this.profile.change('record the export', () =>
      opened.map(({ id, integration, values }) => ({
        event: 'integration.export',
        details: { ...how, id: id.toString('hex'), name: integration.name, fields: Object.keys(values.secrets) },
      })),
    )
    return opened
  }

  async takeOver(taken: TakenOver, how: JsonObject): Promise<void> {
    const words = await this.profile.recentWords()
    this.#withRowKey((keys) => this.profile.change('import the integrations', (at) => this.#takeOver(taken, how, keys, words, at)))
  }

  *#takeOver({ added, replaced }: TakenOver, how: JsonObject, keys: PreparedKeys, words: RecentWords, at: string): Generator<AuditEntry> {
    yield { event: 'integration.import', details: { ...how, added: added.length, replaced: replaced.length } }
    yield* this.#insert(added, keys, at)
    for (const { revision, by } of replaced) {
      const { name, active, definition, values } = by
      yield* this.#replace(name, revision, { active, definition, values }, words, at)
    }
  }

  async add(drafts: readonly NewIntegration[]): Promise<readonly Integration[]> {
    const added: Integration[] = []
    this.#withRowKey((keys) =>
      this.profile.change('save the integration', (at) => this.#insert(drafts, keys, at, (row) => added.push(row))),
    )
    return added
  }

  /** The row key made ready once, for many rows. */
  #withRowKey(work: (keys: PreparedKeys) => void): void {
    const rowKey = prepareKey(this.profile.keys.rowKey)
    try {
      work({ ...this.profile.keys, rowKey })
    } finally {
      rowKey.clear()
    }
  }

  /**
   * Inserts rows, a batch at a time: ten thousand are never held at once, and work of one kind stays together, since to take turns between
   * the code of seals and that of SQLite for each row costs as much again as both.
   */
  *#insert(drafts: readonly NewIntegration[], keys: PreparedKeys, at: string, tell?: (added: Integration) => void): Generator<AuditEntry> {
    for (const batch of inBatches(drafts)) {
      const named = batch.map((draft) => ({ ...draft, name: parseName(draft.name, 'integration') }))
      const rows = sealNewRows(keys, named, at)
      for (const row of rows) insertRow(this.profile.database, keys, row, at)
      for (const [index, row] of rows.entries()) {
        tell?.(row.integration())
        const { name, provider } = row.record
        const { id, revision, sha256 } = rowDetails(row)
        yield { event: 'integration.add', details: { id, name, provider, revision, sha256 } }
        const tokens = batch[index]?.tokens
        if (tokens !== undefined)
          yield tokenEntry('token.sign-in', name, writeTokens(this.profile.database, keys, { ...row, name }, tokens, at))
      }
    }
  }

  async update(name: string, revision: number, change: IntegrationChange): Promise<Integration> {
    const next = change.name === undefined ? name : parseName(change.name, 'integration')
    const words = await this.profile.recentWords()
    this.profile.change('save the integration', (at) => this.#replace(name, revision, { ...change, name: next }, words, at))
    return (await this.open(next)).integration
  }

  #replace(name: string, revision: number, change: IntegrationChange, words: RecentWords, at: string): readonly AuditEntry[] {
    const next = change.name ?? name
    const row = requireRow(this.profile.database, this.profile.keys.profileId, name)
    if (row.revision !== revision) throw this.#changedMeanwhile(row)
    const opened = openedRow(this.profile.keys, row)
    const before = opened.values
    words.requireIntegration(row)
    // A revision tells that something is different: an edit with today's values is none.
    if (isSame(opened, { ...change, name: next })) return []
    const changed = updateRow(this.profile.database, this.profile.keys, row, change, at)
    const fields = change.values === undefined ? [] : changedFields(before, change.values)
    return [
      { event: 'integration.edit', details: { ...rowDetails(changed), name: next, ...(next === name ? {} : { from: name }), fields } },
      ...this.#keepTokens(row, { ...changed, name: next }, change, words, at),
    ]
  }

  async setActive(name: string, active: boolean): Promise<{ integration: Integration; changed: boolean }> {
    const words = await this.profile.recentWords()
    const changed = this.profile.change('save the integration', (at) => {
      const row = requireRow(this.profile.database, this.profile.keys.profileId, name)
      if ((row.active === 1) === active) return []
      words.requireIntegration(row)
      const changed = updateRow(this.profile.database, this.profile.keys, row, { active }, at)
      return [
        { event: 'integration.toggle', details: { ...rowDetails(changed), name, active } },
        ...this.#keepTokens(row, { ...changed, name }, {}, words, at),
      ]
    })
    return { integration: (await this.open(name)).integration, changed }
  }

  /** The tokens of a changed integration: those that came with the change, or its own, bound to its new revision. */
  #keepTokens(
    before: TokenOwner,
    after: TokenOwner,
    { values, tokens }: IntegrationChange,
    words: RecentWords,
    at: string,
  ): readonly AuditEntry[] {
    if (tokens !== undefined)
      return [tokenEntry('token.sign-in', after.name, writeTokens(this.profile.database, this.profile.keys, after, tokens, at))]
    words.requireTokens(before, readTokensOf(this.profile.database, before.id))
    const rebound = rebindTokens(this.profile.database, this.profile.keys, before, after, values !== undefined, at)
    return rebound === undefined ? [] : [tokenEntry('token.rebind', after.name, rebound)]
  }

  async remove(name: string, options: { readonly force?: boolean } = {}): Promise<void> {
    this.profile.change('remove the integration', () => {
      const row = requireRow(this.profile.database, this.profile.keys.profileId, name)
      const demos = countDemos(this.profile.database, { integrationId: row.id })
      if (demos > 0 && options.force !== true) {
        throw new CrmError('conflict', `${name} still has ${demos} ${demos === 1 ? 'demo' : 'demos'}`, {
          reason: 'without it they could not be removed from the server any more',
          hint: `remove them first with: crm demo-remove --all --integration ${name}`,
        })
      }
      const forgotten = forgetDemosOf(this.profile.database, row.id).map((demo) => forgetting(demo))
      this.profile.database.run('DELETE FROM integrations WHERE id = ?', row.id)
      return [...forgotten, { event: 'integration.remove', details: { id: row.id.toString('hex'), name, provider: row.provider } }]
    })
  }

  #changedMeanwhile(row: SealedIntegrationRow): CrmError {
    const id = row.id.toString('hex')
    const last = [...this.profile.log.events()].findLast((event) => event.details.id === id)
    return new CrmError('conflict', `${row.name} was changed meanwhile`, {
      reason: last === undefined ? `it is at revision ${row.revision}` : `by ${last.actor} at ${last.at}`,
      hint: `look at it with: crm show ${row.name}, then run the command again`,
    })
  }
}

/** Whether a change leaves everything as it is: what is stored, and where. */
function isSame({ integration, definition, values }: OpenedRow, change: IntegrationChange): boolean {
  const { name = integration.name, active = integration.active, tokens } = change
  if (tokens !== undefined || name !== integration.name || active !== integration.active) return false
  return (change.definition ?? definition) === definition && (change.values === undefined || plainOf(change.values) === plainOf(values))
}

function plainOf({ settings, secrets }: StoredValues): string {
  const revealed = Object.entries(secrets).map(([key, secret]): [string, string] => [key, secret.reveal()])
  return canonicalJson({ settings, secrets: Object.fromEntries(revealed) })
}

/** The fields whose value is not what it was. */
function changedFields(before: StoredValues, after: StoredValues): string[] {
  const keys = new Set([before, after].flatMap(({ settings, secrets }) => [...Object.keys(settings), ...Object.keys(secrets)]))
  const textOf = ({ settings, secrets }: StoredValues, key: string) => secrets[key]?.reveal() ?? settings[key]
  return [...keys].filter((key) => textOf(before, key) !== textOf(after, key)).sort()
}
