import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Sandbox } from '../../src/sandbox/index.ts'
import {
  addChatwoot,
  catchesHangUp,
  copyOf,
  type Home,
  homeWithChatwoot,
  homeWithVault,
  openSandbox,
  type Result,
  run,
  runShell,
  start,
  startShell,
  succeed,
  until,
} from '../support/cli.ts'
import { documentOf, failureOf, type Json } from './document.ts'

const BOT = 'https://bot.example.com/hook'

/** A sandbox and a home of one test alone: demos are looked up by what is on the server. */
async function place(
  faults: readonly string[] = [],
): Promise<{ server: Sandbox; home: Home; create: (...flags: string[]) => Promise<Result>; objects: () => number }> {
  const server = await openSandbox()
  const home = await homeWithChatwoot(server, 'acme')
  for (const fault of faults) server.faults.add(fault)
  const objects = () => {
    // The workers of a server delete in the background; what is asked here is what remains.
    server.finishDeletions()
    return server.state.inboxes.filter(() => true).length + server.state.bots.filter(() => true).length
  }
  const before = objects()
  return {
    server,
    home,
    create: (...flags) => run(['demo-create', '--name', 'Acme Dental', '--bot-url', BOT, '--json', ...flags], { home }),
    objects: () => objects() - before,
  }
}

async function demos(home: Home): Promise<string[]> {
  const { data } = documentOf('demo-list', await run(['demo-list', '--json'], { home }))
  return data.demos.map((demo: Json) => `${demo.slug} ${demo.status}`)
}

