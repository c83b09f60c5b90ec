import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { directoryIn, emptyHome, type Running, run, runShell, start, succeed, until } from '../support/cli.ts'
import { documentOf, failureOf } from './document.ts'

/** The variables of the `export` lines, once they are printed. */
async function exported(running: Running): Promise<Record<string, string>> {
  await until(running, () => running.printed().stdout.includes('CHATWOOT_API_KEY='))
  return Object.fromEntries(
    Array.from(running.printed().stdout.matchAll(/^export (\w+)='(.*)'$/gm), ([, name = '', value = '']) => [name, value]),
  )
}

describe.concurrent('crm sandbox', () => {
  test('prints lines to export, says what it is, and serves until it is told to stop', async () => {
    const running = start(['sandbox'])
    const env = await exported(running)
    expect(Object.keys(env)).toEqual(['CHATWOOT_BASE_URL', 'CHATWOOT_ACCOUNT_ID', 'CHATWOOT_API_KEY'])
    expect(env.CHATWOOT_BASE_URL).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(await run(['test'], { env })).toMatchObject({ status: 0 })
    running.process.kill('SIGINT')
    const { status, stderr } = await running.ended
    expect(status).toBe(0)
    expect(stderr).toContain('sandbox')
    expect(await run(['test'], { env })).toMatchObject({ status: 8 })
  })

  test('runs a command with the variables set and ends with its status', async () => {
    expect(await run(['sandbox', '--', 'crm', 'test', 'env:chatwoot'])).toMatchObject({ status: 0 })
    expect(await run(['sandbox', '--', 'sh', '-c', 'exit 37'])).toMatchObject({ status: 37 })
    expect(await run(['sandbox', '--', 'sh', '-c', 'kill -9 $$'])).toMatchObject({ status: 137 })
    expect(await run(['sandbox', '--', '/no/such/program'])).toMatchObject({ status: 127 })
    expect(await run(['sandbox', '--', '/etc/passwd'])).toMatchObject({ status: 126 })
  })

  test('leaves the streams and the words of its command alone', async () => {
    const result = await run(['sandbox', '-q', '--', 'sh', '-c', 'cat; echo "$1" >&2', 'sh', '--json -x "quoted"'], { input: 'piped' })
    expect(result).toEqual({ status: 0, stdout: 'piped', stderr: '--json -x "quoted"\n' })
  })

  test('does not hand the key of the vault to its command', async () => {
    const { stdout } = await run(['sandbox', '--', 'sh', '-c', 'env'])
    expect(stdout).toContain('CHATWOOT_BASE_URL=http://127.0.0.1:')
    expect(stdout).not.toContain('INTEGRATION_ENCRYPTION_KEY')
  })

  test('stops its command when it is told to stop', async () => {
    const running = start(['sandbox', '--', 'sh', '-c', 'trap "echo stopped; exit 5" TERM; echo ready; while :; do sleep 0.05; done'])
    await until(running, () => running.printed().stdout.includes('ready'))
    running.process.kill('SIGTERM')
    const { status, stdout } = await running.ended
    expect(stdout).toBe('ready\nstopped\n')
    expect(status).toBe(5)
  })

  test('--timeout ends it, and its command', async () => {
    succeed(await run(['sandbox', '--timeout', '200ms']))
    const { status, stdout, stderr } = await run(['sandbox', '--timeout', '1s', '--', 'sh', '-c', 'echo ready; exec sleep 60'])
    expect([status, stdout]).toEqual([8, 'ready\n'])
    expect(stderr).toContain('took longer than --timeout')
  })

  test('plays faults, latency, a release and a limit', async () => {
    const faulty = await run(['sandbox', '--fail', 'GET /profile:503', '--', 'crm', 'test'])
    expect(faulty.status).toBe(9)
    const limited = await run(['sandbox', '--rate-limit', '1', '--', 'crm', 'test'])
    expect(limited.status).toBe(7)
    const old = await run(['sandbox', '--server-version', '3.16.0', '--', 'crm', 'test', '--json'])
    expect(JSON.parse(old.stdout).data.results[0].server.version).toBe('3.16.0')
    const slow = await run(['sandbox', '--latency', '400ms', '--', 'crm', 'test', '--json'])
    expect(JSON.parse(slow.stdout).data.results[0].latencyMs).toBeGreaterThanOrEqual(400)
    // Whoever gave too little time is told so, and not that the server is down.
    const late = await run(['sandbox', '--latency', '60s', '--', 'crm', 'test', '--timeout', '2s', '--json'])
    expect(JSON.parse(late.stdout).data.results[0]).toMatchObject({ cause: 'unreachable', hint: 'allow more time with --timeout 5m' })
  })

  test('listens on the port asked for; one that is taken is a conflict', async () => {
    const running = start(['sandbox'])
    const { port } = new URL((await exported(running)).CHATWOOT_BASE_URL ?? '')
    failureOf('sandbox', 'conflict', await run(['sandbox', '--port', port, '--json', '--', 'true']))
    running.process.kill('SIGTERM')
    await running.ended
    expect(
      await run(['sandbox', '--port', port, '--', 'sh', '-c', 'test "$CHATWOOT_BASE_URL" = "http://127.0.0.1:$0"', port]),
    ).toMatchObject({ status: 0 })
  })

  test.each([
    ['--fail', 'everything'],
    ['--fail', 'POST /inboxes:200'],
    ['--port', '65536'],
    ['--port', 'http'],
    ['--latency', '5'],
    ['--server-version', 'newest'],
    ['--rate-limit', '0'],
  ])('refuses %s %s', async (flag, value) => {
    failureOf('sandbox', 'usage', await run(['sandbox', flag, value, '--json', '--', 'true']))
  })

  test.each([
    ['no-such-program', 127, 'error: no-such-program was not found\n'],
    ['/etc/passwd', 126, 'error: /etc/passwd could not be started\n'],
  ])('says why %s does not run', async (program, status, stderr) => {
    expect(await run(['sandbox', '--', program])).toMatchObject({ status, stdout: '', stderr })
  })

  test('is what a provisioning script is tried with, failure and all', async () => {
    const home = emptyHome()
    writeFileSync(
      join(home.path, 'provision.sh'),
      'crm demo-create --name "Acme Dental" --bot-url https://bot.example.com/hook --json > out.json; echo "status $?"; crm demo-list --json --fields demos.slug',
      { mode: 0o755 },
    )
    const good = succeed(await runShell('crm sandbox -- bash ./provision.sh', { home }))
    expect(good.stdout).toContain('status 0')
    expect(good.stdout).toContain('acme-dental')
    const bad = succeed(await runShell("crm sandbox --fail 'POST /inboxes:500' -- bash ./provision.sh", { home }))
    expect(bad.stdout).toContain('status 9')
    expect(bad.stdout).not.toContain('acme-dental')
  })
})

