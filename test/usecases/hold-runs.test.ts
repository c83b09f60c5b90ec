import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { CrmError } from '../../src/core/errors.ts'
import { holdRuns } from '../../src/usecases/hold-runs.ts'
import type { DemoRun } from '../../src/vault/unlocked.ts'
import { until } from '../support/until.ts'
import { draft, newVault } from '../support/vault.ts'

const NEVER = new AbortController().signal

test('a limit longer than any timer does not end the run at once', async () => {
  const held = holdRuns({ clock: Date.now, signal: NEVER, deadlineMs: Date.now() + 365 * 86_400_000, limitMs: 365 * 86_400_000 }, [])
  // An overflowing timer rings after 1 ms.
  await sleep(20)
  expect(held.signal.aborted).toBe(false)
  await held.end()
})

test('when the time is up the run is told so, with a longer limit as the advice', async () => {
  const held = holdRuns({ clock: Date.now, signal: NEVER, deadlineMs: Date.now() + 5, limitMs: 60 }, [])
  await until(() => held.signal.aborted)
  expect(held.signal.reason).toMatchObject({
    code: 'unreachable',
    message: 'not done within 60 ms',
    hint: expect.stringContaining('--timeout'),
  })
  await held.end()
})

test('a cancellation reaches the run, also one that came before', async () => {
  const stop = new AbortController()
  const deadlineMs = Date.now() + 60_000
  const held = holdRuns({ clock: Date.now, signal: stop.signal, deadlineMs, limitMs: 60_000 }, [])
  stop.abort(new CrmError('cancelled', 'interrupted'))
  const later = holdRuns({ clock: Date.now, signal: stop.signal, deadlineMs, limitMs: 60_000 }, [])
  for (const run of [held, later]) {
    expect(run.signal.reason).toMatchObject({ code: 'cancelled' })
    await run.end()
  }
})

test('P11 the end gives every run back, so that the next one begins at once', async () => {
  const { unlocked } = await newVault()
  await unlocked.add([draft('acme')])
  const runs: DemoRun[] = []
  for (const slug of ['one', 'two']) runs.push(await unlocked.startDemoRun('acme', slug, `run-of-${slug}`))
  const held = holdRuns({ clock: Date.now, signal: NEVER, deadlineMs: Date.now() + 60_000, limitMs: 60_000 }, runs)
  await expect(unlocked.startDemoRun('acme', 'one', 'another')).rejects.toMatchObject({ code: 'conflict' })
  await held.end()
  for (const slug of ['one', 'two']) await (await unlocked.startDemoRun('acme', slug, `next-of-${slug}`)).end()
})
