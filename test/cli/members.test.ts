/** The team vault of one profile: two people, one vault file, real age identities. */

import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { beforeAll, describe, expect, test } from 'vitest'
import { slotCheck } from '../../src/crypto/key-slot.ts'
import { newAgeKeys, requireAge } from '../support/age.ts'
import { copyOf, emptyHome, type Home, homeWithVault, newDirectory, run, succeed } from '../support/cli.ts'
import { type Member, newMember, writeIdentity } from '../support/members.ts'
import { dataOf, documentOf, failureOf } from './document.ts'

let ann: Home
let ben: Member

beforeAll(async () => {
  ben = await newMember()
  ann = await homeWithVault()
  const add = [
    'add',
    'custom',
    '--base-url',
    'https://crm.example.com',
    '--auth',
    'bearer',
    '--token-env',
    'T',
    '--no-test',
    '--name',
    'acme',
  ]
  succeed(await run(add, { home: ann, env: { T: 'canary-token-0123456789' } }))
})

/** A vault that Ann has shared with Ben, who has a machine of his own and opens the same file. */
async function shared(): Promise<{ owner: Home; member: Home; vault: string }> {
  const owner = copyOf(ann)
  succeed(await run(['profile', 'share', ben.recipient, '--label', 'ben'], { home: owner }))
  const member = emptyHome()
  writeIdentity(member, ben)
  return { owner, member, vault: owner.vault }
}

/** Ben runs a command on the shared file: he has no key but his identity. */
const asBen = (member: Home, vault: string, argv: readonly string[]) =>
  run(['--vault', vault, ...argv], { home: member, env: { INTEGRATION_ENCRYPTION_KEY: undefined, CI: 'true' } })

describe.concurrent('crm profile share', () => {
  test('lets the holder of an age identity open the profile, read and change it', async () => {
    const { owner, member, vault } = await shared()
    expect(succeed(await asBen(member, vault, ['show', 'acme', '--reveal', 'token'])).stdout).toBe('canary-token-0123456789')
    succeed(await asBen(member, vault, ['toggle', 'acme']))
    expect(documentOf('show', await run(['show', 'acme', '--json'], { home: owner })).data.integration.active).toBe(false)
    expect(documentOf('which', await asBen(member, vault, ['which', '--json'])).data.keySource).toEqual({
      value: 'recipient',
      from: join(member.path, 'identity'),
    })
    const stranger = emptyHome()
    writeIdentity(stranger, await newMember())
    expect(documentOf('which', await asBen(stranger, vault, ['which', '--json'])).data.keySource.value).toBe(null)
    const audit = documentOf('audit', await run(['audit', '--event', 'profile.share', '--json'], { home: owner })).data
    expect(audit).toMatchObject({ verified: true, events: [{ details: { label: 'ben', recipient: ben.recipient } }] })
  })

  test('takes identities that age-keygen has made, and works on a backup', async (context) => {
    requireAge(context)
    const owner = copyOf(ann)
    const keys = newAgeKeys(join(newDirectory(), 'identity.txt'))
    succeed(await run(['profile', 'share', keys.recipient], { home: owner }))
    succeed(await run(['vault', 'backup', 'copy.db'], { home: owner }))
    const env = { INTEGRATION_ENCRYPTION_KEY: undefined, CI: 'true', CRM_IDENTITY_FILE: keys.file }
    const { stdout } = succeed(
      await run(['--vault', join(owner.path, 'copy.db'), 'show', 'acme', '--reveal', 'token'], { home: emptyHome(), env }),
    )
    expect(stdout).toBe('canary-token-0123456789')
  })

  test('names both sides the same fingerprint, which stays when the key is rotated', async () => {
    const { owner, member, vault } = await shared()
    const ours = dataOf<{ fingerprint: string }>('profile members', await run(['profile', 'members', '--json'], { home: owner }))
    expect(ours).toMatchObject({ members: [{ name: 'ben', recipient: ben.recipient, verified: true }] })
    expect(dataOf('profile members', await asBen(member, vault, ['profile', 'members', '--json']))).toMatchObject({
      fingerprint: ours.fingerprint,
    })
    succeed(await run(['key', 'rotate', '--yes'], { home: owner }))
    expect(dataOf('profile members', await asBen(member, vault, ['profile', 'members', '--json']))).toMatchObject({
      fingerprint: ours.fingerprint,
      members: [{ verified: true }],
    })
  })

  test.each<[what: string, argv: readonly string[], code: 'usage' | 'conflict', says: string]>([
    ['no recipient', ['age1nothing'], 'usage', 'recipient'],
    ['a secret key', ['AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ'], 'usage', 'secret key'],
    ['an SSH key', ['ssh-ed25519 AAAA'], 'usage', 'SSH'],
    ['an empty name', ['RECIPIENT', '--label', ''], 'usage', 'name'],
  ])('refuses %s', async (_what, argv, code, says) => {
    const words = argv.map((word) => (word === 'RECIPIENT' ? ben.recipient : word))
    const result = await run(['profile', 'share', ...words, '--json'], { home: copyOf(ann) })
    expect(failureOf('profile share', code, result).error.message).toContain(says)
    expect(result.stdout).not.toContain('AGE-SECRET-KEY-1QQQ')
  })

  test('refuses somebody twice, and a name twice', async () => {
    const { owner } = await shared()
    failureOf('profile share', 'conflict', await run(['profile', 'share', ben.recipient, '--json'], { home: owner }))
    const { recipient } = await newMember()
    failureOf('profile share', 'conflict', await run(['profile', 'share', recipient, '--label', 'ben', '--json'], { home: owner }))
  })
})