describe('crm tour', () => {
  test('prints each command with its real output, and leaves nothing behind', async () => {
    const home = emptyHome()
    const temporary = directoryIn(home, 'temporary')
    const { status, stdout } = await run(['tour'], { home, env: { TMPDIR: temporary } })
    expect(status).toBe(0)
    const commands = Array.from(stdout.matchAll(/^\$ (crm \S+)/gm), ([, command]) => command)
    expect(commands).toEqual(
      expect.arrayContaining(['crm init', 'crm add', 'crm test', 'crm demo-create', 'crm demo-show', 'crm demo-remove']),
    )
    expect(commands.filter((command) => command === 'crm demo-create')).toHaveLength(2)
    expect(stdout).toContain('created profile default')
    expect(readdirSync(temporary)).toEqual([])
    expect(readdirSync(home.path)).toEqual(['temporary'])
  })

  test('touches neither the vault nor the Chatwoot of the person', async () => {
    const home = emptyHome()
    const env = {
      CHATWOOT_BASE_URL: 'http://127.0.0.1:9',
      CHATWOOT_ACCOUNT_ID: '7',
      CHATWOOT_API_KEY: 'my-own-token',
      CRM_VAULT: join(home.path, 'mine.db'),
      CRM_PROFILE: 'mine',
    }
    const document = documentOf('tour', await run(['tour', '--json'], { home, env }))
    expect(document.data.steps.every((step: { exitStatus: number }) => step.exitStatus === 0)).toBe(true)
    expect(JSON.stringify(document)).not.toContain('my-own-token')
    expect(readdirSync(home.path)).toEqual([])
  })

  test('leaves nothing behind when it is interrupted', async () => {
    const home = emptyHome()
    const temporary = directoryIn(home, 'temporary')
    const running = start(['tour'], { home, env: { TMPDIR: temporary } })
    await until(running, () => running.printed().stdout.includes('$ crm add'))
    running.process.kill('SIGINT')
    expect((await running.ended).status).toBe(130)
    expect(readdirSync(temporary)).toEqual([])
  })
})
