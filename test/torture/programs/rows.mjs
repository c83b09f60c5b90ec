// Adds rows to a database with its log, and says so: `node rows.mjs <better-sqlite3> <file> <synchronous> <count>`.
import { writeSync } from 'node:fs'
import { createRequire } from 'node:module'

const [, , sqlite, file, synchronous, count] = process.argv
const database = new (createRequire(import.meta.url)(sqlite))(file)
database.pragma('journal_mode = WAL')
database.pragma(`synchronous = ${synchronous}`)
database.exec('CREATE TABLE rows (name TEXT)')
for (let index = 0; index < Number(count); index += 1) {
  database.prepare('INSERT INTO rows VALUES (?)').run(`row-${index}`)
  writeSync(1, `row-${index}\n`)
}
database.close()