describe.concurrent('an age identity', () => {
  test('of somebody else is a wrong key, and changes no byte', async () => {
    const { member, vault } = await shared()
    writeIdentity(member, await newMember())
    const { error } = failureOf('show', 'wrong_key', await asBen(member, vault, ['show', 'acme', '--reveal', '--json']))
    expect(error.hint).toMatch(/crm .*profile members/)
  })

  test('in a file that others can read is not used', async () => {
    const { member, vault } = await shared()
    writeIdentity(member, ben)
    const { chmodSync } = await import('node:fs')
    chmodSync(join(member.path, 'identity'), 0o644)
    expect(failureOf('show', 'unsafe_file', await asBen(member, vault, ['show', 'acme', '--reveal', '--json'])).error.hint).toContain(
      'chmod 600',
    )
  })

  test('that is not there leaves the profile locked, and the message names it', async () => {
    const { vault } = await shared()
    const { error } = failureOf('show', 'locked', await asBen(emptyHome(), vault, ['show', 'acme', '--reveal', '--json']))
    expect(error.reason).toContain('the age identity of a member')
    expect(error.hint).toContain('CRM_IDENTITY_FILE')
  })
})

describe.concurrent('crm profile revoke', () => {
  test('makes a new key that the member does not get, and lists what to renew', async () => {
    const { owner, member, vault } = await shared()
    const before = copyOf(owner)
    const result = await run(['profile', 'revoke', 'ben', '--confirm', 'ben', '--json'], { home: owner })
    expect(dataOf('profile revoke', result)).toMatchObject({
      revoked: { name: 'ben', recipient: ben.recipient },
      generation: 2,
      renew: [{ name: 'acme', provider: 'custom', secrets: ['token'] }],
    })
    failureOf('show', 'locked', await asBen(member, vault, ['show', 'acme', '--reveal', '--json']))
    expect(succeed(await run(['show', 'acme', '--reveal', 'token'], { home: owner })).stdout).toBe('canary-token-0123456789')
    expect(dataOf('profile members', await run(['profile', 'members', '--json'], { home: owner }))).toMatchObject({ members: [] })
    succeed(await run(['vault', 'verify'], { home: owner }))
    // What was copied before stays readable: the command says so.
    succeed(await asBen(emptyHomeWith(ben), before.vault, ['show', 'acme', '--reveal', 'token']))
    const text = await run(['profile', 'revoke', 'ben', '--confirm', 'ben'], { home: before })
    expect(succeed(text).stdout).toContain('Renew at the CRM')
  })

  test('keeps the other members, without any key of theirs', async () => {
    const { owner, vault } = await shared()
    const eve = await newMember()
    succeed(await run(['profile', 'share', eve.recipient, '--label', 'eve'], { home: owner }))
    succeed(await run(['profile', 'revoke', ben.recipient, '--confirm', 'ben'], { home: owner }))
    expect(succeed(await asBen(emptyHomeWith(eve), vault, ['show', 'acme', '--reveal', 'token'])).stdout).toBe('canary-token-0123456789')
  })

  test('by a member is not of themselves, and needs the other keys at hand or dropped by name', async () => {
    const { owner, member, vault } = await shared()
    const eve = await newMember()
    succeed(await run(['profile', 'share', eve.recipient, '--label', 'eve'], { home: owner }))
    const argv = (name: string, ...more: string[]) => ['profile', 'revoke', name, '--confirm', name, ...more, '--json']
    const missing = failureOf('profile revoke', 'locked', await asBen(member, vault, argv('eve')))
    const [, id = ''] = /--drop (\w+)/.exec(missing.error.hint) ?? []
    expect(missing.error.hint).toMatch(/crm .*profile revoke eve --drop/)
    failureOf('profile revoke', 'conflict', await asBen(member, vault, argv('ben', '--drop', id)))
    dataOf('profile revoke', await asBen(member, vault, argv('eve', '--drop', id)))
    succeed(await asBen(member, vault, ['show', 'acme', '--reveal', 'token']))
  })

  test.each([
    ['nobody of that name', 'nobody', ['--confirm', 'nobody'], 'not_found'],
    ['another confirmation', 'ben', ['--confirm', 'eve'], 'usage'],
    ['no confirmation and no terminal', 'ben', [], 'usage'],
  ] as const)('with %s changes nothing', async (_what, name, more, code) => {
    const { owner, member, vault } = await shared()
    failureOf('profile revoke', code, await run(['profile', 'revoke', name, ...more, '--json'], { home: owner }))
    succeed(await asBen(member, vault, ['show', 'acme', '--reveal', 'token']))
  })
})

