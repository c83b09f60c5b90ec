import type { Command } from 'commander'
import { readCapturedRequest } from '../chatwoot/captured-request.ts'
import { checkSignature, type SignatureState } from '../chatwoot/signature.ts'
import type { ListenedDelivery, WebhookListenAnswer, WebhookVerifyAnswer } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import type { Field } from '../core/field.ts'
import { Secret } from '../core/secret.ts'
import { LAST_TIME_MS, parseDuration, toTimestamp } from '../core/time.ts'
import { refuseSeveralStdin } from '../terminal/key-sources.ts'
import { listenForDeliveries } from '../usecases/listen-deliveries.ts'
import { type App, action, done, type Outcome } from './app.ts'
import { addSecretFlags, type FieldFlags, readSecretFlag } from './field-flags.ts'
import { setExamples, setStatuses } from './help-format.ts'
import { readInputBytes } from './input-text.ts'
import { aborted, servingTime } from './serving-time.ts'
import { parseWholeNumber } from './whole-number.ts'

/** The secret of a bot, an API inbox or an account webhook: what Chatwoot signs with. */
const SECRET: Field = {
  key: 'secret',
  label: 'Secret of the bot or webhook',
  kind: 'text',
  sensitivity: 'secret',
  env: 'CHATWOOT_WEBHOOK_SECRET',
}

export function define(command: Command, app: App): void {
  setExamples(command, [
    { line: 'crm webhook verify --request captured.http --secret-env BOT_SECRET', what: 'is it what Chatwoot has sent?' },
    { line: 'crm webhook listen --forward-to http://127.0.0.1:3000/hook', what: 'show deliveries, pass them on' },
  ])
  setStatuses(command, [8, 10, 11])
  const verifying = command
    .command('verify')
    .description('Check the signature of a captured delivery')
    .option('--request <file>', 'the request as it came: headers, empty line, body (- reads standard input)')
    .option('--body <file>', 'its exact body alone (- reads standard input)')
    .option('--signature <text>', 'X-Chatwoot-Signature, with --body')
    .option('--timestamp <seconds>', 'X-Chatwoot-Timestamp, with --body')
    .option('--max-age <duration>', 'refuse one that is older, such as 5m', parseDuration)
  addSecretFlags(verifying, SECRET)
  verifying.action(action(app, 'webhook verify', (flags: VerifyFlags) => verify(app, flags)))
  const listening = command
    .command('listen')
    .description('Take deliveries on this machine, check them, pass them on')
    .option('--forward-to <url>', 'send each on to this address, and answer what it answers')
    .option('--port <n>', 'port on 127.0.0.1 (default: any free one)', (text: string) => parseWholeNumber(text, '--port', 0, 65_535))
    .option('--count <n>', 'end after so many', (text: string) => parseWholeNumber(text, '--count', 1, 1_000_000))
  addSecretFlags(listening, SECRET)
  listening.action(action(app, 'webhook listen', (flags: ListenFlags) => listen(app, flags)))
}

type VerifyFlags = FieldFlags & {
  readonly request?: string
  readonly body?: string
  readonly signature?: string
  readonly timestamp?: string
  readonly maxAge?: number
}

async function verify(app: App, flags: VerifyFlags): Promise<Outcome> {
  refuseOtherParts(flags)
  const secret = await readSecretFlag(app, SECRET, flags)
  if (secret === undefined) {
    throw new CrmError('usage', 'the secret is missing', {
      hint: 'give it with --secret-env <NAME>, --secret-file <path> or --secret-stdin',
    })
  }
  const { signature, timestamp, body } = await captured(app, flags)
  const nowMs = app.world.clock()
  const state = checkSignature({ signature, timestamp, body }, new Secret(secret), nowMs)
  const ageMs = isSeconds(timestamp) ? nowMs - Number(timestamp) * 1_000 : null
  const error = refusal(state, timestamp, ageMs, flags.maxAge)
  const data = {
    signature: state,
    // A sender may write any number: one that no time can name is no date.
    ...(ageMs === null || nowMs - ageMs > LAST_TIME_MS ? { signedAt: null, ageMs: null } : { signedAt: toTimestamp(nowMs - ageMs), ageMs }),
  } satisfies WebhookVerifyAnswer
  return done('crm.webhook-verify/1', data, async () => (await import('../terminal/views/webhook.ts')).webhookVerifyView, { error })
}

function isSeconds(timestamp: string | undefined): boolean {
  return timestamp !== undefined && /^\d{1,15}$/.test(timestamp)
}

