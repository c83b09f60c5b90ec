/** P05: commands killed at random moments lose nothing that they acknowledged. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { addChatwoot, homeWithVault, openSandbox, run, start, succeed } from '../support/cli.ts'
import { contentOf, FULL, formatOf, PATIENCE_MS, report } from './torture.ts'

const KILLS = FULL ? 500 : 16
/** As long as the longest of the commands takes, more or less. */
const LONGEST_MS = 450

test('P05 killed at random moments, no acknowledged change is lost and every row opens', { timeout: PATIENCE_MS }, async () => {
  const sandbox = await openSandbox()
  const home = await homeWithVault()
  succeed(await addChatwoot(home, sandbox, ['--name', 'acme']))
  succeed(await run(['vault', 'backup', 'copy.db'], { home }))
  const inBackup = Object.keys(await contentOf(home))
  let acknowledged = 0
  let before = await contentOf(home)
  const demos = async () => JSON.parse((await run(['demo-list', '--json'], { home })).stdout).data.demos as { slug: string }[]

  for (let round = 0; round < KILLS; round += 1) {
    const kind = (['add', 'edit', 'rotate', 'demo-create', 'add', 'edit', 'add', 'restore'] as const)[round % 8] ?? 'add'
    const name = `n-${round}`
    const active = (before.acme as { active: boolean }).active
    const argv = {
      add: ['add', 'chatwoot', '--name', name, '--account-id', '3', '--api-key-stdin', '--no-test'],
      edit: ['toggle', 'acme', active ? '--off' : '--on'],
      rotate: ['key', 'rotate', '--yes'],
      restore: ['vault', 'restore', 'copy.db', '--yes'],
      'demo-create': ['demo-create', '--name', name, '--bot-url', 'https://bot.example.com/hook', '--integration', 'acme'],
    }[kind]
    const { generation } = formatOf(home)
    const running = start([...argv, '--json'], { home, ...(kind === 'add' ? { input: `token-of-${name}\n` } : {}) })
    await Promise.race([sleep(Math.random() * LONGEST_MS), running.ended])
    running.process.kill('SIGKILL')
    const { stdout } = await running.ended
    const done = stdout.trimEnd().endsWith('}') && JSON.parse(stdout).ok === true
    if (done) acknowledged += 1

    const after = await contentOf(home)
    const now = formatOf(home).generation
    if (kind === 'add')
      expect(Object.keys(after)).toEqual(expect.arrayContaining(done ? [...Object.keys(before), name] : Object.keys(before)))
    if (kind === 'edit' && done) expect((after.acme as { active: boolean }).active).toBe(!active)
    if (kind === 'rotate') expect(done ? [generation + 1] : [generation, generation + 1]).toContain(now)
    if (kind === 'restore') expect(done ? [inBackup] : [inBackup, Object.keys(before)]).toContainEqual(Object.keys(after))
    if (kind === 'demo-create' && done) expect((await demos()).map(({ slug }) => slug)).toContain(name)
    before = after
  }
  report('kill -9 at random moments of add, edit, rotate, restore, demo-create', {
    kills: KILLS,
    'changes acknowledged before': acknowledged,
    lost: 0,
  })
})
