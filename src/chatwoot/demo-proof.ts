/** What a journal proves without asking the server: which bot serves an inbox, and that its agents have it. Pure. */
import { hash } from 'node:crypto'
import type { DemoRecord } from '../core/demo.ts'
import { writes } from './client.ts'
import { type Adopted, digestOf } from './demo-journal.ts'

/** The proof that a bot serves an inbox: the request that lets it do so. */
export function linkProof(accountId: string, inboxId: string, botId: string): Required<Adopted> {
  return { kind: 'link', remoteId: inboxId, digest: digestOf(writes.setBot(accountId, inboxId, botId)) }
}

/** The proof that an inbox has agents, by their addresses. */
export function agentsProof(inboxId: string, agents: readonly string[]): Required<Adopted> {
  const digest = hash('sha256', agents.toSorted().join('\n'), 'hex')
  return { kind: 'agents', remoteId: inboxId, digest }
}

/** Whether the newest word of a journal on such a step of an inbox is this proof. Whatever came after it takes it back. */
export function isProven(record: DemoRecord | undefined, { kind, remoteId, digest }: Required<Adopted>): boolean {
  const newest = (record?.journal ?? []).findLast((entry) => entry.kind === kind && entry.remoteId === remoteId)
  return newest?.state === 'done' && newest.action !== 'delete' && newest.digest === digest
}
