import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { engines } from '../../package.json'
import { CRM, emptyHome, NODE } from '../support/cli.ts'

const [needed = ''] = /\d+\.\d+/.exec(engines.node) ?? []

/** The first Node on the machine that is older than what is needed, outside of node_modules. */
function olderNode(): { readonly path: string; readonly version: string } | undefined {
  const places = (process.env.PATH ?? '').split(delimiter).concat('/usr/local/bin', '/usr/bin')
  for (const place of places.filter((path) => path !== '' && !path.includes('node_modules'))) {
    const path = join(place, 'node')
    if (!existsSync(path) || dirname(path) === dirname(NODE)) continue
    const version = execFileSync(path, ['--version'], { encoding: 'utf8' }).trim().slice(1)
    const [major = 0, minor = 0] = version.split('.').map(Number)
    const [neededMajor = 0, neededMinor = 0] = needed.split('.').map(Number)
    if (major < neededMajor || (major === neededMajor && minor < neededMinor)) return { path, version }
  }
  return undefined
}

test('an older Node gets one line that names the version needed, and status 1', (context) => {
  const older = olderNode()
  if (older === undefined) {
    console.warn(`SKIPPED "${context.task.name}": no Node older than ${needed} is on this machine`)
    return context.skip(`no Node older than ${needed} is on this machine`)
  }
  for (const argv of [[], ['list', '--json'], ['--version']]) {
    const { status, stdout, stderr } = spawnSync(older.path, [CRM, ...argv], { env: emptyHome().env, encoding: 'utf8' })
    expect({ status, stdout, stderr }).toEqual({
      status: 1,
      stdout: '',
      stderr: `crm needs Node.js ${needed} or newer; this is ${older.version}\n`,
    })
  }
})
