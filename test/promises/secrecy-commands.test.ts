/** P01 and P08: secrets are planted everywhere, and everything that a command leaves behind is searched for them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { ANSWER_SCHEMAS, type AnsweringCommand } from '../../src/core/answer-schemas.ts'
import type { Sandbox } from '../../src/sandbox/index.ts'
import { type Homes, INVOCATIONS, prepareHomes } from '../cli/invocations.ts'
import { copyOf, emptyHome, openSandbox, type Running, type RunOptions, run, succeed, takesSignals } from '../support/cli.ts'
import { Canaries, FORMATS, LOUD, leaksOf, plantDemoSecrets, until, watch } from './canary.ts'

/** Files of a home that hold secrets because a test, or the person it stands for, has put them there. */
const INPUTS = ['key', 'integrations.json']

/** Waits for what a command prints, then stops it. */
const stopsOnceItPrints = (text: string, signal: NodeJS.Signals) => async (running: Running) => {
  await until(`it prints ${text}`, () => Object.values(running.printed()).join().includes(text))
  running.process.kill(signal)
}

/** What ends the commands that run until they are told to stop. */
const DURING: Partial<Record<AnsweringCommand, (running: Running) => Promise<void>>> = {
  sandbox: stopsOnceItPrints('CHATWOOT_API_KEY', 'SIGTERM'),
  'webhook listen': async (running) => {
    await takesSignals(running)
    running.process.kill('SIGINT')
  },
}

/** The secrets whose handing over is what a command is for, by the names under which they are planted. */
const HANDED_OVER: Partial<Record<AnsweringCommand, (sandbox: Sandbox) => readonly string[]>> = {
  env: () => ['the administrator token'],
  'chatwoot bots create': (sandbox) =>
    sandbox.state.bots
      .filter(({ columns }) => columns.name === 'New')
      .flatMap(({ id }) => [`the access token of bot ${id}`, `the secret of bot ${id}`]),
}

