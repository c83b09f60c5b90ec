import type { VaultVerifyAnswer } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import type { VaultReport } from '../vault/verify.ts'

type Problem = VaultVerifyAnswer['problems'][number]

/**
 * Opens every row of several profiles. One that no key at hand opens does not keep the others from being verified, and is named.
 * @param verify opens a profile and verifies it.
 * @throws {CrmError} `locked`, `wrong_key` when none opens: nothing was verified then. `damaged` when the only one does not open.
 */
export async function verifyProfiles(
  profiles: readonly string[],
  verify: (profile: string) => Promise<VaultReport>,
): Promise<VaultVerifyAnswer> {
  const problems: Problem[] = []
  const verified: string[] = []
  const unverified: string[] = []
  let rows = 0
  let noKey: CrmError | undefined
  for (const profile of profiles) {
    try {
      const report = await verify(profile)
      rows += report.rows
      // The file is one for all profiles, and what is wrong with it is said once.
      const isFirst = verified.length === 0
      problems.push(...report.problems.filter(({ table }) => isFirst || table !== 'file').map((problem) => ({ profile, ...problem })))
      verified.push(profile)
    } catch (error) {
      if (!(error instanceof CrmError)) throw error
      if (error.code === 'locked' || error.code === 'wrong_key') {
        noKey ??= error
        unverified.push(profile)
      } else if (error.code === 'damaged' && profiles.length > 1) problems.push(notOpened(profile, error))
      else throw error
    }
  }
  if (noKey !== undefined && verified.length === 0 && problems.length === 0) throw noKey
  return { rows, problems, verified, unverified }
}

/** A profile whose keys are damaged is a problem like any other. */
function notOpened(profile: string, { message, hint }: CrmError): Problem {
  return {
    profile,
    table: 'profiles',
    name: profile,
    code: 'damaged',
    message,
    hint: hint ?? 'put a backup back: crm vault restore <file>',
  }
}
