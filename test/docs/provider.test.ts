import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { written } from '../../src/providers/index.ts'
import { NODE, newDirectory } from '../support/cli.ts'
import { formatted, problemsOf } from './compile.ts'
import { readDocument } from './document.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const { blocks } = readDocument('README.md')

/** The text of the README's block with this note. */
function shown(note: string): string {
  const block = blocks.find((candidate) => candidate.note === note)
  if (block === undefined) throw new Error(`the README shows no ${note}`)
  return block.text
}

const PATH = 'src/providers/example.ts'

/** The text of a file of the project with something replaced that must be in it. */
function changed(path: string, before: string | RegExp, after: string): string {
  const text = readFileSync(join(ROOT, path), 'utf8')
  const result = text.replace(before, () => after)
  if (result === text) throw new Error(`${path} is not as the README expects it`)
  return result
}

/** A copy of the project's rooms and of the conformance suite, with the README's provider in it. */
function projectWithExample(): string {
  const root = newDirectory()
  mkdirSync(join(root, 'test'))
  for (const folder of ['src', 'test/providers']) cpSync(join(ROOT, folder), join(root, folder), { recursive: true })
  for (const file of ['package.json', 'tsconfig.json']) cpSync(join(ROOT, file), join(root, file))
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'))
  const write = (path: string, text: string): void => writeFileSync(join(root, path), text)
  write(PATH, `${shown('provider')}\n`)
  const line = changed('src/providers/index.ts', /^export const written: .*$/m, shown('registry'))
  write('src/providers/index.ts', `import { example } from './example.ts'\n${line}`)
  const listed = changed('test/providers/fixtures.ts', /^ {2}chatwoot,$/m, '  chatwoot,\n  example,')
  write(
    'test/providers/fixtures.ts',
    listed.replace('const STATUSES:', () => `${shown('fixture')}\n\nconst STATUSES:`),
  )
  write('vitest.config.ts', "export default { test: { include: ['test/**/*.test.ts'] } }\n")
  return root
}

/** A whole suite runs, beside the others. */
const SUITE_MS = 170_000

/** The outcome of each test of the conformance suite, by name. */
function conformance(root: string): Promise<Map<string, string>> {
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs')
  const report = join(root, 'report.json')
  const argv = ['run', 'test/providers/conformance.test.ts', '--root', root, '--reporter=json', `--outputFile=${report}`]
  const child = spawn(NODE, [vitest, ...argv], { cwd: root, stdio: 'ignore', timeout: SUITE_MS })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', () => {
      const { testResults } = JSON.parse(readFileSync(report, 'utf8'))
      const results: { fullName: string; status: string }[] = testResults.flatMap(
        (file: { assertionResults: unknown[] }) => file.assertionResults,
      )
      resolve(new Map(results.map(({ fullName, status }) => [fullName, status])))
    })
  })
}

test('the provider of the README compiles, and looks like the rest of the code', () => {
  expect(problemsOf(PATH, `${shown('provider')}\n`)).toEqual([])
  expect(formatted(PATH, `${shown('provider')}\n`)).toBe(`${shown('provider')}\n`)
})

test('the line of the README is the registry with one more provider', () => {
  const named = /= \[(.*)\]$/.exec(shown('registry'))?.[1]?.split(', ')
  expect(named).toEqual([...written.map(({ id }) => id), 'example'].sort())
})

test(
  'the provider of the README passes the conformance suite with its file, its line and its fixture',
  async () => {
    const outcomes = await conformance(projectWithExample())
    const own = [...outcomes].filter(([name]) => / of example\b/.test(name))
    expect(own.length).toBeGreaterThan(20)
    expect([...outcomes].filter(([, status]) => status !== 'passed')).toEqual([])
  },
  SUITE_MS + 10_000,
)
