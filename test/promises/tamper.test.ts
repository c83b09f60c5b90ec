/** P02, P03 and P12: whoever changes a byte of what the vault vouches for is found out before anything is done with it. */
import Sqlite from 'better-sqlite3'
import { afterAll, describe, expect, test } from 'vitest'
import { newVault, sources } from '../support/vault.ts'
import { PATIENCE_MS, report, some } from '../torture/torture.ts'
import { type Cell, cellsIn, changesOf, type Sight, tablesIn, Victim } from './tamper.ts'

const victim = await Victim.make()
const other = await Victim.make()
const whole = await victim.look()

const ALL = ['left', 'middle', 'right']
  .flatMap((profile) => ['one', 'signed', 'three', 'two'].map((name) => `${profile}-${name}`))
  .map((name) => [`${name.split('-')[0]}/${name}`, name] as const)

test('P02 an untouched vault opens whole, and every integration reaches its server', () => {
  expect(whole.profiles).toEqual({ left: 'whole', middle: 'whole', right: 'whole' })
  expect(Object.keys(whole.integrations)).toEqual(ALL.map(([place]) => place))
  expect(whole.integrations['left/left-one']).toMatchObject({ secrets: [['token', 'token-of-left-one']] })
  expect(whole.tokens['right/right-signed']).toMatchObject({ secrets: ['token-of-right-signed', 'refresh-token-of-right-signed'] })
  expect(Object.keys(whole.demos)).toHaveLength(4)
  expect(whole.demos['left/left-two/demo']).toMatchObject({
    record: { inboxId: '7', expiresAt: '2027-01-01T00:00:00.000Z' },
    secrets: { botAccessToken: 'access-token-secret-of-left-two' },
  })
  expect(whole.requests).toEqual(ALL.map(([, name]) => `${name.endsWith('signed') ? '/me' : `/${name}`} Bearer token-of-${name}`).sort())
})

test('P02 the vault under attack has a row in every table', () => {
  const empty = tablesIn(victim.original).filter((table) => cellsIn(victim.original, table).length === 0)
  expect(empty, 'tables whose columns nobody would try').toEqual([])
})

/**
 * What nobody vouches for: it is shown, or says who is at work, and decides about nothing that is sent. Any other column is bound by a
 * seal or a chain, and every change of it must be found out.
 */
const UNBOUND = new Set([
  ...['secrets_set', 'created_at', 'updated_at', 'last_outcome', 'last_cause', 'last_checked_at', 'last_latency_ms'].map(
    (column) => `integrations.${column}`,
  ),
  'profiles.created_at',
  // The order of the steps is bound, not the numbers that keep it.
  'demo_steps.position',
  'key_slots.created_at',
  'tokens.updated_at',
  ...['test_results', 'demo_runs', 'token_locks'],
])
const isBound = ({ table, column }: Pick<Cell, 'table' | 'column'>): boolean => !UNBOUND.has(table) && !UNBOUND.has(`${table}.${column}`)

/** How many attacks ended in which way. */
class Tally {
  readonly counts = { cases: 0, damaged: 0, wrong_key: 0, 'not found by its name': 0, unchanged: 0 }

  add(sight: Sight): void {
    const states = Object.values(sight.profiles)
    this.counts.cases += 1
    if (isWhole(sight)) this.counts.unchanged += 1
    else if (states.includes('wrong_key')) this.counts.wrong_key += 1
    else if (states.includes('not_found')) this.counts['not found by its name'] += 1
    else this.counts.damaged += 1
  }
}

const isWhole = ({ profiles }: Sight): boolean => Object.values(profiles).every((state) => state === 'whole')

