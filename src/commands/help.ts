import type { Command } from 'commander'
import type { HelpAnswer } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import { type App, action, done } from './app.ts'
import { setExamples } from './help-format.ts'

/** The topics of `crm help`, each a text made from the tables that the program itself uses. */
const TOPICS: Readonly<Record<string, () => Promise<string>>> = {
  'exit-codes': async () => (await import('./topics/exit-codes.ts')).text(),
  environment: async () => (await import('./topics/environment.ts')).text(),
  json: async () => (await import('./topics/json.ts')).text(),
  'demo-file': async () => (await import('./topics/demo-file.ts')).text(),
  'hand-over': async () => (await import('./topics/hand-over.ts')).text(),
  ci: async () => (await import('./topics/ci.ts')).text(),
}

export function define(command: Command, app: App): void {
  command.argument('[words...]', `a command, or one of: ${Object.keys(TOPICS).join(', ')}`)
  setExamples(command, [
    { line: 'crm help exit-codes', what: 'what each exit status means' },
    { line: 'crm help json', what: 'the JSON Schema of every answer' },
    { line: 'crm help demo-create', what: 'the same as crm demo-create --help' },
  ])
  command.action(
    action(app, 'help', async (words: string[]) => {
      const topic = words.join(' ')
      const load = TOPICS[topic]
      const text = load === undefined ? await helpOf(app, command, words) : await load()
      return done('crm.help/1', { topic, text } satisfies HelpAnswer, async () => (await import('../terminal/views/help.ts')).helpView)
    }),
  )
}

/** Help of a command, as its own `--help` prints it. */
async function helpOf(app: App, command: Command, words: readonly string[]): Promise<string> {
  const program = command.parent ?? command
  if (words.some((word) => !/^[a-z][a-z-]*$/.test(word)) || (words[0] !== undefined && findCommand(program, words[0]) === undefined)) {
    throw new CrmError('usage', `there is no help about ${words.join(' ').slice(0, 64)}`, {
      reason: `topics: ${Object.keys(TOPICS).join(', ')}`,
      hint: 'see all commands with: crm --help',
    })
  }
  // This command is complete already, and cannot be completed twice.
  if (words[0] === command.name()) return command.helpInformation()
  const { flags } = app.ui
  let text = ''
  app.helpSink = (part) => {
    text += part
  }
  try {
    await program.parseAsync([...words, '--help', ...(flags.json ? ['--json'] : [])], { from: 'user' })
  } catch (error) {
    // Printing help ends a parse by an exception of status 0.
    if ((error as { exitCode?: number }).exitCode !== 0) throw error
  } finally {
    app.helpSink = undefined
  }
  return text
}

function findCommand(program: Command, name: string): Command | undefined {
  return program.commands.find((command) => command.name() === name || command.aliases().includes(name))
}
