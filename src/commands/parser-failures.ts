import { CrmError } from '../core/errors.ts'

/**
 * What commander throws, in our words: its texts repeat what was typed, which may be a secret.
 * @param group the words before the one that is no command: `['vault']` for `crm vault verfy`.
 */
export function fromParser(code: string, message: string, command = 'help', group: readonly string[] = []): CrmError {
  const hint = `see what is possible with: crm ${command === 'help' ? '' : `${command} `}--help`
  switch (code) {
    case 'commander.unknownOption': {
      // Of `-psecret` the first letter is the option.
      const flag = /'(--[^'=]*|-.)/.exec(message)?.[1] ?? ''
      const suggestion = /Did you mean (--?[a-z-]+)/.exec(message)?.[1]
      return new CrmError('usage', `unknown option ${flag}`, { hint: suggestion === undefined ? hint : `did you mean ${suggestion}?` })
    }
    case 'commander.unknownCommand': {
      const meant = /Did you mean (?:one of )?([a-z, -]+)\?/.exec(message)?.[1]?.split(', ')
      const name = /'([^']*)/.exec(message)?.[1] ?? ''
      return new CrmError('usage', `unknown command ${name.slice(0, 64)}`, {
        hint: meant === undefined ? hint : `did you mean: ${meant.map((word) => ['crm', ...group, word].join(' ')).join(', or: ')}`,
      })
    }
    case 'commander.excessArguments': {
      const [, expected = '0', received = '?'] = /Expected (\d+) arguments? but got (\d+)/.exec(message) ?? []
      return new CrmError('usage', `too many arguments: expected ${expected}, got ${received}`, { hint })
    }
    case 'commander.help':
      return new CrmError('usage', 'this needs one of its commands', { hint })
    case 'commander.missingArgument':
      return new CrmError('usage', `missing argument: ${/'([^']*)/.exec(message)?.[1] ?? ''}`, { hint })
    case 'commander.optionMissingArgument':
      return new CrmError('usage', `the option ${/'([^' ]*)/.exec(message)?.[1] ?? ''} needs a value`, { hint })
    case 'commander.missingMandatoryOptionValue':
      return new CrmError('usage', `the option ${/'([^' ]*)/.exec(message)?.[1] ?? ''} is required`, { hint })
    case 'commander.conflictingOption':
      return new CrmError(
        'usage',
        `these options exclude each other: ${[...message.matchAll(/'([^' =]*)/g)].map((match) => match[1]).join(', ')}`,
        { hint },
      )
    default:
      return new CrmError('usage', 'the command line is not valid', { hint })
  }
}