/** A captured delivery is usually old: its age counts only where somebody says so. */
function refusal(
  state: SignatureState,
  timestamp: string | undefined,
  ageMs: number | null,
  maxAgeMs: number | undefined,
): CrmError | undefined {
  if (state === 'missing') {
    return new CrmError('checks_failed', 'the delivery is not signed', {
      reason: 'it has neither X-Chatwoot-Signature nor X-Chatwoot-Timestamp',
      hint: 'Chatwoot signs for bots since 4.13, for account webhooks since 4.12',
    })
  }
  if (state === 'invalid' && !isSeconds(timestamp)) {
    return new CrmError('checks_failed', 'the signature cannot fit without the timestamp', {
      reason: `X-Chatwoot-Timestamp ${timestamp === undefined ? 'is missing' : 'is no number of seconds'}, and is part of what is signed`,
      hint: 'give it as it was sent: --timestamp <seconds>, or all of the delivery with --request <file>',
    })
  }
  if (state === 'invalid') {
    return new CrmError('checks_failed', 'the signature does not fit', {
      reason: 'another secret, or the body is not exactly what was sent',
      hint: 'use the secret that the API shows for this very bot or webhook, and the body byte for byte',
    })
  }
  if (maxAgeMs === undefined || ageMs === null || Math.abs(ageMs) <= maxAgeMs) return undefined
  return new CrmError(
    'checks_failed',
    `the delivery is ${Math.round(Math.abs(ageMs) / 1_000)} s ${ageMs < 0 ? 'ahead of the clock' : 'old'}`,
    {
      reason: 'it may have been sent again by somebody who has seen it',
      hint: 'allow more with --max-age',
    },
  )
}

interface Captured {
  readonly signature: string | undefined
  readonly timestamp: string | undefined
  readonly body: Buffer
}

/** What is wrong with the flags is said before standard input is read, by which it would be used up. @throws {CrmError} `usage`. */
function refuseOtherParts({ request, body, secretStdin }: VerifyFlags): void {
  if ((request === undefined) === (body === undefined)) {
    throw new CrmError('usage', 'give the delivery with --request <file>, or its parts with --body <file>, --signature and --timestamp', {
      hint: 'crm webhook verify --request captured.http --secret-env BOT_SECRET',
    })
  }
  const fromStdin = [
    ...(secretStdin === true ? ['--secret-stdin'] : []),
    ...(request === '-' ? ['--request -'] : []),
    ...(body === '-' ? ['--body -'] : []),
  ]
  refuseSeveralStdin(fromStdin, 'give the secret with --secret-env <NAME> or --secret-file <path>')
}

async function captured(app: App, { request, body, signature, timestamp }: VerifyFlags): Promise<Captured> {
  if (request !== undefined) {
    const { headers, body: bytes } = readCapturedRequest(await readInputBytes(app, request, '--request'))
    return { signature: headers['x-chatwoot-signature'], timestamp: headers['x-chatwoot-timestamp'], body: bytes }
  }
  return { signature, timestamp, body: await readInputBytes(app, body ?? '-', '--body') }
}

type ListenFlags = FieldFlags & {
  readonly forwardTo?: string
  readonly port?: number
  readonly count?: number
}

async function listen(app: App, flags: ListenFlags): Promise<Outcome> {
  const forwardTo = forwardAddress(flags.forwardTo)
  const secret = await readSecretFlag(app, SECRET, flags)
  const { deliveryLine } = await import('../terminal/views/demo-verify.ts')
  const http = await app.http()
  const style = await app.ui.style()
  const deliveries: ListenedDelivery[] = []
  let stop = (): void => {}
  const enough = new Promise<void>((resolve) => {
    stop = resolve
  })
  const time = servingTime(app)
  const receiver = await listenForDeliveries(
    { http: http.request, clock: app.world.clock, signal: app.signal },
    {
      port: flags.port ?? 0,
      ...(forwardTo === undefined ? {} : { forwardTo }),
      ...(secret === undefined ? {} : { secret: new Secret(secret) }),
      onDelivery: (delivery) => {
        deliveries.push(delivery)
        if (!app.ui.flags.json) app.ui.print(deliveryLine(delivery, style))
        if (deliveries.length === flags.count) stop()
      },
    },
  )
  try {
    app.ui.note(`listening on ${receiver.url}; Ctrl-C stops it`)
    await Promise.race([enough, aborted(time.signal)])
  } finally {
    time.close()
    await receiver.close()
  }
  const data = { url: receiver.url, deliveries } satisfies WebhookListenAnswer
  const error = deliveries.length < (flags.count ?? 0) ? tooFew(app, deliveries.length, flags.count) : undefined
  return done('crm.webhook-listen/1', data, async () => (await import('../terminal/views/webhook.ts')).webhookListenView, { error })
}

/** Why less came than was waited for: whoever stops the wait is told so by the exit status, like everybody else. */
function tooFew(app: App, came: number, count: number | undefined): CrmError {
  if (app.signal.aborted && app.signal.reason instanceof CrmError) return app.signal.reason
  return new CrmError('unreachable', `${came} of ${count} deliveries came in the time of --timeout`, {
    hint: 'look whether the bot or webhook has the address that is printed, or give it more time: --timeout <duration>',
  })
}

function forwardAddress(text: string | undefined): URL | undefined {
  if (text === undefined) return undefined
  const url = URL.parse(text)
  if (url !== null && /^https?:$/.test(url.protocol)) return url
  throw new CrmError('usage', '--forward-to takes an http or https address', {
    hint: 'for example: --forward-to http://127.0.0.1:3000/hook',
  })
}
