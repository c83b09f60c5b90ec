import { closeSync, openSync, readSync, statfsSync } from 'node:fs'
import { NETWORK_FILE_SYSTEMS } from './file.ts'

/** Of an SQLite file: its header, and where the format of a vault stands in it. */
const HEADER_BYTES = 100
const USER_VERSION_OFFSET = 60

/** Other types of file systems, for people. */
const LOCAL_FILE_SYSTEMS: Readonly<Record<number, string>> = {
  61267: 'ext4',
  1481003842: 'XFS',
  2435016766: 'Btrfs',
  801189825: 'ZFS',
  4076150800: 'F2FS',
  2035054128: 'overlay',
  16914836: 'tmpfs',
  1702057286: 'FUSE',
  26: 'APFS',
}

/** The file system that a path is on. `shares` tells that several machines may use it, which a vault cannot stand. */
export function fileSystemOf(path: string): { readonly name: string; readonly shares: boolean } {
  try {
    const { type } = statfsSync(path)
    const network = NETWORK_FILE_SYSTEMS[type]
    return { name: network ?? LOCAL_FILE_SYSTEMS[type] ?? `type 0x${type.toString(16)}`, shares: network !== undefined }
  } catch {
    return { name: 'unknown', shares: false }
  }
}

/** The format that stands in the header of a vault; 0 where its first transaction is still in the write-ahead log. */
export function formatInHeader(path: string): number {
  const descriptor = openSync(path, 'r')
  try {
    const header = Buffer.alloc(HEADER_BYTES)
    return readSync(descriptor, header, 0, HEADER_BYTES, 0) < HEADER_BYTES ? 0 : header.readUInt32BE(USER_VERSION_OFFSET)
  } finally {
    closeSync(descriptor)
  }
}
