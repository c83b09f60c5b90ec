import type { OpenProfile } from './open-profile.ts'
import { ProfileAge } from './profile-age.ts'
import type { ProfileAudit } from './profile-audit.ts'
import type { ProfileDemos } from './profile-demos.ts'
import { ProfileIntegrations } from './profile-integrations.ts'
import type { ProfileSlots } from './profile-slots.ts'
import { ProfileTests } from './profile-tests.ts'
import { ProfileTokens } from './profile-tokens.ts'
import type { UnlockedVault } from './unlocked.ts'

/** One profile of an SQLite vault, unlocked: each topic has a class of its own. */
export class UnlockedProfile implements UnlockedVault {
  readonly #integrations: ProfileIntegrations
  readonly #tests: ProfileTests
  readonly #tokens: ProfileTokens
  #openedDemos: ProfileDemos | undefined
  readonly #age: ProfileAge

  constructor(readonly inside: OpenProfile) {
    this.#integrations = new ProfileIntegrations(inside)
    this.#tests = new ProfileTests(inside)
    this.#tokens = new ProfileTokens(inside)
    this.#age = new ProfileAge(inside)
  }

  get profile(): string {
    return this.inside.name
  }

  get openedBy(): UnlockedVault['openedBy'] {
    return this.inside.openedBy
  }

  get fingerprint(): string {
    return this.inside.log.fingerprint()
  }

  readonly open: UnlockedVault['open'] = (name) => this.#integrations.open(name)
  readonly openAll: UnlockedVault['openAll'] = (filter) => this.#integrations.openAll(filter)
  readonly reveal: UnlockedVault['reveal'] = (name, field) => this.#integrations.reveal(name, field)
  readonly handOver: UnlockedVault['handOver'] = (names, how) => this.#integrations.handOver(names, how)
  readonly takeOver: UnlockedVault['takeOver'] = (taken, how) => this.#integrations.takeOver(taken, how)
  readonly add: UnlockedVault['add'] = (drafts) => this.#integrations.add(drafts)
  readonly update: UnlockedVault['update'] = (name, revision, change) => this.#integrations.update(name, revision, change)
  readonly setActive: UnlockedVault['setActive'] = (name, active) => this.#integrations.setActive(name, active)
  readonly remove: UnlockedVault['remove'] = (name, options) => this.#integrations.remove(name, options)

  readonly recordTests: UnlockedVault['recordTests'] = (results) => this.#tests.recordTests(results)
  readonly newestTest: UnlockedVault['newestTest'] = (name) => this.#tests.newestTest(name)
  readonly testHistory: UnlockedVault['testHistory'] = (name) => this.#tests.testHistory(name)

  readonly readTokens: UnlockedVault['readTokens'] = (name) => this.#tokens.readTokens(name)
  readonly lockTokens: UnlockedVault['lockTokens'] = (name) => this.#tokens.lockTokens(name)
  readonly saveTokens: UnlockedVault['saveTokens'] = (name, issued, basedOn, event) => this.#tokens.saveTokens(name, issued, basedOn, event)

  readonly startDemoRun: UnlockedVault['startDemoRun'] = async (integration, slug, runId) =>
    (await this.#demos()).startDemoRun(integration, slug, runId)
  readonly startDemoRuns: UnlockedVault['startDemoRuns'] = async (demos, runId) => (await this.#demos()).startDemoRuns(demos, runId)
  readonly readDemo: UnlockedVault['readDemo'] = async (integration, slug) => (await this.#demos()).readDemo(integration, slug)
  readonly revealDemo: UnlockedVault['revealDemo'] = async (integration, slug) => (await this.#demos()).revealDemo(integration, slug)
  readonly forgetDamagedDemos: UnlockedVault['forgetDamagedDemos'] = async (slug) => (await this.#demos()).forgetDamagedDemos(slug)

  readonly keySlots: UnlockedVault['keySlots'] = async () => (await this.#slots()).keySlots()
  readonly addKeySlot: UnlockedVault['addKeySlot'] = async (kind, label, key) => (await this.#slots()).addKeySlot(kind, label, key)
  readonly share: UnlockedVault['share'] = async (recipient, label) => (await this.#slots()).share(recipient, label)
  readonly alteredMembers: UnlockedVault['alteredMembers'] = async () => (await this.#slots()).alteredMembers()
  readonly removeKeySlot: UnlockedVault['removeKeySlot'] = async (id) => (await this.#slots()).removeKeySlot(id)
  readonly replaceKeySlot: UnlockedVault['replaceKeySlot'] = async (id, label, key) => (await this.#slots()).replaceKeySlot(id, label, key)
  readonly keepOpen: UnlockedVault['keepOpen'] = async (until) => (await this.#slots()).keepOpen(until)
  readonly opensSlot: UnlockedVault['opensSlot'] = async (id, key) => (await this.#slots()).opensSlot(id, key)
  readonly rotate: UnlockedVault['rotate'] = async (keep, drop) => (await this.#slots()).rotate(keep, drop)

  readonly rename: UnlockedVault['rename'] = (name) => this.inside.rename(name)
  readonly record: UnlockedVault['record'] = (event, details, outcome) => this.inside.record(event, details, outcome)
  readonly audit: UnlockedVault['audit'] = async () => (await this.#audit()).audit()
  readonly replayAudit: UnlockedVault['replayAudit'] = async () => (await this.#audit()).replayAudit()
  readonly pruneAudit: UnlockedVault['pruneAudit'] = async (what) => (await this.#audit()).pruneAudit(what)
  readonly verify: UnlockedVault['verify'] = async () => (await this.#audit()).verify()

  async #demos(): Promise<ProfileDemos> {
    const { ProfileDemos } = await import('./profile-demos.ts')
    this.#openedDemos ??= new ProfileDemos(this.inside)
    return this.#openedDemos
  }

  /** Few commands replay the log or change keys; the others do not load what it takes. */
  async #audit(): Promise<ProfileAudit> {
    const { ProfileAudit } = await import('./profile-audit.ts')
    return new ProfileAudit(this.inside)
  }

  async #slots(): Promise<ProfileSlots> {
    const { ProfileSlots } = await import('./profile-slots.ts')
    return new ProfileSlots(this.inside)
  }

  /** A whole older copy of the file verifies in itself; what this machine saw last tells it. @throws {CrmError} `damaged`. */
  checkAge(): void {
    this.#age.checkAge()
  }

  /** Makes this copy the newest one known here, and says so in the audit log. */
  acceptOlder(): void {
    this.#age.acceptOlder()
  }

  /** Takes into the log what happened while the profile was locked: attempts that failed, a migration. */
  foldNotes(): void {
    this.#age.foldNotes()
  }

  lock(): void {
    this.inside.lock()
  }
}
