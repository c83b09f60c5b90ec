import type { OpenProfile } from './open-profile.ts'
import { INTEGRATION_COLUMNS, type SealedIntegrationRow } from './rows.ts'
import { requireRow } from './sealed-integrations.ts'
import { insertTestResult, newestTestResult, type TestRecord, testHistory } from './test-results.ts'

/** The results of the connection tests of an open profile. */
export class ProfileTests {
  constructor(readonly profile: OpenProfile) {}

  async recordTests(results: readonly ({ readonly name: string } & TestRecord)[]): Promise<void> {
    this.profile.change('save the test results', () =>
      results.flatMap(({ name, ...record }) => {
        const row = this.profile.database.get<SealedIntegrationRow>(
          `SELECT ${INTEGRATION_COLUMNS} FROM integrations WHERE profile_id = ? AND name = ? AND revision = ?`,
          this.profile.keys.profileId,
          name,
          record.revision,
        )
        if (row === undefined) return []
        insertTestResult(this.profile.database, row.id, record)
        return [{ event: 'integration.test', outcome: record.outcome, details: { id: row.id.toString('hex'), name, cause: record.cause } }]
      }),
    )
  }

  async newestTest(name: string): Promise<TestRecord | undefined> {
    return newestTestResult(this.profile.database, requireRow(this.profile.database, this.profile.keys.profileId, name).id)
  }

  async testHistory(name: string): Promise<readonly TestRecord[]> {
    return testHistory(this.profile.database, requireRow(this.profile.database, this.profile.keys.profileId, name).id)
  }
}
