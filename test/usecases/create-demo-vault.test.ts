import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { mergeValues } from '../../src/core/field.ts'
import { Secret } from '../../src/core/secret.ts'
import { createDemo } from '../../src/usecases/create-demo.ts'
import { listDemos } from '../../src/usecases/list-demos.ts'
import { removeDemos } from '../../src/usecases/remove-demos.ts'
import { openVault } from '../../src/vault/vault.ts'
import { aRun, openSandbox, QUICK, remains, succeed, writesOf } from '../chatwoot/support.ts'
import { draft, newVault, sources } from '../support/vault.ts'

const INPUT = { name: 'Acme', botUrl: 'https://bot.example/hook' }

/** A vault with the sandbox as its Chatwoot, and runs that keep their journal in it. */
async function stored(context: Parameters<typeof openSandbox>[0]) {
  const { http, sandbox } = await openSandbox(context)
  const opened = await newVault({ clock: Date.now })
  const secrets = { apiKey: new Secret(sandbox.administratorToken) }
  await opened.unlocked.add([draft('chatwoot', { values: { settings: { baseUrl: sandbox.url, accountId: '1' }, secrets } })])
  const run = async (unlocked = opened.unlocked) => {
    const runId = randomBytes(16).toString('hex')
    const held = await unlocked.startDemoRun('chatwoot', 'acme', runId)
    const target = { name: 'chatwoot', source: 'vault' as const, values: mergeValues((await unlocked.open('chatwoot')).values) }
    return { ...aRun(held.journal), http, target, runId, end: () => held.end() }
  }
  return { sandbox, run, ...opened }
}

test('a demo, its journal and the secrets that Chatwoot returned are sealed in the vault, and found there by the next process', async (context) => {
  const { sandbox, run, vault, unlocked, key, path, world, directory } = await stored(context)
  const first = await run()
  const made = await succeed(createDemo(first, INPUT))
  await first.end()
  const kept = await unlocked.readDemo('chatwoot', 'acme')
  expect(kept?.record).toMatchObject({
    status: 'ready',
    inboxId: made.inbox?.id,
    botId: made.bot?.id,
    account: `${sandbox.url}/app/accounts/1`,
  })
  expect(kept?.secrets.botAccessToken).toBe(remains(sandbox).bots[0]?.accessToken)
  await vault.close()

  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  for (const file of files) {
    const bytes = readFileSync(join(file.parentPath, file.name))
    for (const [name, secret] of Object.entries(kept?.secrets ?? {})) {
      for (const encoding of ['utf8', 'base64', 'hex'] as const) {
        const form = encoding === 'utf8' ? secret : Buffer.from(secret).toString(encoding)
        expect(bytes.includes(form), `${name} as ${encoding} in ${file.name}`).toBe(false)
      }
    }
  }

  const again = await openVault(path, world)
  context.onTestFinished(() => again.close())
  const reopened = await again.unlock('default', sources({ raw: [key] }))
  sandbox.forgetRequests()
  const second = await run(reopened)
  expect((await succeed(createDemo(second, INPUT))).changed).toBe(false)
  expect(writesOf(sandbox)).toEqual([])
  expect(listDemos(await again.demos('default')).data?.demos).toEqual([
    expect.objectContaining({ slug: 'acme', status: 'ready', inboxId: made.inbox?.id }),
  ])
  await second.end()

  const third = await run(reopened)
  await succeed(removeDemos({ ...third, limits: QUICK }, [{ slug: 'acme', journal: third.journal, target: third.target }]))
  expect(listDemos(await again.demos('default')).data?.demos).toEqual([])
  expect((await reopened.readDemo('chatwoot', 'acme'))?.secrets).toEqual({})
})

test('a second run while one is active is a conflict', async (context) => {
  const { run } = await stored(context)
  await run()
  await expect(run()).rejects.toMatchObject({ code: 'conflict' })
})