describe.concurrent('a shared vault that somebody has edited', () => {
  test('gets no new key for a recipient that was put into it', async () => {
    const { owner, vault } = await shared()
    const mallory = await newMember()
    const database = new DatabaseSync(vault)
    const row = database
      .prepare("SELECT id, kind, label, generation, wrapped FROM key_slots WHERE kind = 'recipient'")
      .get() as unknown as SlotRow
    const kdf = `age$${mallory.recipient}`
    const changed = {
      slotId: Buffer.from(row.id),
      kind: 'recipient' as const,
      label: String(row.label),
      kdf,
      generation: Number(row.generation),
      wrapped: Buffer.from(row.wrapped),
    }
    database.prepare('UPDATE key_slots SET kdf = ?, digest = ? WHERE id = ?').run(kdf, slotCheck(changed), row.id)
    database.close()
    const listed = documentOf('profile members', await run(['profile', 'members', '--json'], { home: owner }))
    expect(listed).toMatchObject({ data: { members: [{ verified: false }] }, warnings: [{ code: 'member_altered' }] })
    const { data } = failureOf('doctor', 'damaged', await run(['doctor', '--json'], { home: owner }))
    expect(data.checks.find(({ id }: { id: string }) => id === 'members')).toMatchObject({
      state: 'problem',
      detail: 'not let in by a holder of the key, or removed since: ben',
      fix: `crm key remove ${Buffer.from(row.id).toString('hex').slice(0, 8)}`,
    })
    expect(data.report).toContain('not let in by a holder of the key, or removed since: <name>')
    failureOf('key rotate', 'damaged', await run(['key', 'rotate', '--yes', '--json'], { home: owner }))
    succeed(await run(['show', 'acme', '--reveal', 'token'], { home: owner }))
  })

  test('gets no new key for a member who was removed and put back, and the commands that are named help', async () => {
    const { owner, vault } = await shared()
    const database = new DatabaseSync(vault)
    const row = database.prepare("SELECT * FROM key_slots WHERE kind = 'recipient'").get() as Record<string, SQLInputValue>
    const id = Buffer.from(row.id as Uint8Array).toString('hex')
    const removed = documentOf('key remove', await run(['key', 'remove', id.slice(0, 8), '--yes', '--json'], { home: owner }))
    expect(removed.warnings).toMatchObject([{ code: 'data_key_known', message: expect.stringContaining('crm key rotate') }])
    database.prepare(`INSERT INTO key_slots VALUES (${Object.keys(row).fill('?').join(',')})`).run(...Object.values(row))
    database.close()
    const listed = documentOf('profile members', await run(['profile', 'members', '--json'], { home: owner }))
    expect(listed).toMatchObject({ data: { members: [{ verified: false }] }, warnings: [{ code: 'member_altered' }] })
    failureOf('doctor', 'damaged', await run(['doctor', '--json'], { home: owner }))
    const verified = failureOf('vault verify', 'damaged', await run(['vault', 'verify', '--json'], { home: owner }))
    expect(verified.data.problems).toMatchObject([
      { table: 'key_slots', name: id, code: 'unexpected', hint: `remove it: crm key remove ${id}` },
    ])
    const { error } = failureOf('key rotate', 'damaged', await run(['key', 'rotate', '--yes', '--json'], { home: owner }))
    expect(error.hint).toBe(`remove it: crm key remove ${id}`)
    succeed(await run(['key', 'remove', id, '--yes'], { home: owner }))
    succeed(await run(['vault', 'verify'], { home: owner }))
    succeed(await run(['key', 'rotate', '--yes'], { home: owner }))
    succeed(await run(['vault', 'verify'], { home: owner }))
  })

  test('is not taken for the one that was opened before, when another stands in its place', async () => {
    const { member, vault } = await shared()
    succeed(await asBen(member, vault, ['show', 'acme', '--reveal', 'token']))
    // A vault of somebody else, with the same profile id and a slot for Ben.
    const forger = await homeWithVault()
    succeed(await run(['profile', 'share', ben.recipient], { home: forger }))
    const state = documentOf('which', await run(['which', '--json'], { home: forger })).data
    expect(state.profile.value).toBe('default')
    const { renameSync, readdirSync } = await import('node:fs')
    const [pin = ''] = readdirSync(member.path).filter((name) => name.endsWith('.fingerprint'))
    const id = new DatabaseSync(forger.vault).prepare('SELECT hex(id) AS id FROM profiles').get() as { id: string }
    renameSync(join(member.path, pin), join(member.path, `${id.id.toLowerCase()}.fingerprint`))
    const { error } = failureOf(
      'profile share',
      'damaged',
      await asBen(member, forger.vault, ['profile', 'share', (await newMember()).recipient, '--json']),
    )
    expect(error.message).toContain('not the one that was opened here before')
  })
})

interface SlotRow {
  readonly id: Uint8Array
  readonly label: string
  readonly generation: number
  readonly wrapped: Uint8Array
}

function emptyHomeWith(member: Member): Home {
  const home = emptyHome()
  writeIdentity(home, member)
  return home
}
