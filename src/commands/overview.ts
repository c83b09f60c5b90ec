import type { Command } from 'commander'
import type { HelpAnswer } from '../core/answers.ts'
import { type App, done } from './app.ts'

/** The names of a command. */
interface Named {
  readonly name: string
  readonly alias?: string
}

/** Bare `crm`: what it is, and the three commands most used. */
export async function overview(app: App, program: Command, entries: readonly Named[]): Promise<void> {
  const [unknown] = program.args
  if (unknown !== undefined) {
    // The parser leaves a word that is no command to this action.
    program.error(`error: unknown command '${unknown}'${nearest(unknown, entries)}`, { code: 'commander.unknownCommand' })
  }
  await app.run('help', async () =>
    done(
      'crm.help/1',
      { topic: '', text: OVERVIEW } satisfies HelpAnswer,
      async () => (await import('../terminal/views/help.ts')).helpView,
    ),
  )
}

const OVERVIEW = [
  'crm keeps CRM credentials encrypted, says truthfully whether each works, and',
  'provisions Chatwoot demos.',
  '',
  '  crm add chatwoot     add an integration: ask, test, save',
  '  crm test             test every active integration',
  '  crm demo-create --name "Acme Dental" --bot-url https://bot.example.com/hook',
  '                       an inbox and a bot, linked and proven',
  '',
  'See it work: crm tour    All commands: crm --help',
].join('\n')

function nearest(word: string, entries: readonly Named[]): string {
  const names = entries.flatMap((entry) => (entry.alias === undefined ? [entry.name] : [entry.name, entry.alias]))
  const [best] = names.map((name) => ({ name, distance: editDistance(word, name) })).sort((a, b) => a.distance - b.distance)
  return best !== undefined && best.distance <= Math.min(2, Math.floor(best.name.length / 2)) ? `\n(Did you mean ${best.name}?)` : ''
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      next[j] = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
