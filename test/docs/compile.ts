import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { NODE } from '../support/cli.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** What the compiler says about a file of the project that is not there, with the project's own settings; `crm-vault` is its library. */
export function problemsOf(path: string, text: string): readonly string[] {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT)
  const settings: ts.CompilerOptions = { ...options, noEmit: true, paths: { 'crm-vault': [join(ROOT, 'src/index.ts')] } }
  const file = join(ROOT, path)
  const host = ts.createCompilerHost(settings)
  const { fileExists, readFile } = host
  host.fileExists = (name) => name === file || fileExists(name)
  host.readFile = (name) => (name === file ? text : readFile(name))
  const program = ts.createProgram([file], settings, host)
  const source = program.getSourceFile(file)
  return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(({ messageText }) =>
    ts.flattenDiagnosticMessageText(messageText, '\n'),
  )
}

/** The same text in the form that the project's code has. @throws where the linter finds something. */
export function formatted(path: string, text: string): string {
  const biome = join(ROOT, 'node_modules/@biomejs/biome/bin/biome')
  const { status, stdout, stderr } = spawnSync(NODE, [biome, 'check', '--write', `--stdin-file-path=${path}`], { cwd: ROOT, input: text })
  if (status !== 0) throw new Error(`${stderr}`)
  return stdout.toString('utf8')
}
