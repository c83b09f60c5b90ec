/** P01 and P08 in what stays: after a signal, after a crash, and in the files of every day. */
import { chmodSync, existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  addChatwoot,
  CRM,
  chatwootVariables,
  emptyHome,
  homeWithVault,
  NODE,
  openSandbox,
  runShell,
  start,
  succeed,
  takesSignals,
} from '../support/cli.ts'
import { KEYS, runInTerminal } from '../support/pty.ts'
import { Canaries, leaksOf, plantDemoSecrets, until, watch } from './canary.ts'

describe('what is interrupted', () => {
  test.concurrent('P01 P08 a command that is stopped while it waits for a server leaves no secret', async () => {
    const sandbox = await openSandbox({ faults: ['GET /api/v1/profile:hang'] })
    const home = await homeWithVault()
    succeed(await addChatwoot(home, sandbox, ['--no-test']))
    const canaries = new Canaries().plant('the token', sandbox.administratorToken).plant('the key', home.key)
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'] as const) {
      for (const format of [[], ['--json'], ['-v', '-v']]) {
        sandbox.forgetRequests()
        const watched = await watch(['test', ...format], { home }, async (running) => {
          await takesSignals(running)
          await until('the server was asked', () => sandbox.requests.some(({ path }) => path.endsWith('/profile')))
          running.process.kill(signal)
        })
        expect(watched.status).toBe({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129, SIGKILL: 137 }[signal])
        expect(leaksOf(canaries, watched, home.path), `${signal} ${format.join(' ')}`).toEqual([])
      }
    }
  })

  test.concurrent('P01 P08 what a person types where it is hidden is nowhere after Ctrl-C', async () => {
    const home = await homeWithVault()
    const canaries = new Canaries().plant('the typed token', 'typed"token\\canary%42').plant('the key', home.key)
    const terminal = runInTerminal({
      command: [NODE, CRM, 'add', 'chatwoot', '--base-url', 'http://127.0.0.1:9', '--account-id', '1'],
      env: home.env,
      cwd: home.path,
    })
    await terminal.sees('API access token')
    terminal.type(`typed"token\\canary%42${KEYS.enter}`)
    await terminal.sees(/save/i)
    terminal.type(KEYS.ctrlC)
    expect(await terminal.exited).toBe(130)
    expect(canaries.findIn(terminal.raw())).toEqual([])
    expect(canaries.findBelow(home.path)).toEqual([])
  })

  test.concurrent('P01 a vault whose writer was killed holds no secret, in none of its files', async () => {
    const sandbox = await openSandbox({ faults: ['POST /set_agent_bot:hang'] })
    const home = await homeWithVault()
    succeed(await addChatwoot(home, sandbox))
    const running = start(['demo-create', '--name', 'Acme', '--bot-url', 'https://bot.example.com/hook'], { home })
    await until('the link is made', () => sandbox.requests.some(({ path }) => path.endsWith('/set_agent_bot')))
    running.process.kill('SIGKILL')
    await running.ended
    expect(existsSync(`${home.vault}-wal`), 'the files of a killed writer are still there').toBe(true)
    const canaries = plantDemoSecrets(new Canaries(), sandbox).plant('the token', sandbox.administratorToken).plant('the key', home.key)
    expect(canaries.findBelow(home.path)).toEqual([])
  })
})

describe('files', () => {
  test.concurrent.each(['000', '022', '077'])(
    'P01 all files of a home are 0600 and all its directories 0700 under umask %s',
    async (umask) => {
      const home = emptyHome()
      chmodSync(home.path, 0o700)
      const inside = { ...home, env: { ...home.env, CRM_HOME: join(home.path, 'own') } }
      const script = `umask ${umask}; crm init --key file && crm add chatwoot --account-id 3 --api-key-stdin --no-test <<< token-canary && crm profile create other --key env && crm profile use other && crm list`
      succeed(await runShell(script, { home: inside, env: { INTEGRATION_ENCRYPTION_KEY: home.key } }))
      const modes = readdirSync(join(home.path, 'own'), { recursive: true, withFileTypes: true }).map((entry) => {
        const mode = statSync(join(entry.parentPath, entry.name)).mode & 0o777
        return `${entry.name} ${entry.isDirectory() ? mode === 0o700 : (mode & 0o177) === 0}`
      })
      expect(modes.filter((line) => line.endsWith('false'))).toEqual([])
      expect(modes.length).toBeGreaterThan(2)
      expect(statSync(join(home.path, 'own')).mode & 0o777).toBe(0o700)
    },
  )

  test.concurrent('P01 the variables of the environment are stored nowhere', async () => {
    const sandbox = await openSandbox()
    const home = await homeWithVault()
    const env = chatwootVariables(sandbox)
    const canaries = new Canaries().plant('the token', sandbox.administratorToken)
    for (const argv of [
      ['test', 'env:chatwoot'],
      ['list'],
      ['show', 'env:chatwoot'],
      ['demo-create', '--name', 'A', '--bot-url', 'https://bot.example.com/hook'],
    ])
      expect(leaksOf(canaries, await watch([...argv, '-v', '-v'], { home, env }), home.path), argv.join(' ')).toEqual([])
    expect(plantDemoSecrets(new Canaries(), sandbox).findBelow(home.path)).toEqual([])
  })
})
