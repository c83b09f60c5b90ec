/** P02, P03 and P12: whoever changes a byte of what the vault vouches for is found out before anything is done with it. */
import Sqlite from 'better-sqlite3'
import { beforeAll, describe, expect, test } from 'vitest'
import { newVault, sources } from '../support/vault.ts'
import { type Sight, type Target, targetsIn, Victim } from './tamper.ts'

let victim: Victim
let whole: Sight

beforeAll(async () => {
  victim = await Victim.make()
  whole = await victim.look()
})

test('P02 an untouched vault opens whole, and every integration reaches its server', () => {
  expect(whole.profiles).toEqual({ left: 'whole', right: 'whole' })
  expect(Object.keys(whole.integrations)).toEqual(['left/left-one', 'left/left-two', 'right/right-one', 'right/right-two'])
  expect(whole.integrations['left/left-one']).toMatchObject({ secrets: [['token', 'token-of-left-one']] })
  expect(whole.demos['left/demo']).toMatchObject({ secrets: { botAccessToken: 'access-token-of-bot' }, record: { inboxId: '7' } })
  expect(whole.requests).toEqual(['left-one', 'left-two', 'right-one', 'right-two'].map((name) => `/${name} Bearer token-of-${name}`))
})

/** What stays as it was although something was changed: no value is another one, and nothing is sent that was not sent before. */
function expectNothingWrong(sight: Sight, where: string): void {
  for (const place of ['integrations', 'demos'] as const) {
    for (const [name, seen] of Object.entries(sight[place])) {
      if (typeof seen === 'string') expect(['damaged', 'wrong_key', 'not_found'], `${where}: ${name}`).toContain(seen)
      else expect(seen, `${where}: ${name}`).toEqual(whole[place][name])
    }
  }
  for (const request of sight.requests) expect(whole.requests, where).toContain(request)
  for (const state of Object.values(sight.profiles))
    expect(state, where).toMatch(/^(?:whole|damaged|wrong_key|not_found|\w+ (?:damaged|missing|unexpected|older).*)$/)
}

/** The names of what a look has found closed or not at all. */
function missedIn(sight: Sight): string[] {
  const integrations = Object.keys(whole.integrations).filter((name) => typeof (sight.integrations[name] ?? '') === 'string')
  const demos = Object.keys(whole.demos).filter((name) => typeof (sight.demos[name] ?? '') === 'string')
  return [...integrations, ...demos]
}

async function expectFoundOut(targets: readonly Target[]): Promise<void> {
  expect(targets.length).toBeGreaterThan(0)
  for (const { table, column, rowid, value, changed } of targets) {
    for (const [index, other] of changed.entries()) {
      victim.attack((database) => database.prepare(`UPDATE OR REPLACE ${table} SET ${column} = ? WHERE ${rowid}`).run(other))
      // Only what is about an integration can make a difference to what is sent with it.
      const sight = await victim.look(undefined, { sends: !/^(?:audit|demo)/.test(table) })
      const where = `change ${index} of ${table}.${column} ${JSON.stringify(value)}`
      expectNothingWrong(sight, where)
      const noticed = Object.values(sight.profiles).some((state) => state !== 'whole')
      if (!noticed) expect([where, Buffer.isBuffer(value), { ...sight, requests: whole.requests }]).toEqual([where, false, whole])
      // What was changed is not used: its request is the one that is missing.
      const missed = missedIn(sight).filter((name) => name.includes('-'))
      const sent = (name: string): boolean => sight.requests.some((request) => request.startsWith(`/${name.split('/')[1]} `))
      expect(missed.filter(sent), where).toEqual([])
    }
  }
}

describe('P02 every byte that is changed is found out, and nothing is sent with it:', () => {
  test('sealed secrets of integrations', () => expectFoundOut(targetsIn(victim, 'integrations', ['sealed'])))
  test('sealed secrets of demos', () => expectFoundOut(targetsIn(victim, 'demos', ['sealed'])))
  test('wrapped keys', () => expectFoundOut(targetsIn(victim, 'key_slots', ['wrapped'])))
  test('digests of key slots', () => expectFoundOut(targetsIn(victim, 'key_slots', ['digest'])))
  test('sealed audit keys', () => expectFoundOut(targetsIn(victim, 'audit_keys', ['sealed'])))
  test('P12 MACs of the audit log', () => expectFoundOut(targetsIn(victim, 'audit', ['mac'])))
})