describe.concurrent('crm demo-create', () => {
  test('makes an inbox, a bot and their link of a name and an address', async () => {
    const { server, create, objects } = await place()
    const { data } = documentOf('demo-create', await create())
    expect(data).toMatchObject({
      changed: true,
      dryRun: false,
      demo: { slug: 'acme-dental', name: 'Acme Dental', integration: 'acme', source: 'vault' },
      account: { id: '1', name: 'Sandbox One' },
      inbox: { name: 'Acme Dental', channel: 'web', url: expect.stringContaining(`${server.url}/app/accounts/1/`) },
      bot: { name: 'Acme Dental', outgoingUrl: BOT },
    })
    expect(data.snippet).toContain(data.inbox.websiteToken)
    expect(data.steps.map((step: Json) => `${step.kind} ${step.action} ${step.outcome}`)).toEqual([
      'bot create done',
      'inbox create done',
      'link create done',
    ])
    expect(objects()).toBe(2)
  })

  test('--fields leaves out what this answer does not have, and refuses what no answer has before anything is made', async () => {
    const { create, objects } = await place()
    const { error } = failureOf('demo-create', 'usage', await create('--fields', 'changed,inbox.bogus'))
    expect(error.message).toContain('inbox.bogus')
    expect(objects()).toBe(0)
    const { stdout } = succeed(await create('--fields', 'changed,inbox.name,inbox.identifier,chosen,verification.answered'))
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, data: { changed: true, inbox: { name: 'Acme Dental' } } })
    expect(objects()).toBe(2)
  })

  test('twice is once', async () => {
    const { server, create, objects } = await place()
    const first = documentOf('demo-create', await create())
    server.forgetRequests()
    const second = documentOf('demo-create', await create())
    expect(second.data).toMatchObject({ changed: false, inbox: first.data.inbox, bot: first.data.bot, snippet: first.data.snippet })
    expect(server.requests.filter(({ method }) => method !== 'GET')).toEqual([])
    expect(objects()).toBe(2)
  })

  test('changes only what differs', async () => {
    const { create, objects } = await place()
    documentOf('demo-create', await create())
    const { data } = documentOf('demo-create', await create('--greeting', 'Hello!', '--color', '#FF0000'))
    expect(data.changed).toBe(true)
    expect(data.steps.find((step: Json) => step.kind === 'inbox')).toMatchObject({ action: 'update', outcome: 'done' })
    expect(data.steps.find((step: Json) => step.kind === 'bot')).toMatchObject({ action: 'keep' })
    expect(objects()).toBe(2)
  })

  test('--dry-run prints the plan and writes nothing, here or there', async () => {
    const { server, home, create, objects } = await place()
    const { data } = documentOf('demo-create', await create('-n'))
    expect(data).toMatchObject({ dryRun: true, changed: true, inbox: null })
    expect(data.steps.every((step: Json) => step.outcome === 'planned')).toBe(true)
    expect(server.requests.every(({ method }) => method === 'GET')).toBe(true)
    expect(objects()).toBe(0)
    expect(await demos(home)).toEqual([])
  })

  test('says on standard error what it does, and of a dry run not that it makes anything', async () => {
    const { home } = await place()
    const told = async (...flags: string[]) =>
      (await run(['demo-create', '--name', 'Acme Dental', '--bot-url', BOT, ...flags], { home, env: { CI: 'true' } })).stderr
    expect(await told('--dry-run')).not.toContain('Making')
    expect(await told()).toContain('Making the demo')
  })

  test('undoes everything when a step fails, with the failure’s own status', async () => {
    const { home, create, objects } = await place(['POST /set_agent_bot:500'])
    const document = failureOf('demo-create', 'provider_error', await create())
    expect(document.data.changed).toBe(false)
    expect(document.data.steps.map((step: Json) => step.outcome)).toEqual(['undone', 'undone', 'undone'])
    expect(objects()).toBe(0)
    expect(await demos(home)).toEqual([])
  })

  test('names with their ids what could not be undone; the same command finishes later', async () => {
    const { server, home, create, objects } = await place()
    const broken = [server.faults.add('POST /set_agent_bot:500'), server.faults.add('DELETE /**:500')]
    const document = failureOf('demo-create', 'partial', await create())
    const left = document.data.steps.filter((step: Json) => step.outcome === 'left')
    expect(left.length).toBeGreaterThan(0)
    expect(left.every((step: Json) => /^\d+$/.test(step.id))).toBe(true)
    expect(await demos(home)).toEqual(['acme-dental partial'])
    for (const fault of broken) fault.remove()
    documentOf('demo-create', await create())
    expect(await demos(home)).toEqual(['acme-dental ready'])
    expect(objects()).toBe(2)
  })

  test('--keep-on-failure leaves what it made', async () => {
    const { home, create, objects } = await place(['POST /set_agent_bot:500#1'])
    expect((await create('--keep-on-failure')).status).toBe(10)
    expect(objects()).toBe(2)
    expect(await demos(home)).toEqual(['acme-dental partial'])
    documentOf('demo-create', await create())
    expect(objects()).toBe(2)
  })

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('is undone by %s, and ends with %i', async (signal, status) => {
    const { server, home, objects } = await place(['POST /set_agent_bot:hang#1'])
    const running = start(['demo-create', '--name', 'Acme Dental', '--bot-url', BOT, '--json'], { home })
    await until(running, () => server.requests.some(({ path }) => path.endsWith('/set_agent_bot')))
    running.process.kill(signal)
    const result = await running.ended
    expect(documentOf('demo-create', result).error.code).toBe('cancelled')
    expect(result.status).toBe(status)
    expect(objects()).toBe(0)
    expect(await demos(home)).toEqual([])
  })

  test('whose last words nobody takes is ended by SIGTERM all the same', async () => {
    const { server, home } = await place(['GET /agent_bot:hang', 'DELETE /**:hang'])
    // A pipe that is full, and is read by nobody.
    const full = 'mkfifo full && exec 3<>full && head -c 65536 /dev/zero >&3'
    const running = startShell(`${full} && exec crm demo-create -q --name 'Acme Dental' --bot-url ${BOT} 2>&3`, { home })
    const asked = (matches: (request: { method: string; path: string }) => boolean) => until(running, () => server.requests.some(matches))
    await asked(({ path }) => path.endsWith('/agent_bot'))
    running.process.kill('SIGINT')
    await asked(({ method }) => method === 'DELETE')
    running.process.kill('SIGINT')
    await until(running, () => !catchesHangUp(running))
    running.process.kill('SIGTERM')
    expect((await running.ended).status).toBe(143)
  })

  test('a run that was killed is finished by the next one, without a second inbox', async () => {
    const { server, home, create, objects } = await place(['POST /set_agent_bot:hang#1'])
    const running = start(['demo-create', '--name', 'Acme Dental', '--bot-url', BOT], { home })
    await until(running, () => server.requests.some(({ path }) => path.endsWith('/set_agent_bot')))
    running.process.kill('SIGKILL')
    expect((await running.ended).status).toBe(137)
    documentOf('demo-create', await create())
    expect(objects()).toBe(2)
    expect(await demos(home)).toEqual(['acme-dental ready'])
  })

  test('is a conflict while another run of the same demo lives', async () => {
    const { server, home, create } = await place(['POST /set_agent_bot:hang#1'])
    const running = start(['demo-create', '--name', 'Acme Dental', '--bot-url', BOT], { home })
    await until(running, () => server.requests.some(({ path }) => path.endsWith('/set_agent_bot')))
    failureOf('demo-create', 'conflict', await create())
    running.process.kill('SIGTERM')
    expect((await running.ended).status).toBe(143)
  })

  test.each([
    ['its data key is rotated', ['key', 'rotate', '--yes'], 'the data key of the profile default was rotated meanwhile'],
    [
      'the vault is restored',
      ['vault', 'restore', 'copy.db', '--yes'],
      'the vault knows nothing of this run of the demo acme-dental any more',
    ],
  ] as const)('is undone when %s meanwhile, and the next run makes the demo', async (_what, argv, message) => {
    const { server, home, create, objects } = await place(['POST /set_agent_bot:slow=1s#1'])
    succeed(await run(['vault', 'backup', 'copy.db'], { home }))
    const running = start(['demo-create', '--name', 'Acme Dental', '--bot-url', BOT, '--json'], { home })
    await until(running, () => server.requests.some(({ path }) => path.endsWith('/set_agent_bot')))
    // It stands still for as long as the other one takes.
    running.process.kill('SIGSTOP')
    succeed(await run(argv, { home }))
    running.process.kill('SIGCONT')
    const document = failureOf('demo-create', 'conflict', await running.ended)
    expect(document.error.message).toBe(message)
    expect(document.data.steps.map((step: Json) => step.outcome)).toEqual(['undone', 'undone', 'undone'])
    expect(objects()).toBe(0)
    documentOf('demo-create', await create())
    expect(await demos(home)).toEqual(['acme-dental ready'])
  })

  test('with the token of an agent is permission_denied before the first write', async () => {
    const { server, home, objects } = await place()
    succeed(await addChatwoot(home, server, ['--name', 'agent'], server.agentToken))
    const result = await run(['demo-create', '--name', 'X', '--bot-url', BOT, '--integration', 'agent', '--json'], { home })
    expect(JSON.stringify(failureOf('demo-create', 'permission_denied', result).error)).toMatch(/administrator/)
    expect(objects()).toBe(0)
  })

  test('--if-exists fail is a conflict, replace makes it anew', async () => {
    const { create, objects } = await place()
    const first = documentOf('demo-create', await create())
    failureOf('demo-create', 'conflict', await create('--if-exists', 'fail'))
    const replaced = documentOf('demo-create', await create('--if-exists', 'replace'))
    expect(replaced.data.inbox.id).not.toBe(first.data.inbox.id)
    expect(objects()).toBe(2)
  })

  test('--channel api has an identifier and no snippet', async () => {
    const { create } = await place()
    const { data } = documentOf('demo-create', await create('--channel', 'api', '--webhook-url', 'https://example.com/hook'))
    expect(data).toMatchObject({ inbox: { channel: 'api', identifier: expect.any(String) }, snippet: null })
  })

  test('--agent gives agents the inbox and warns of those that are unknown', async () => {
    const { create } = await place()
    const document = documentOf('demo-create', await create('--agent', 'ben@sandbox.example', '--agent', 'nobody@sandbox.example'))
    expect(document.data.steps.map((step: Json) => step.kind)).toContain('agents')
    expect(JSON.stringify(document.warnings)).toContain('nobody@sandbox.example')
  })

  test('--output below a place that gives no directories ends at once, before anything is made', async () => {
    const { create } = await place()
    for (const directory of ['/proc/none', '/proc/none/deeper', '/dev/null/x']) {
      const { status, stdout } = await create('--output', directory, '--timeout', '10s')
      expect([status, JSON.parse(stdout).error.code], directory).toEqual([1, 'io_failed'])
    }
  })

  test('--output writes a snippet and a page that shows it', async () => {
    const { server, home, create } = await place()
    const { data } = documentOf('demo-create', await create('--output', 'site'))
    expect(readFileSync(join(home.path, 'site/snippet.html'), 'utf8')).toContain(data.snippet)
    const page = readFileSync(join(home.path, 'site/index.html'), 'utf8')
    expect(page).toContain(data.inbox.websiteToken)
    expect(page).toContain(server.url)
  })

  test('warns of a bot on this machine where the server will not call it', async () => {
    const { home } = await place()
    const document = documentOf(
      'demo-create',
      await run(['demo-create', '--name', 'Local', '--bot-url', 'http://127.0.0.1:9/hook', '--dry-run', '--json'], { home }),
    )
    expect(document.warnings.length).toBeGreaterThan(0)
  })

  test('reports all problems of its flags at once', async () => {
    const { home } = await place()
    const flags = ['--name', '', '--bot-url', 'nowhere', '--color', 'red', '--channel', 'fax', '--agent', 'nobody', '--if-exists', 'maybe']
    const { error } = failureOf('demo-create', 'usage', await run(['demo-create', ...flags, '--json'], { home }))
    expect(error.problems.map((problem: Json) => problem.field.split('.')[0])).toEqual(
      expect.arrayContaining(['name', 'botUrl', 'color', 'channel', 'agents', 'ifExists']),
    )
    const missing = failureOf('demo-create', 'usage', await run(['demo-create', '--json'], { home })).error
    expect(missing.problems.map((problem: Json) => problem.field)).toEqual(['name', 'botUrl'])
  })

  test('asks which where several Chatwoots are active, and takes no other CRM', async () => {
    const { server, home, create } = await place()
    succeed(await addChatwoot(home, server, ['--name', 'second']))
    expect(failureOf('demo-create', 'usage', await create()).error.reason).toContain('acme and second')
    documentOf('demo-create', await create('--integration', 'second'))
    const custom = ['--base-url', 'https://api.crm.example', '--auth-type', 'none', '--no-test']
    succeed(await run(['add', 'custom', '--name', 'other', ...custom], { home }))
    failureOf('demo-create', 'usage', await create('--integration', 'other'))
    failureOf('demo-create', 'not_found', await create('--integration', 'nobody'))
  })

  test('prints a card with the links for people', async () => {
    const { server, home } = await place()
    const { stdout } = succeed(await run(['demo-create', '--name', 'Acme Dental', '--bot-url', BOT], { home }))
    expect(stdout).toContain(`${server.url}/app/accounts/1/`)
    expect(stdout).toContain(BOT)
    expect(stdout).toContain('<script')
  })
})

