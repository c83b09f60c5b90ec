import { CrmError } from '../core/errors.ts'
import type { Provider } from '../core/provider.ts'
import { refusalByStandard } from './refusal.ts'
import { Refused } from './token-request.ts'

/** What a failed exchange means: in the vendor's terms, or else in those of RFC 6749. Errors that are no refusal pass as they are. */
export async function explainRefusal(error: unknown, provider: Pick<Provider, 'refusal'>, values: never): Promise<unknown> {
  if (!(error instanceof Refused)) return error
  const { cause, message, hint } = (await provider.refusal?.(values, error.refusal)) ?? refusalByStandard(error.refusal)
  return new CrmError(cause, message, { hint })
}
