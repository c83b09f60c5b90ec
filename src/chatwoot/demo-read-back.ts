import { CrmError } from '../core/errors.ts'
import { type DemoRun, lookUntil, type Track } from './demo-run.ts'
import { patience, type StepTools } from './demo-steps.ts'

/** The link is only believed after `GET .../agent_bot`: the call that sets it answers 200 to nearly everything. */
export async function readBackLink({ run, client }: StepTools, track: Track | undefined, inboxId: string, botId: string): Promise<void> {
  if (track === undefined) return
  const look = async () => ((await client.linkedBotId(inboxId)) === botId ? true : undefined)
  conclude(run, track, (await lookUntil(look, patienceOf(run, track))) === true, () => {
    const options = { reason: 'it took the request and did not carry it out', hint: 'look at the bot of the inbox in the dashboard' }
    return new CrmError('provider_error', `Chatwoot did not link the bot ${botId} to the inbox ${inboxId}`, options)
  })
}

/** The agents, too, are only believed after they are listed. */
export async function readBackAgents({ run, client, plan }: StepTools, track: Track | undefined, inboxId: string): Promise<void> {
  if (track === undefined) return
  const look = async () => {
    const members = await client.listMembers(inboxId)
    return plan.newMembers.every(({ id }) => members.some((member) => member.id === id)) ? true : undefined
  }
  conclude(run, track, (await lookUntil(look, patienceOf(run, track))) === true, () => {
    const options = {
      reason: 'it took the request and did not carry it out',
      hint: 'look at the collaborators of the inbox in the dashboard',
    }
    return new CrmError('provider_error', `Chatwoot did not add all agents to the inbox ${inboxId}`, options)
  })
}

function patienceOf(run: DemoRun, { outcome, error }: Track): number {
  return outcome === 'unknown' ? patience(run, error) : 0
}

/** Puts into the journal what a look has shown. @throws what the call ended with, or what the look makes of it. */
function conclude({ ledger }: DemoRun, track: Track, isThere: boolean, otherwise: () => CrmError): void {
  const failure = isThere ? undefined : (track.error ?? otherwise())
  track.outcome = isThere ? 'done' : 'failed'
  if (track.position !== undefined) ledger.note(track.position, isThere ? 'done' : 'failed', track.id)
  if (failure !== undefined) throw failure
}