describe.concurrent('crm demo-show', () => {
  test('shows the card, and reveals what Chatwoot returned only when asked, audited', async () => {
    const { home, create } = await place()
    documentOf('demo-create', await create())
    const masked = documentOf('demo-show', await run(['demo-show', 'Acme-Dental', '--json'], { home }))
    expect(masked.data.secrets).toMatchObject({ botAccessToken: { set: true } })
    expect(masked.data.secrets.botAccessToken).not.toHaveProperty('value')
    const { data } = documentOf('demo-show', await run(['demo-show', 'acme-dental', '--reveal', '--json'], { home }))
    expect(data.secrets.botAccessToken.value).toMatch(/^\S{8,}$/)
    const { data: audit } = documentOf('audit', await run(['audit', '--json'], { home }))
    expect(audit.events.at(-1).event).toMatch(/reveal/)
    expect(JSON.stringify(audit)).not.toContain(data.secrets.botAccessToken.value)
  })

  test('of a demo that nobody made is not_found', async () => {
    const { home } = await place()
    failureOf('demo-show', 'not_found', await run(['demo-show', 'nothing', '--json'], { home }))
  })
})

describe.concurrent('crm demo-remove', () => {
  test('removes inbox and bot; the second time there is nothing to do', async () => {
    const { home, create, objects } = await place()
    documentOf('demo-create', await create())
    const first = documentOf('demo-remove', await run(['demo-remove', 'acme-dental', '--yes', '--json'], { home }))
    expect(first.data).toMatchObject({ changed: true, demos: [{ slug: 'acme-dental', outcome: 'removed', left: [] }] })
    expect(objects()).toBe(0)
    expect(await demos(home)).toEqual([])
    const second = documentOf('demo-remove', await run(['demo-remove', 'acme-dental', '--yes', '--json'], { home }))
    expect(second.data).toMatchObject({ changed: false, demos: [{ outcome: 'gone' }] })
    failureOf('demo-remove', 'not_found', await run(['demo-remove', 'never-seen', '--yes', '--json'], { home }))
  })

  test('takes it as done when somebody removed it on the server', async () => {
    const { server, home, create } = await place()
    const { data } = documentOf('demo-create', await create())
    server.state.removeInbox(Number(data.inbox.id))
    const removed = documentOf('demo-remove', await run(['demo-remove', 'acme-dental', '--yes', '--json'], { home }))
    expect(removed.data.demos[0].left).toEqual([])
  })

  test('says what it would remove and needs --yes without a terminal, for demos that nobody named the name of the profile', async () => {
    const { home, create, objects } = await place()
    documentOf('demo-create', await create())
    const named = failureOf('demo-remove', 'usage', await run(['demo-remove', 'acme-dental', '--json'], { home }))
    expect(named.error.hint).toContain('--yes')
    for (const flags of [['--all'], ['--all', '--yes'], ['--older-than', '1ms', '--yes'], ['--all', '--confirm', 'another']]) {
      const { error } = failureOf('demo-remove', 'usage', await run(['demo-remove', ...flags, '--json'], { home }))
      expect(error.hint).toContain('--confirm default')
    }
    expect(objects()).toBe(2)
  })

  test('--all removes all, --older-than those that are old enough', async () => {
    const { home, create, objects } = await place()
    for (const slug of ['one', 'two']) documentOf('demo-create', await create('--slug', slug))
    const young = documentOf('demo-remove', await run(['demo-remove', '--older-than', '7d', '--confirm', 'default', '--json'], { home }))
    expect(young.data).toEqual({ changed: false, demos: [] })
    const all = documentOf('demo-remove', await run(['demo-remove', '--all', '--confirm', 'default', '--json'], { home }))
    expect(all.data.demos.map((demo: Json) => `${demo.slug} ${demo.outcome}`)).toEqual(['one removed', 'two removed'])
    expect(objects()).toBe(0)
  })

  test('takes names or a choice, not both and not neither', async () => {
    const { home } = await place()
    failureOf('demo-remove', 'usage', await run(['demo-remove', '--json'], { home }))
    failureOf('demo-remove', 'usage', await run(['demo-remove', 'x', '--all', '--json'], { home }))
    failureOf('demo-remove', 'usage', await run(['demo-remove', '--older-than', '7', '--json'], { home }))
  })

  test('tells of several which ones nobody has ever seen, and removes the others', async () => {
    const { home, create, objects } = await place()
    documentOf('demo-create', await create())
    const document = failureOf('demo-remove', 'not_found', await run(['demo-remove', 'x1', 'acme-dental', '--yes', '--json'], { home }))
    expect(document.data).toMatchObject({
      changed: true,
      demos: [
        { slug: 'x1', outcome: 'failed', left: [], error: { code: 'not_found', message: 'no demo is named x1' } },
        { slug: 'acme-dental', outcome: 'removed' },
      ],
    })
    expect(objects()).toBe(0)
    const { status, stdout, stderr } = await run(['demo-remove', 'x1', 'y1', '--yes'], { home })
    expect(status).toBe(6)
    expect(stdout).toContain('demo x1 was not removed: no demo is named x1\n')
    expect(stdout).toContain('demo y1 was not removed: no demo is named y1\n')
    expect(stderr).toContain('2 of 2 demos could not be removed')
    expect(stdout + stderr).not.toContain('partly')
  })

  test('names what is left when the server refuses, and finishes later', async () => {
    const { server, home, create, objects } = await place()
    documentOf('demo-create', await create())
    const broken = server.faults.add('DELETE /**:500')
    const document = failureOf('demo-remove', 'partial', await run(['demo-remove', 'acme-dental', '--yes', '--json'], { home }))
    expect(document.data.demos[0].left.length).toBeGreaterThan(0)
    expect(await demos(home)).toEqual(['acme-dental partial'])
    broken.remove()
    documentOf('demo-remove', await run(['demo-remove', 'acme-dental', '--yes', '--json'], { home }))
    expect(objects()).toBe(0)
  })
})

