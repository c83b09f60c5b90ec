import { expect, test } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { draft, newVault } from '../support/vault.ts'

test('what is taken over is stored in one transaction, and the log tells of it', async () => {
  const { unlocked } = await newVault()
  const [own] = await unlocked.add([draft('acme', { token: 'token-before-0123' })])
  await unlocked.takeOver(
    {
      added: [draft('eu'), draft('us', { active: false })],
      replaced: [{ revision: own?.revision ?? 0, by: draft('acme', { token: 'token-after-0123' }) }],
    },
    { sealed: true },
  )
  const { secrets } = await unlocked.reveal('acme', 'apiKey')
  expect(secrets.apiKey?.reveal()).toBe('token-after-0123')
  expect((await unlocked.open('us')).integration.active).toBe(false)
  const events = (await unlocked.audit()).map(({ event, details }) => ({ event, ...details }))
  expect(events.find(({ event }) => event === 'integration.import')).toMatchObject({ added: 2, replaced: 1, sealed: true })
  expect(events.filter(({ event }) => event === 'integration.edit')).toMatchObject([{ name: 'acme', fields: ['apiKey'] }])
  expect((await unlocked.verify()).problems).toEqual([])
})

test.for([
  ['a name that is taken meanwhile', 'acme', 1],
  ['an integration that was changed meanwhile', 'us', 9],
] as const)('%s ends it, and nothing is stored', async ([, added, revision]) => {
  const { unlocked } = await newVault()
  await unlocked.add([draft('acme')])
  const before = await unlocked.audit()
  const taken = { added: [draft('eu'), draft(added)], replaced: [{ revision, by: draft('acme') }] }
  await expect(unlocked.takeOver(taken, {})).rejects.toMatchObject({ code: 'conflict' })
  expect([...unlocked.openAll()].map(({ integration }) => integration.name)).toEqual(['acme'])
  expect(await unlocked.audit()).toEqual(before)
})

test('what is handed over is recorded before anybody has it: each integration, its fields, and for whom', async () => {
  const { unlocked } = await newVault()
  await unlocked.add([draft('acme', { token: 'token-of-acme-0123' }), draft('eu')])
  const opened = await unlocked.handOver('all', { to: ['age1recipient'] })
  expect(opened.map(({ integration }) => integration.name)).toEqual(['acme', 'eu'])
  expect(opened[0]?.values.secrets.apiKey).toEqual(new Secret('token-of-acme-0123'))
  const events = (await unlocked.audit()).filter(({ event }) => event === 'integration.export')
  expect(events.map(({ details }) => details)).toMatchObject([
    { name: 'acme', fields: ['apiKey'], to: ['age1recipient'] },
    { name: 'eu', fields: ['apiKey'], to: ['age1recipient'] },
  ])
  await expect(unlocked.handOver(['acme', 'nobody'], {})).rejects.toMatchObject({ code: 'not_found' })
  expect((await unlocked.audit()).filter(({ event }) => event === 'integration.export')).toHaveLength(2)
})
