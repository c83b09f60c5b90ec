import type { StatsAnswer } from '../../core/answers.ts'
import { type Column, renderTable } from '../table.ts'
import { counted, NOTHING, next, shown, type View, when, whole } from '../view.ts'

const COLUMNS: readonly Column[] = [
  { title: 'PROVIDER', importance: 3 },
  { title: 'TOTAL', importance: 2 },
  { title: 'ACTIVE', importance: 2 },
  { title: 'FAILING', importance: 2 },
  { title: 'LAST TEST', importance: 0 },
]

const KIB = 1024

/** A size for people: `512 B`, `96 KiB`, `1.4 MiB`. */
export function showBytes(bytes: number): string {
  if (bytes < KIB) return `${bytes} B`
  if (bytes < KIB * KIB) return `${Math.round(bytes / KIB)} KiB`
  return `${(bytes / KIB / KIB).toFixed(1)} MiB`
}

/** `crm stats`: one line for each provider; the vault and the demos under it. */
export const statsView: View<StatsAnswer> = async ({ profile, providers, vault, demos }, style) => {
  const rows = providers.map(({ provider, total, active, failing, lastTest }) => [
    { text: shown(provider, style) },
    { text: String(total) },
    { text: String(active) },
    failing === 0 ? { text: '0' } : { text: String(failing), paint: style.error },
    { text: lastTest === null ? NOTHING : `${lastTest.outcome}, ${when(lastTest.checkedAt, style)}` },
  ])
  const table = await renderTable(COLUMNS, rows, style)
  if (!style.terminal) return table
  const size = `vault ${whole(vault.path)}, ${showBytes(vault.bytes)}`
  if (rows.length === 0) return `No integrations in profile ${shown(profile, style)}; ${size}.${next('crm add', style)}`
  return `${table}\n\nprofile ${shown(profile, style)}, ${counted(demos.alive, 'demo')} alive\n${size}`
}
