/** A demo whose record was altered in the file: named, and taken out of the vault by one safe command. */
import Sqlite from 'better-sqlite3'
import { expect, test } from 'vitest'
import { homeWithChatwoot, openSandbox, run, runShell, succeed } from '../support/cli.ts'
import { failureOf } from './document.ts'

const CREATE = ['demo-create', '--name', 'Acme', '--bot-url', 'https://bot.example.com/hook', '--json']

test('a damaged record is forgotten by the command that its error names, and what is on the server is found by its mark', async () => {
  const sandbox = await openSandbox({ deletionDelayMs: 20 })
  const home = await homeWithChatwoot(sandbox)
  succeed(await run(CREATE, { home }))
  const whole = await run(['demo-remove', 'acme', '--forget', '--yes', '--json'], { home })
  expect(failureOf('demo-remove', 'conflict', whole).error.hint).toContain('crm demo-remove acme')
  expect((await run(['demo-remove', 'nope', '--forget', '--yes', '--json'], { home })).status).toBe(6)

  const file = new Sqlite(home.vault)
  file.prepare("UPDATE demos SET bot_id = '999'").run()
  file.close()
  const refused = failureOf('demo-remove', 'damaged', await run(['demo-remove', 'acme', '--yes', '--json'], { home }))
  const verified = JSON.parse((await run(['vault', 'verify', '--json'], { home })).stdout)
  expect(verified.error.hint).toContain('crm demo-remove <slug> --forget')
  const before = sandbox.requests.length
  const command = /(crm demo-remove .*)$/.exec(refused.error.hint)?.[1]
  expect(command).toMatch(/ --yes$/)
  expect((await runShell(String(command).replace(/ --yes$/, ''), { home })).status, 'it asks').toBe(2)
  succeed(await runShell(String(command), { home }))
  expect(sandbox.requests.length, 'the server was not asked').toBe(before)
  succeed(await run(['vault', 'verify'], { home }))

  const again = JSON.parse(succeed(await run(CREATE, { home })).stdout)
  expect(again.data).toMatchObject({ changed: false })
  expect(succeed(await run(['demo-remove', 'acme', '--yes'], { home })).stdout).toContain('removed demo acme')
})