test('crm demo-extend takes the ends that crm demo-create takes: to come, and with a zone', async () => {
  const { home, create } = await place()
  documentOf('demo-create', await create())
  const extend = (expires: string) => run(['demo-extend', 'acme-dental', '--expires', expires, '--json'], { home })
  for (const end of ['2020-01-01', '2099-01-31T18:00', 'tomorrow']) {
    failureOf('demo-create', 'usage', await create('--expires', end))
    failureOf('demo-extend', 'usage', await extend(end))
  }
  for (const [end, problem] of [
    ['2099-02-31', 'must be a time that exists'],
    ['2099-02-28T25:00Z', 'must be a time that exists'],
    ['9999-12-31T23:59:59-12:00', 'must be before the year 10000'],
  ] as const) {
    expect(failureOf('demo-create', 'usage', await create('--expires', end)).error.problems).toEqual([
      { field: 'expires', message: problem },
    ])
    expect(failureOf('demo-extend', 'usage', await extend(end)).error.message).toBe(`--expires ${problem}`)
  }
  expect(documentOf('demo-extend', await extend('2099-01-31T18:00Z')).data.demo.expiresAt).toBe('2099-01-31T18:00:00.000Z')
})

test.each(['99999999d', '2920000d'])('a lifetime of %s, past the year 9999, is refused and nothing is made', async (ttl) => {
  const { home, create, objects } = await place()
  const made = failureOf('demo-create', 'usage', await create('--ttl', ttl))
  expect(`${made.error.message} ${JSON.stringify(made.error.problems)}`).toContain('before the year 10000')
  expect(objects()).toBe(0)
  const extended = failureOf('demo-extend', 'usage', await run(['demo-extend', 'acme-dental', '--ttl', ttl, '--json'], { home }))
  expect(extended.error.message).toContain('before the year 10000')
})

