import { execFile } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { CRM, NODE } from '../support/cli.ts'
import { formatted, problemsOf } from './compile.ts'
import { readDocument } from './document.ts'
import { newReader } from './reader.ts'

const example = `${readDocument('README.md').blocks.find(({ note }) => note === 'library')?.text}\n`

test('the library example of the README compiles, and looks like the rest of the code', () => {
  expect(problemsOf('test/docs/example.ts', example)).toEqual([])
  expect(formatted('test/docs/example.ts', example)).toBe(example)
})

test('the compiler would find a mistake in it', () => {
  expect(problemsOf('test/docs/example.ts', example.replace('botUrl:', 'botURL:'))).not.toEqual([])
})

test('the library example of the README runs: it tests what is stored, makes a demo, and makes it once', async () => {
  const reader = await newReader('ci')
  const program = join(reader.home, 'example.ts')
  mkdirSync(join(reader.home, 'node_modules'))
  symlinkSync(dirname(dirname(CRM)), join(reader.home, 'node_modules/crm-vault'))
  writeFileSync(join(reader.home, 'package.json'), '{ "type": "module" }')
  writeFileSync(program, example)
  const runProgram = () =>
    promisify(execFile)(NODE, [program], { env: { ...reader.env, CRM_VAULT: join(reader.home, 'ci/vault.db') }, timeout: 45_000 })
  const known = `${reader.sandbox.url}, account 1, from the vault\nthe profile: 200\nworks for ada@sandbox.example\n`
  expect(await runProgram()).toEqual({ stdout: `${known}the demo was made\n`, stderr: '' })
  expect(await runProgram()).toEqual({ stdout: `${known}the demo was there already\n`, stderr: '' })
})
