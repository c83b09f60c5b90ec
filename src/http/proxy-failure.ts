import type { TunnelProxy } from './proxy-rules.ts'

/** What went wrong between us and a proxy: before there was a way to the server. `failure.ts` says it in words. */
export class ProxyFailure extends Error {
  override readonly name = 'ProxyFailure'

  /** @param problem the status with which the proxy refused to connect, or the error of the connection to it. */
  constructor(
    readonly proxy: TunnelProxy,
    readonly problem: { readonly status: number } | { readonly error: unknown },
  ) {
    super('no tunnel', 'error' in problem ? { cause: problem.error } : undefined)
  }
}
