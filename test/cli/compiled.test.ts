/** Compiled code is kept where nobody else can write, or not at all. */
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { CRM, chatwootVariables, emptyHome, type Home, NODE, newDirectory, openSandbox, runShell, succeed } from '../support/cli.ts'

/** A test of variables, in a home of its own. */
async function testIn(home: Home, own: string, umask = '022'): Promise<void> {
  // The vault lies elsewhere: it has rules of its own about its directory.
  const env = { ...chatwootVariables(await openSandbox()), CRM_HOME: own, CRM_VAULT: home.vault }
  succeed(await runShell(`umask ${umask}; crm init --key env && crm test env:chatwoot`, { home, env }))
}

test.concurrent.each(['000', '022', '077'])('P01 kept code is 0600 in directories that are 0700, under umask %s', async (umask) => {
  const home = emptyHome()
  const own = join(newDirectory(), 'own')
  for (const _time of ['noted', 'kept', 'used']) await testIn(home, own, umask)
  const entries = readdirSync(join(own, 'cache'), { recursive: true, withFileTypes: true })
  const modes = entries.map((entry) => statSync(join(entry.parentPath, entry.name)).mode & (entry.isDirectory() ? 0o777 : 0o177))
  expect(entries.length).toBeGreaterThan(0)
  expect(modes.filter((mode, index) => mode !== (entries[index]?.isDirectory() ? 0o700 : 0))).toEqual([])
  expect(statSync(join(own, 'cache')).mode & 0o777).toBe(0o700)
})

test.concurrent('nothing is kept in a directory that others can reach, below one that they can write, or behind a link', async () => {
  const places: ((own: string) => void)[] = [
    (own) => {
      mkdirSync(join(own, 'cache'))
      chmodSync(join(own, 'cache'), 0o755)
    },
    (own) => chmodSync(own, 0o777),
    (own) => symlinkSync(newDirectory(), join(own, 'cache')),
  ]
  for (const make of places) {
    const own = join(newDirectory(), 'own')
    mkdirSync(own, { mode: 0o700 })
    make(own)
    const home = emptyHome()
    for (const _time of ['noted', 'kept']) await testIn(home, own)
    const cache = join(own, 'cache')
    expect(existsSync(cache) ? readdirSync(cache) : []).toEqual([])
  }
})

test.concurrent('a command that is called by its alias finds again what it has kept', async () => {
  const own = join(newDirectory(), 'own')
  const options = { home: emptyHome(), env: { CRM_HOME: own } }
  succeed(await runShell('crm init --key file && crm ls && crm ls && crm ls', options))
  const kept = readdirSync(join(own, 'cache')).filter((name) => !name.includes('-init'))
  expect(kept).toEqual([expect.stringMatching(/-ls$/)])
  const { mtimeMs } = statSync(join(own, 'cache', kept[0] ?? ''))
  succeed(await runShell('crm ls', options))
  expect(statSync(join(own, 'cache', kept[0] ?? '')).mtimeMs).toBe(mtimeMs)
})

test.concurrent('help and version find again what they have kept, by whichever of their words they are asked for', async () => {
  const own = join(newDirectory(), 'own')
  const options = { home: emptyHome(), env: { CRM_HOME: own } }
  succeed(await runShell('crm init --key file && crm --version && crm -V && crm --help && crm -h', options))
  const kept = () => readdirSync(join(own, 'cache')).filter((name) => !name.endsWith('-init'))
  expect(kept().sort()).toEqual([expect.stringMatching(/-help$/), expect.stringMatching(/-version$/)])
  const facts = () => kept().map((name) => statSync(join(own, 'cache', name)))
  const before = facts().map(({ mtimeMs }) => mtimeMs)
  expect(Math.min(...facts().map(({ size }) => size))).toBeGreaterThan(50_000)
  const said = succeed(await runShell('crm -V && crm --help', options)).stdout
  expect(said).toMatch(/^\d+\.\d+\.\d+\n[\s\S]*Usage: crm/)
  expect(facts().map(({ mtimeMs }) => mtimeMs)).toEqual(before)
})

test.concurrent('a profile that is called version has commands that find again what they have kept', async () => {
  const own = join(newDirectory(), 'own')
  const options = { home: emptyHome(), env: { CRM_HOME: own } }
  const list = 'crm -p version list'
  succeed(await runShell(`crm -p version init --key file && crm --version && crm --version && ${list} && ${list}`, options))
  const kept = readdirSync(join(own, 'cache')).find((name) => name.endsWith('-list')) ?? ''
  const { mtimeMs } = statSync(join(own, 'cache', kept))
  succeed(await runShell(list, options))
  expect(statSync(join(own, 'cache', kept)).mtimeMs).toBe(mtimeMs)
})

test.concurrent('nothing is kept where there is no vault', async () => {
  const own = join(newDirectory(), 'own')
  const env = { ...chatwootVariables(await openSandbox()), CRM_HOME: own }
  succeed(await runShell('crm test env:chatwoot', { home: emptyHome(), env }))
  expect(existsSync(own)).toBe(false)
})

test.concurrent('what a command has compiled is kept beside a vault from its second run on, and not before there is one', async () => {
  const own = join(newDirectory(), 'own')
  const options = { home: emptyHome(), env: { CRM_HOME: own } }
  succeed(await runShell('crm --version && crm init --key file', options))
  expect(readdirSync(own)).not.toContain('cache')
  const kept = () => readdirSync(join(own, 'cache'), { recursive: true })
  const size = () => statSync(join(own, 'cache', String(kept()[0]))).size
  succeed(await runShell('crm list', options))
  expect([kept().length, size()]).toEqual([1, 0])
  succeed(await runShell('crm list', options))
  const names = kept()
  expect(names).toHaveLength(1)
  expect(size()).toBeGreaterThan(50_000)
  succeed(await runShell('crm list', options))
  expect(kept()).toEqual(names)
})