describe('what every command prints, stores and shows to the process list', () => {
  let shared: Prepared

  beforeAll(async () => {
    shared = await prepare()
  })

  interface Prepared {
    readonly sandbox: Sandbox
    readonly homes: Homes
    readonly canaries: Canaries
  }

  /** A sandbox, homes that lead to it, and a search that knows every secret in them. */
  async function prepare(): Promise<Prepared> {
    const canaries = new Canaries()
    const sandbox = await openSandbox()
    const homes = await prepareHomes(sandbox)
    canaries.plant('the administrator token', sandbox.administratorToken)
    canaries.plant('the agent token', sandbox.agentToken)
    plantDemoSecrets(canaries, sandbox)
    for (const { key } of [homes.acme, homes.empty])
      canaries.plant(`the key ${key.slice(0, 3)}`, key).plant(`the bytes of the key ${key.slice(0, 3)}`, Buffer.from(key, 'base64'))
    const keyFile = readFileSync(join(homes.acme.path, 'key'), 'utf8').trim()
    canaries.plant('the key file', keyFile).plant('the bytes of the key file', Buffer.from(keyFile, 'base64'))
    expect(canaries.names.length).toBeGreaterThan(9)
    return { sandbox, homes, canaries }
  }

  // Some make a server and homes for each format, which is a hundred processes; several of them run at once.
  const LONG_MS = 240_000

  for (const command of Object.keys(ANSWER_SCHEMAS) as AnsweringCommand[]) {
    test.concurrent(
      `P01 P08 crm ${command} leaves no secret anywhere, in every format`,
      async () => {
        const { place, argv, options } = INVOCATIONS[command]
        for (const format of command === 'tour' ? LOUD : FORMATS) {
          // Demos of one name on one server would get into each other's way.
          const { sandbox, homes, canaries } = /^demo-(?:create|remove|destroy|apply|sweep)$/.test(command) ? await prepare() : shared
          const home = copyOf(homes[place])
          const given: RunOptions = { home, ...options?.(sandbox) }
          const secrets = new Canaries()
          const during = DURING[command]
          const watched = await watch([...(await argv(home)), ...format], given, during)
          expect(watched.status, `${format.join(' ')}\n${watched.stderr}`).toBe(0)
          const allowed = HANDED_OVER[command]?.(sandbox) ?? []
          expect(leaksOf(canaries, watched, home.path, INPUTS, allowed), format.join(' ')).toEqual([])
          expect(leaksOf(plantDemoSecrets(secrets, sandbox), watched, home.path, INPUTS, allowed), format.join(' ')).toEqual([])
        }
      },
      LONG_MS,
    )
  }

  test.concurrent('P08 a revealed secret is the one that was asked for, and no other', async () => {
    const { sandbox, homes, canaries } = shared
    const home = copyOf(homes.demo)
    const shown = succeed(await run(['show', 'acme', '--reveal', 'apiKey'], { home }))
    expect(shown.stdout).toBe(sandbox.administratorToken)
    for (const format of FORMATS) {
      const secret = await watch(['show', 'acme', '--reveal', ...format], { home })
      expect(secret.stdout, format.join(' ')).toContain(sandbox.administratorToken)
      expect(leaksOf(canaries, { ...secret, stdout: secret.stdout.replaceAll(sandbox.administratorToken, '') }, home.path, INPUTS)).toEqual(
        [],
      )
      const demo = await watch(['demo-show', 'acme-dental', '--reveal', ...format], { home })
      const bot = sandbox.state.bots.find(({ id }) => demo.stdout.includes(`"id": "${id}"`) || demo.stdout.includes(String(id)))
      expect(bot).toBeDefined()
      const demoSecrets = canaries.names.filter((name) => /of (?:bot|inbox) \d/.test(name))
      expect(leaksOf(canaries, demo, home.path, INPUTS, demoSecrets), format.join(' ')).toEqual([])
    }
  })

  test.concurrent('P08 a plain export hands over what it was asked for, and leaves it nowhere else', async () => {
    const { sandbox, homes, canaries } = shared
    const home = copyOf(homes.acme)
    for (const format of FORMATS) {
      const watched = await watch(['export', 'acme', '--plaintext', '--yes', ...format], { home })
      expect(watched.stdout, format.join(' ')).toContain(sandbox.administratorToken)
      expect(leaksOf(canaries, watched, home.path, INPUTS, ['the administrator token']), format.join(' ')).toEqual([])
      expect(canaries.findIn(watched.stderr), format.join(' ')).toEqual([])
    }
  })

  test.concurrent('P08 a program that is run beside the sandbox inherits no key of the vault', async () => {
    const { homes, canaries } = shared
    const home = copyOf(homes.acme)
    const { stdout } = succeed(await run(['sandbox', '--', 'env'], { home, env: { CRM_PASSPHRASE_FILE: '/run/passphrase' } }))
    expect(stdout).toContain('CHATWOOT_API_KEY=')
    expect(stdout).not.toContain('INTEGRATION_ENCRYPTION_KEY')
    expect(canaries.findIn(stdout)).toEqual([])
  })

  test.concurrent('P08 what the tour makes up for itself is neither in its output nor in the process list nor left behind', async () => {
    const home = emptyHome()
    const secrets = new Canaries()
    const learn = (running: Running): Promise<void> =>
      until('a step of it has started', () => {
        const variables = environmentsBelow(running.process.pid)
        const found = ['INTEGRATION_ENCRYPTION_KEY', 'CHATWOOT_API_KEY'].map((name) => [name, variables.get(name) ?? ''] as const)
        if (found.some(([, value]) => value === '')) return false
        for (const [name, value] of found) secrets.plant(name, value)
        return true
      })
    const watched = await watch(['tour', '-v', '-v'], { home }, learn)
    expect(watched.status).toBe(0)
    expect(secrets.names).toHaveLength(2)
    expect(leaksOf(secrets, watched, home.path)).toEqual([])
    expect(readdirSync(watched.temporary)).toEqual([])
  })
})

/** The variables of the processes that a process has started, as the kernel keeps them. */
function environmentsBelow(pid: number | undefined): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  try {
    for (const child of readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')) {
      for (const line of readFileSync(`/proc/${child}/environ`, 'utf8').split('\0')) {
        const at = line.indexOf('=')
        if (at > 0) found.set(line.slice(0, at), line.slice(at + 1))
      }
    }
  } catch {
    // It has ended meanwhile, or has not started yet.
  }
  return found
}