test('demos in an account where the integration no longer leads: each command says so in its own words, and how to get back', async () => {
  const { server, home, create } = await place()
  documentOf('demo-create', await create('--ttl', '7d'))
  const call = async (...argv: string[]) => run([...argv, '--json'], { home })
  const back = `crm edit acme --base-url ${server.url} --account-id 1`
  const where = `the demo acme-dental was made in ${server.url}/app/accounts/1, where acme no longer leads`
  const warning = (what: string) => ({ code: 'other_account', message: `${where}: ${what}; to lead it there again: ${back}` })
  expect(documentOf('edit', await call('edit', 'acme', '--account-id', '2')).warnings).toEqual([warning('out of reach')])
  expect(documentOf('demo-export', await call('demo-export'))).toMatchObject({
    data: { demos: 0 },
    warnings: [warning('left out of the file')],
  })
  expect((await run(['demo-sweep'], { home })).stderr).toContain(warning('not swept').message)
  for (const argv of [
    ['demo-extend', 'acme-dental', '--ttl', '1d'],
    ['demo-remove', 'acme-dental', '--yes'],
    ['demo-verify', 'acme-dental'],
    ['demo-open', 'acme-dental'],
  ] as const) {
    const { error } = failureOf(argv[0], 'conflict', await call(...argv))
    expect(error).toMatchObject({
      message: 'the demo acme-dental was made in another account',
      hint: `set the integration back: ${back}`,
    })
  }
  const { error } = failureOf('demo-create', 'conflict', await create())
  expect(error.hint).toBe(`make it under another name with --slug, or set the integration back: ${back}`)
  expect(documentOf('edit', succeed(await runShell(`${back} --json`, { home }))).warnings).toEqual([])
  documentOf('demo-extend', await call('demo-extend', 'acme-dental', '--ttl', '1d'))
})

describe('an inbox of the same name', () => {
  let home: Home
  let server: Sandbox

  beforeAll(async () => {
    server = await openSandbox()
    home = copyOf(await homeWithVault())
    succeed(await addChatwoot(home, server, ['--name', 'acme']))
  })

  test('that this program did not make is never touched', async () => {
    const [foreign] = server.fixtures.foreignInboxes
    const flags = ['--name', 'Sandbox One reception', '--bot-url', BOT]
    const { data } = documentOf('demo-create', await run(['demo-create', ...flags, '--json'], { home }))
    expect(data.inbox.id).not.toBe(String(foreign?.id))
    succeed(await run(['demo-remove', data.demo.slug, '--yes'], { home }))
    expect(server.state.inboxes.filter(({ id }) => id === foreign?.id)).toHaveLength(1)
  })
})