/** What stays as it was although something was changed: no value is another one, and nothing is sent that was not sent before. */
function expectNothingWrong(sight: Sight, where: string): void {
  for (const place of ['integrations', 'tokens', 'demos'] as const) {
    for (const [name, seen] of Object.entries(sight[place])) {
      if (typeof seen === 'string') expect(['damaged', 'wrong_key', 'not_found'], `${where}: ${name}`).toContain(seen)
      // Demos and tokens are known by the name of their integration, which is proven where that is opened; they are its own under any name.
      else if (place !== 'integrations') expect(Object.values(whole[place]), `${where}: ${name}`).toContainEqual(seen)
      else expect(seen, `${where}: ${name}`).toEqual(whole[place][name])
    }
  }
  for (const request of sight.requests) expect(whole.requests, where).toContain(request)
  for (const state of Object.values(sight.profiles))
    expect(state, where).toMatch(/^(?:whole|damaged|wrong_key|not_found|\w+ (?:damaged|missing|unexpected|older).*)$/)
  // What was changed is not used: its request is the one that is missing.
  const sent = ([, name]: readonly [string, string]): boolean => sight.requests.some((request) => request.endsWith(`-of-${name}`))
  const closed = ([place]: readonly [string, string]): boolean =>
    typeof (sight.integrations[place] ?? '') === 'string' || typeof (sight.tokens[place] ?? null) === 'string'
  expect(ALL.filter(closed).filter(sent), where).toEqual([])
}

/** The names of what a look has found closed or not at all. */
function missedIn(sight: Sight): string[] {
  return (['integrations', 'tokens', 'demos'] as const).flatMap((place) =>
    Object.keys(whole[place]).filter((name) => typeof (sight[place][name] ?? '') === 'string'),
  )
}

/** Only what is about an integration or a key can make a difference to what is sent. */
const decidesWhatIsSent = (table: string): boolean => !/^(?:audit|demo)/.test(table)

