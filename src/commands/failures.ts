import { CrmError } from '../core/errors.ts'

const DISK_ERRORS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EROFS: 'the file system is read-only',
  EACCES: 'permission was denied',
  EPERM: 'permission was denied',
  EIO: 'the disk reported an error',
  ENOTDIR: 'a part of the path is not a directory',
  EISDIR: 'it is a directory',
  ENOENT: 'it does not exist',
  EMFILE: 'too many files are open',
}

/** Whatever was thrown, as an error of the one table. What nobody named is `internal`, without its text. */
export function toCrmError(thrown: unknown): CrmError {
  if (thrown instanceof CrmError) return thrown
  if (thrown instanceof Error) {
    const { code, syscall, path } = thrown as NodeJS.ErrnoException
    const disk = code === undefined ? undefined : (DISK_ERRORS[code] ?? (path === undefined ? undefined : `the system answered ${code}`))
    if (disk !== undefined && syscall !== undefined) {
      return new CrmError('io_failed', `could not ${syscall} ${path ?? 'a file'}: ${disk}`, { cause: thrown })
    }
  }
  return new CrmError('internal', 'crm met an error that it does not know', {
    reason: thrown instanceof Error ? thrown.name : typeof thrown,
    hint: 'run the command again with -v -v and report what it prints',
    cause: thrown,
  })
}

/** What commander throws, in our words: its texts repeat what was typed, which may be a secret. */
export function fromParser(code: string, message: string, command = 'help'): CrmError {
  const hint = `see what is possible with: crm ${command === 'help' ? '' : `${command} `}--help`
  switch (code) {
    case 'commander.unknownOption': {
      // Of `-psecret` the first letter is the option.
      const flag = /'(--[^'=]*|-.)/.exec(message)?.[1] ?? ''
      const suggestion = /Did you mean (--?[a-z-]+)/.exec(message)?.[1]
      return new CrmError('usage', `unknown option ${flag}`, { hint: suggestion === undefined ? hint : `did you mean ${suggestion}?` })
    }
    case 'commander.unknownCommand': {
      const suggestion = /Did you mean (?:one of )?([a-z, -]+)\?/.exec(message)?.[1]
      const name = /'([^']*)/.exec(message)?.[1] ?? ''
      return new CrmError('usage', `unknown command ${name.slice(0, 64)}`, {
        hint: suggestion === undefined ? hint : `did you mean: crm ${suggestion}`,
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
