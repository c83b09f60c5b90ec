import { isAbsolute, parse } from 'node:path'

/**
 * The home directory: what the environment says, else the user database. Undefined where neither names one, as in a container whose
 * user has no name: nothing is written to the root directory then.
 */
export function homeOf(host: NodeJS.Process): string | undefined {
  const named = host.env.HOME || host.env.USERPROFILE
  return isHome(named) ? named : homeInDatabase(host)
}

function homeInDatabase(host: NodeJS.Process): string | undefined {
  try {
    const { homedir } = host.getBuiltinModule('node:os').userInfo()
    return isHome(homedir) ? homedir : undefined
  } catch {
    return undefined
  }
}

function isHome(path: string | undefined): path is string {
  return path !== undefined && isAbsolute(path) && parse(path).root !== path
}