test.concurrent('what lies in the directory and is not ours stays there; what another Node has kept goes', async () => {
  const own = join(newDirectory(), 'own')
  const options = { home: emptyHome(), env: { CRM_HOME: own } }
  succeed(await runShell('crm init --key file', options))
  const cache = join(own, 'cache')
  mkdirSync(cache, { mode: 0o700 })
  const foreign = ['photos', 'v1.txt', 'v24.21.0-x64-964aae3f-0', 'notes.abcdef']
  mkdirSync(join(cache, 'photos'))
  for (const name of ['photos/one.jpg', ...foreign.slice(1)]) writeFileSync(join(cache, name), 'mine')
  writeFileSync(join(cache, 'v22.19.0-x64-list'), 'of another Node')
  mkdirSync(join(cache, 'v24.21.0-x64-show.Ab3dEf'))
  succeed(await runShell('crm list && crm list', options))
  const left = readdirSync(cache)
  expect(left).toEqual(expect.arrayContaining(foreign))
  expect(readdirSync(join(cache, 'photos'))).toEqual(['one.jpg'])
  expect(left.filter((name) => !foreign.includes(name))).toEqual([expect.stringMatching(/-list$/)])
  expect(left).not.toContain('v22.19.0-x64-list')
})

test.concurrent('a command that fails or is cancelled keeps nothing, and one whose kept code is damaged does without', async () => {
  const own = join(newDirectory(), 'own')
  const options = { home: emptyHome(), env: { CRM_HOME: own } }
  const list = succeed(await runShell('crm init --key file > /dev/null; crm show nothing; crm list > /dev/null; crm list', options)).stdout
  const [name, ...others] = readdirSync(join(own, 'cache'))
  expect([name, others]).toEqual([expect.stringMatching(/-list$/), []])
  const file = join(own, 'cache', name ?? '')
  const whole = readFileSync(file)
  const damages = [Buffer.alloc(0), Buffer.alloc(3), Buffer.from('{}'), whole.subarray(0, whole.length - 8), Buffer.alloc(whole.length)]
  // As another build has kept it, and with bytes that went bad, which V8 would take and crash.
  damages.push(Buffer.from(whole.toString('latin1').replace(/"build":"[0-9a-f]{4}/, '"build":"0000'), 'latin1'))
  damages.push(Buffer.from(whole.map((byte, index) => (index > 512 && index < 2_000 ? byte ^ 0xff : byte))))
  for (const damaged of damages) {
    writeFileSync(file, damaged)
    expect(succeed(await runShell('crm list', options)).stdout).toBe(list)
    expect(readFileSync(file).length).toBeGreaterThan(50_000)
  }
})

test.concurrent('kept code that others could have written is not taken, and nothing is where nothing was', async () => {
  const own = join(newDirectory(), 'own')
  const options = { home: emptyHome(), env: { CRM_HOME: own } }
  succeed(await runShell('crm init --key file && crm list && crm list && crm list', options))
  const [name = ''] = readdirSync(join(own, 'cache')).filter((file) => file.endsWith('-list'))
  const file = join(own, 'cache', name)
  const { mtimeMs } = statSync(file)
  succeed(await runShell('crm list', options))
  expect(statSync(file).mtimeMs).toBe(mtimeMs)
  // Its code is made anew, and kept in a file of its own.
  chmodSync(file, 0o660)
  succeed(await runShell('crm list', options))
  expect({ isNew: statSync(file).mtimeMs > mtimeMs, mode: statSync(file).mode & 0o777 }).toEqual({ isNew: true, mode: 0o600 })
})

test.concurrent('a cache that cannot be searched is none', async () => {
  const own = join(newDirectory(), 'own')
  mkdirSync(join(own, 'cache'), { recursive: true, mode: 0o700 })
  chmodSync(join(own, 'cache'), 0o600)
  // Root may search everything, unless it is told otherwise.
  const within = process.getuid?.() === 0 ? 'setpriv --bounding-set=-dac_override,-dac_read_search' : ''
  const options = { home: emptyHome(), env: { CRM_HOME: own } }
  const { status, stdout, stderr } = await runShell(`${within} '${NODE}' '${CRM}' --version`, options)
  expect({ status, stdout, stderr }).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: '' })
})

test.concurrent('a command that has done well ends so, though what it was started from was replaced meanwhile', async () => {
  const place = newDirectory()
  cpSync(join(dirname(CRM), '..'), join(place, 'crm'), { recursive: true })
  symlinkSync(join(import.meta.dirname, '../../node_modules'), join(place, 'node_modules'))
  const own = join(newDirectory(), 'own')
  const command = `'${NODE}' '${join(place, 'crm/bin/crm.js')}'`
  const line = `${command} init --key file && ${command} sandbox -- sh -c "rm '${place}'/crm/dist/keep-compiled-*.cjs && echo passed"`
  const { status, stdout, stderr } = await runShell(line, { home: emptyHome(), env: { CRM_HOME: own } })
  expect({ status, stderr: stderr.includes('ENOENT') }).toEqual({ status: 0, stderr: false })
  expect(stdout).toContain('passed')
})
