import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BuiltPackage } from '../build.ts'
import { type Bench, peakMemory, type Run } from '../measure.ts'
import { overNothing, type Row } from '../row.ts'
import { makeVault } from '../vaults.ts'

const MANY = 10_000

/** An empty vault, and a file of many integrations beside it. */
async function importing(bench: Bench, built: BuiltPackage): Promise<Run & { readonly after: () => void }> {
  const vault = await makeVault(bench, built, 0)
  const file = join(vault.stateDirectory, 'many.json')
  const integrations = Array.from({ length: MANY }, (_, index) => ({
    provider: 'chatwoot',
    name: `customer-${String(index).padStart(6, '0')}`,
    baseUrl: 'https://chat.example.com',
    accountId: String(index + 1),
    apiKey: `token-of-customer-${index}-0123456789abcdef`,
  }))
  writeFileSync(file, JSON.stringify({ format: 'crm-integrations/1', integrations }))
  return { words: [built.command, 'import', file], env: vault.env, after: vault.remove }
}

/** What handing over many integrations costs. */
export const rows: readonly Row[] = [
  {
    name: 'import-many',
    what: `crm import, ${MANY.toLocaleString('en')} integrations from plain JSON in one transaction / node`,
    bar: 12,
    measure: (bench, built) => overNothing(bench, () => importing(bench, built)),
  },
  {
    name: 'import-memory',
    what: `crm import, ${MANY.toLocaleString('en')} integrations from plain JSON: peak memory in MiB`,
    bar: 120,
    async measure(bench, built) {
      const kib = await peakMemory(bench, () => importing(bench, built))
      return { value: kib / 1024, detail: `${kib} KiB` }
    },
  },
]