/** What a look at some profiles of the untouched vault gives. */
function wholeOf(profiles: readonly string[] | undefined): Sight {
  if (profiles === undefined) return whole
  const own = (record: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(Object.entries(record).filter(([place]) => profiles.includes(place.split('/')[0] ?? '')))
  return {
    integrations: own(whole.integrations),
    tokens: own(whole.tokens),
    demos: own(whole.demos),
    profiles: own(whole.profiles) as Sight['profiles'],
    requests: whole.requests.filter((request) => profiles.some((profile) => request.includes(`-of-${profile}-`))),
  }
}

/**
 * Which profiles are looked at after a change in a row: its own one, and from time to time all of them. Names and ids may make a
 * difference to any.
 */
function concerned({ table, column, profile }: Cell, index: number): readonly string[] | undefined {
  const any = profile === null || table === 'profiles' || column === 'name' || /(?:^|_)id$/.test(column) || index % 8 === 0
  return any ? undefined : [profile]
}

/** Looks at a vault in which one thing was changed. */
async function judge(where: string, bound: boolean, sends: boolean, tally: Tally, profiles?: readonly string[]): Promise<Sight> {
  const whole = wholeOf(profiles)
  const sight = await victim.look(profiles, { sends })
  tally.add(sight)
  expectNothingWrong(sight, where)
  if (isWhole(sight)) expect([where, bound, { ...sight, requests: sends ? sight.requests : whole.requests }]).toEqual([where, false, whole])
  return sight
}

const flips = new Tally()
const swaps = new Tally()
afterAll(() => {
  report('tamper: every byte of every column of every row changed', { ...flips.counts, 'wrong plaintexts': 0, 'requests sent with it': 0 })
  report('tamper: sealed values swapped, moved and brought back', { ...swaps.counts, 'wrong plaintexts': 0, 'requests sent with it': 0 })
})

const TABLES = tablesIn(victim.original).map((table) => {
  const cells = cellsIn(victim.original, table)
  return [table, [...new Set(cells.map(({ column }) => column))].map((column) => cells.filter((cell) => cell.column === column))] as const
})

describe.each(TABLES)('P02 P03 P12 every byte of %s that is changed is found out, and nothing is sent with it:', (table, columns) => {
  test.each(columns.map((cells) => [cells[0]?.column ?? '', cells] as const))('%s', { timeout: PATIENCE_MS }, async (column, cells) => {
    const cases = cells.flatMap((cell) => changesOf(cell.value).map((changed, index) => ({ cell, changed, index })))
    for (const [number, { cell, changed, index }] of some(cases, Buffer.isBuffer(cells[0]?.value) ? 24 : 8).entries()) {
      victim.attack((database) => database.prepare(`UPDATE OR REPLACE ${table} SET ${column} = ? WHERE ${cell.row}`).run(changed))
      const where = `change ${index} of ${table}.${column} where ${cell.row}`
      await judge(where, isBound(cell), decidesWhatIsSent(table), flips, concerned(cell, number))
    }
  })
})

/** The values of a vault that are sealed, wrapped, or prove something: blobs that are no ids. */
const sealedIn = (bytes: Buffer): Cell[] =>
  tablesIn(bytes).flatMap((table) =>
    cellsIn(bytes, table).filter(({ column, value }) => Buffer.isBuffer(value) && column !== 'id' && !column.endsWith('_id')),
  )

const put = (database: Sqlite.Database, { table, column, row }: Cell, value: unknown): void => {
  database.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${row}`).run(value)
}

const nameOf = ({ table, column, row }: Cell): string => `${table}.${column} where ${row}`

describe('P03 what is sealed stays where it was put:', () => {
  test('any two sealed values that change places are found out', { timeout: PATIENCE_MS }, async () => {
    const cells = sealedIn(victim.original)
    const pairs = cells.flatMap((one, index) => cells.slice(index + 1).map((two) => [one, two] as const))
    expect(pairs.length).toBeGreaterThan(1_000)
    for (const [one, two] of some(pairs, 150)) {
      victim.attack((database) => {
        put(database, one, two.value)
        put(database, two, one.value)
      })
      const sends = decidesWhatIsSent(one.table) || decidesWhatIsSent(two.table)
      await judge(`${nameOf(one)} and ${nameOf(two)}`, true, sends, swaps)
    }
  })

  test.each([
    ['an earlier revision', victim.older],
    ['another vault', other.original],
  ])('any sealed value of %s is found out wherever one of its kind belongs', { timeout: PATIENCE_MS }, async (_what, bytes) => {
    const donors = sealedIn(bytes)
    const moves = sealedIn(victim.original).flatMap((cell) =>
      donors
        .filter(
          ({ table, column, value }) => table === cell.table && column === cell.column && !(cell.value as Buffer).equals(value as Buffer),
        )
        .map((donor) => [cell, donor] as const),
    )
    expect(moves.length).toBeGreaterThan(200)
    for (const [cell, donor] of some(moves, 100)) {
      victim.attack((database) => put(database, cell, donor.value))
      await judge(`${nameOf(donor)} in ${nameOf(cell)}`, true, decidesWhatIsSent(cell.table), swaps)
    }
  })

  test.each(['integrations', 'tokens', 'demos'])(
    'any whole row of %s that is brought back from an earlier revision is named',
    async (table) => {
      const cells = cellsIn(victim.older, table)
      for (const row of new Set(cells.map((cell) => cell.row))) {
        victim.attack((database) => {
          for (const cell of cells.filter((cell) => cell.row === row)) put(database, cell, cell.value)
        })
        const { profiles } = await victim.look(undefined, { sends: false })
        expect(Object.values(profiles).filter((state) => state !== 'whole')).toEqual([expect.stringMatching(`^${table} (?:older|damaged)`)])
      }
    },
  )

  test('two whole rows that trade their names are both closed', async () => {
    victim.attack((database) =>
      database.exec(`UPDATE integrations SET name = 'x' WHERE name = 'left-one'; UPDATE integrations SET name = 'left-one' WHERE name = 'left-two';
        UPDATE integrations SET name = 'left-two' WHERE name = 'x'`),
    )
    const sight = await victim.look()
    expect(missedIn(sight).slice(0, 2)).toEqual(['left/left-one', 'left/left-two'])
    expect(sight.requests.filter((request) => /left-(?:one|two)/.test(request))).toEqual([])
  })

  test('a whole row that is moved to another profile is not opened there', async () => {
    victim.attack((database) =>
      database.exec("UPDATE integrations SET profile_id = (SELECT id FROM profiles WHERE name = 'right') WHERE name = 'left-three'"),
    )
    const sight = await victim.look()
    expect(sight.integrations['right/left-three']).toBe('damaged')
    expect(sight.profiles).toEqual({
      left: expect.stringContaining('integrations missing'),
      middle: 'whole',
      right: expect.stringContaining('integrations damaged'),
    })
    expect(sight.requests).toHaveLength(11)
  })

  test('the key slot of one profile does not open another', async () => {
    victim.attack((database) => {
      const [left, , right] = database
        .prepare('SELECT p.name, s.* FROM key_slots s JOIN profiles p ON p.id = s.profile_id ORDER BY p.name')
        .all() as Record<string, unknown>[]
      database
        .prepare('UPDATE key_slots SET kind = ?, label = ?, kdf = ?, wrapped = ? WHERE id = ?')
        .run(left?.kind, left?.label, left?.kdf, left?.wrapped, right?.id)
    })
    expect(await victim.look()).toMatchObject({ profiles: { left: 'whole', middle: 'whole', right: 'damaged' } })
  })

  test('an integration of another vault is not opened in this one', async () => {
    victim.attack((database) => {
      database.prepare('ATTACH ? AS other').run(other.path)
      const columns = 'name, generation, revision, provider, definition, active, settings, sealed'
      database.exec(
        `UPDATE integrations SET (${columns}) = (SELECT ${columns} FROM other.integrations o WHERE o.name = 'left-one') WHERE name = 'left-one'`,
      )
      database.exec('DETACH other')
    })
    const sight = await victim.look()
    expect(sight.integrations['left/left-one']).toBe('damaged')
    expect(sight.requests).toHaveLength(11)
  })
})

test('P03 two profiles under one key that trade their names in the file are named by their verification', async () => {
  const { vault, unlocked, key, path } = await newVault()
  await vault.createProfile('other', { kind: 'env', label: '', key: { type: 'raw', key } })
  expect((await unlocked.verify()).problems).toEqual([])
  new Sqlite(path).exec(`UPDATE profiles SET name = 'x' WHERE name = 'other'; UPDATE profiles SET name = 'other' WHERE name = 'default';
    UPDATE profiles SET name = 'default' WHERE name = 'x'`)
  for (const [profile, was] of [
    ['default', 'other'],
    ['other', 'default'],
  ] as const) {
    const { problems } = await (await vault.unlock(profile, sources({ raw: [key] }))).verify()
    expect(problems).toMatchObject([{ table: 'profiles', name: profile, code: 'damaged', message: `the audit log knows it as ${was}` }])
  }
})

test('P02 a file with any byte changed gives errors that have a name, and never a wrong value', async () => {
  const { original } = victim
  const step = Math.ceil(original.length / 400)
  for (let at = 0; at < original.length; at += step) {
    const offset = at + (at % 7)
    const bytes = Buffer.from(original)
    bytes[offset] = (bytes[offset] ?? 0) ^ (1 << (at % 8))
    victim.write(bytes)
    const { profiles, integrations, demos } = await victim.look(['left'], { sends: false })
    for (const [name, seen] of Object.entries(integrations))
      if (typeof seen !== 'string') expect(seen, `byte ${offset}`).toEqual(whole.integrations[name])
    for (const [name, seen] of Object.entries(demos))
      if (typeof seen !== 'string') expect(seen, `byte ${offset}`).toEqual(whole.demos[name])
    const codes = [...Object.values(profiles), ...Object.values(integrations), ...Object.values(demos)].filter(
      (seen) => typeof seen === 'string',
    )
    expect(codes, `byte ${offset}`).not.toContain('internal')
  }
})
