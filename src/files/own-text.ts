import { constants, readFileSync } from 'node:fs'

/**
 * The text of a small file of ours. Of a pipe in its place, what is in it: to wait for whoever writes into one is a wait that no signal ends.
 * @throws the error of the system.
 */
export function readOwnText(path: string): string {
  return readFileSync(path, { encoding: 'utf8', flag: constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) })
}
