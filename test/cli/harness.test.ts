import { expect, test } from 'vitest'
import { homeWithChatwoot, openSandbox, run, runShell } from '../support/cli.ts'

test('the built command runs in a home of its own against a sandbox in this process', async () => {
  const sandbox = await openSandbox()
  const home = await homeWithChatwoot(sandbox)
  const { status, stdout, stderr } = await run(['test', '--json'], { home })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(JSON.parse(stdout)).toMatchObject({ ok: true, data: { summary: { connected: 1 } } })
  expect(await runShell('crm --version | tr -d 0-9', { home })).toEqual({ status: 0, stdout: '..\n', stderr: '' })
})
