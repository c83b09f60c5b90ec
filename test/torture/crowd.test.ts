/** P06: many processes at once. */
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { CRM, type Home, homeWithVault, NODE, run, succeed } from '../support/cli.ts'
import { contentOf, errorOf, FULL, formatOf, PATIENCE_MS, report } from './torture.ts'

const PROCESSES = FULL ? 32 : 8
const ADDS = FULL ? 50 : 5

/** A process that adds one by one; what it has acknowledged, and how it ended. */
function adder(
  home: Home,
  prefix: string,
  count: number,
): Promise<{ readonly names: string[]; readonly status: number | null; readonly stderr: string }> {
  const program = new URL('programs/adder.mjs', import.meta.url).pathname
  const argv = [program, join(dirname(dirname(CRM)), 'dist/index.js'), home.vault, join(home.path, 'state'), prefix, String(count)]
  const child = spawn(NODE, argv, { env: { INTEGRATION_ENCRYPTION_KEY: home.key }, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  return new Promise((resolve) => child.on('close', (status) => resolve({ names: stdout.split('\n').filter(Boolean), status, stderr })))
}

test('P06 processes that add at the same time lose no row', { timeout: PATIENCE_MS }, async () => {
  const home = await homeWithVault()
  const ended = await Promise.all(Array.from({ length: PROCESSES }, (_, index) => adder(home, `p-${index}`, ADDS)))
  for (const { status, stderr } of ended) expect(status, stderr).toBe(0)
  expect(Object.keys(await contentOf(home))).toHaveLength(PROCESSES * ADDS)
  report(`${PROCESSES} processes x ${ADDS} adds`, { rows: PROCESSES * ADDS, lost: 0 })
})

test('P06 a rotation while others read and write loses nothing, and nobody finds damage', { timeout: PATIENCE_MS }, async () => {
  const home = await homeWithVault()
  const token = (name: string) => ({ home, input: `token-of-${name}\n` })
  const add = (name: string) => ['add', 'chatwoot', '--name', name, '--account-id', '3', '--api-key-stdin', '--no-test', '--json']
  succeed(await run(add('first'), token('first')))
  const rounds = FULL ? 10 : 2
  let acknowledged = 0
  let conflicts = 0
  for (let round = 0; round < rounds; round += 1) {
    const { generation } = formatOf(home)
    const names = Array.from({ length: 8 }, (_, index) => `r-${round}-${index}`)
    const [rotated, ...others] = await Promise.all([
      run(['key', 'rotate', '--yes', '--json'], { home }),
      ...names.map((name) => run(add(name), token(name))),
      ...names.map(() => run(['show', 'first', '--reveal', '--json'], { home })),
    ])
    if (rotated !== undefined) expect(errorOf(rotated)).toBeUndefined()
    expect(formatOf(home).generation).toBe(generation + 1)
    const codes = others.map((result) => errorOf(result)?.code)
    expect(codes.filter((code) => code !== undefined && code !== 'conflict')).toEqual([])
    conflicts += codes.filter((code) => code === 'conflict').length
    const written = names.filter((_, index) => codes[index] === undefined)
    acknowledged += written.length
    expect(Object.keys(await contentOf(home))).toEqual(expect.arrayContaining(written))
  }
  report('rotations while 16 processes read and write', { rotations: rounds, 'rows acknowledged': acknowledged, conflicts, lost: 0 })
})