describe('P03 every byte of a public record that is changed is found out, and nothing is sent with it:', () => {
  test('of an integration', () => {
    const columns = ['id', 'profile_id', 'name', 'generation', 'revision', 'provider', 'definition', 'active', 'settings']
    return expectFoundOut(targetsIn(victim, 'integrations', columns).slice(0, columns.length))
  })

  test('of a demo', () => {
    const columns = [
      'id',
      'integration_id',
      'slug',
      'generation',
      'revision',
      'name',
      'account',
      'channel',
      'status',
      'inbox_id',
      'bot_id',
      'created_at',
      'updated_at',
    ]
    return expectFoundOut(targetsIn(victim, 'demos', columns))
  })

  test('of the journal of a demo', () => {
    const columns = ['demo_id', 'position', 'run_id', 'kind', 'action', 'state', 'digest', 'remote_id', 'at']
    return expectFoundOut(targetsIn(victim, 'demo_steps', columns).slice(0, columns.length))
  })

  test('of a key slot', () => {
    const columns = ['id', 'profile_id', 'kind', 'label', 'kdf', 'generation']
    return expectFoundOut(targetsIn(victim, 'key_slots', columns).slice(0, columns.length))
  })

  test('of a profile and its audit key', async () => {
    const columns = ['id', 'name', 'generation', 'audit_key', 'audit_count']
    await expectFoundOut(targetsIn(victim, 'profiles', columns).slice(0, columns.length))
    await expectFoundOut(targetsIn(victim, 'audit_keys', ['profile_id', 'key_generation', 'generation']).slice(0, 3))
  })

  test('P12 of a row of the audit log', () => {
    const columns = ['profile_id', 'sequence', 'at', 'event', 'actor', 'outcome', 'details', 'key_generation']
    return expectFoundOut(targetsIn(victim, 'audit', columns).slice(0, columns.length))
  })
})

describe('P03 what is sealed stays where it was put:', () => {
  const others = (rows: number): [number, number][] =>
    Array.from({ length: rows }, (_, to) => Array.from({ length: rows }, (_, from): [number, number] => [to, from]))
      .flat()
      .filter(([to, from]) => to !== from)

  test.each(others(4))('the secrets of integration %i are not opened as those of %i', async (to, from) => {
    const name = Object.keys(whole.integrations)[to] ?? ''
    victim.attack((database) => {
      const rows = database.prepare('SELECT id, sealed FROM integrations ORDER BY name').all() as { id: Buffer; sealed: Buffer }[]
      database.prepare('UPDATE integrations SET sealed = ? WHERE id = ?').run(rows[from]?.sealed, rows[to]?.id)
    })
    const sight = await victim.look()
    expectNothingWrong(sight, name)
    expect(missedIn(sight)).toEqual([name])
    expect(sight.requests).toHaveLength(3)
  })

  test('two whole rows that trade their names are both closed', async () => {
    victim.attack((database) =>
      database.exec(`UPDATE integrations SET name = 'x' WHERE name = 'left-one'; UPDATE integrations SET name = 'left-one' WHERE name = 'left-two';
        UPDATE integrations SET name = 'left-two' WHERE name = 'x'`),
    )
    const sight = await victim.look()
    expect(missedIn(sight)).toEqual(['left/left-one', 'left/left-two'])
    expect(sight.requests.filter((request) => request.includes('left'))).toEqual([])
  })

  test('a whole row that is moved to another profile is not opened there', async () => {
    victim.attack((database) =>
      database.exec("UPDATE integrations SET profile_id = (SELECT id FROM profiles WHERE name = 'right') WHERE name = 'left-two'"),
    )
    const sight = await victim.look()
    expect(sight.integrations['right/left-two']).toBe('damaged')
    expect(sight.profiles).toEqual({
      left: expect.stringContaining('integrations missing'),
      right: expect.stringContaining('integrations damaged'),
    })
    expect(sight.requests).toHaveLength(3)
  })

  test('the key slot of one profile does not open another', async () => {
    victim.attack((database) => {
      const [left, right] = database
        .prepare('SELECT p.name, s.* FROM key_slots s JOIN profiles p ON p.id = s.profile_id ORDER BY p.name')
        .all() as Record<string, unknown>[]
      database
        .prepare('UPDATE key_slots SET kind = ?, label = ?, kdf = ?, wrapped = ? WHERE id = ?')
        .run(left?.kind, left?.label, left?.kdf, left?.wrapped, right?.id)
    })
    expect(await victim.look()).toMatchObject({ profiles: { left: 'whole', right: 'damaged' } })
  })

  test('an integration of another vault is not opened in this one', async () => {
    const other = await Victim.make()
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
    expect(sight.requests).toHaveLength(3)
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
