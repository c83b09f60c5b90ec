import { lstatSync, renameSync, rmSync } from 'node:fs'

/** Device and inode of what is at a path; empty when there is nothing. */
export function fileAt(path: string): string {
  const entry = lstatSync(path, { throwIfNoEntry: false })
  return entry === undefined ? '' : `${entry.dev} ${entry.ino}`
}

/**
 * Takes what SQLite keeps beside a vault out of the way of another file in its place: it would replay the log of the one into the other.
 * A log that may hold commits is kept: as `<to>-wal`, or under the number of its file.
 */
export function setLogAside(path: string, to?: string): void {
  for (const suffix of ['-wal', '-journal', '-shm']) {
    const left = lstatSync(`${path}${suffix}`, { throwIfNoEntry: false })
    if (left === undefined) continue
    if (left.size > 0 && suffix !== '-shm') renameSync(`${path}${suffix}`, `${to ?? `${path}.lost-${left.ino}`}${suffix}`)
    else rmSync(`${path}${suffix}`, { force: true })
  }
}
