/** What a machine remembers of a vault that was restored. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CrmError } from '../../src/core/errors.ts'
import { openVault } from '../../src/vault/vault.ts'
import { draft, newVault, sources } from '../support/vault.ts'

/** A vault of one integration, its backup, and two more that the backup does not hold. */
async function backedUp(nowMs = { value: 1_000_000 }) {
  const made = await newVault({ clock: () => nowMs.value })
  const keys = { profile: 'default', sources: () => sources({ raw: [made.key] }) }
  await made.unlocked.add([draft('acme')])
  const backup = join(made.directory, 'copy.db')
  await made.vault.backup(backup, keys)
  await made.unlocked.add([draft('beta')])
  await made.unlocked.add([draft('gamma')])
  const state = join(made.directory, 'state')
  const counter = join(state, readdirSync(state).find((file) => file.endsWith('.sequence')) ?? '')
  const unlock = async () => {
    const vault = await openVault(made.path, made.world)
    try {
      return await vault.unlock('default', sources({ raw: [made.key] }))
    } finally {
      vault.close()
    }
  }
  return { ...made, keys, backup, counter, unlock, nowMs }
}

test('P07 a restored vault is not taken for an old copy, though another process remembers what was there before', async () => {
  const { vault, keys, backup, counter, unlock } = await backedUp()
  const before = readFileSync(counter, 'utf8')
  await vault.restore(backup, keys)
  const after = readFileSync(counter, 'utf8')
  expect(Number(after)).toBeLessThan(Number(before))
  // As a process leaves it that read the end of the log before the restoration, and as a restoration that is killed after its commit does.
  writeFileSync(counter, before)
  await unlock()
  expect(readFileSync(counter, 'utf8')).toBe(after)
})

test('a copy from before a restoration that is put back is found, and one from after it too', async () => {
  const { vault, keys, backup, path, unlock, nowMs, unlocked } = await backedUp()
  await vault.restore(backup, keys)
  const restored = readFileSync(path)
  await unlock()
  nowMs.value += 61_000
  await unlock()
  await unlocked.add([draft('delta')])
  vault.close()
  const newest = readFileSync(path)
  writeFileSync(path, restored)
  await expect(unlock()).rejects.toSatisfy((error) => error instanceof CrmError && error.message.includes('older'))
  writeFileSync(path, readFileSync(backup))
  await expect(unlock()).rejects.toSatisfy((error) => error instanceof CrmError && error.message.includes('older'))
  writeFileSync(path, newest)
  await unlock()
})

test('a copy that was taken after a restoration is found to be old, whatever is remembered of what was there before', async () => {
  const { vault, keys, backup, path, counter, unlock, nowMs, key, world } = await backedUp()
  const before = readFileSync(counter, 'utf8')
  await vault.restore(backup, keys)
  const change = async (name: string) => {
    const other = await openVault(path, world)
    await (await other.unlock('default', sources({ raw: [key] }))).add([draft(name)])
    other.close()
  }
  // Within the minute, and with a process that remembers too much.
  await change('delta')
  writeFileSync(counter, before)
  vault.close()
  const copy = readFileSync(path)
  await change('epsilon')
  nowMs.value += 61_000
  await change('zeta')
  writeFileSync(path, copy)
  await expect(unlock()).rejects.toSatisfy((error) => error instanceof CrmError && error.message.includes('older'))
  await expect(unlock()).rejects.toSatisfy((error) => error instanceof CrmError && error.message.includes('older'))
})

test('what is noted of a restoration stands for no other vault', async () => {
  const { vault, keys, backup, path, counter, unlock } = await backedUp()
  const before = readFileSync(counter, 'utf8')
  await vault.restore(backup, keys)
  vault.close()
  writeFileSync(counter, before)
  // The backup itself: the same rows, without the word of its restoration.
  writeFileSync(path, readFileSync(backup))
  await expect(unlock()).rejects.toSatisfy((error) => error instanceof CrmError && error.message.includes('older'))
})
