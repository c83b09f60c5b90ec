/**
 * `crm-vault` as a library: everything the commands do, without a terminal.
 * Start with {@link resolveCredentials}, or {@link openVault} and its `unlock`.
 */

export type { DemoPlan, DemoPlanStep, FieldChange } from './chatwoot/demo-plan.ts'
export type { Answer, DemoCreateAnswer, DemoRemoveAnswer, TestResult } from './core/answers.ts'
export type { DemoJournal, DemoRecord, DemoRequest, DemoSecrets, DemoStatus, DemoSummary, JournalEntry } from './core/demo.ts'
export { CrmError, type CrmErrorOptions, type ErrorCode, EXIT_STATUS, type Problem } from './core/errors.ts'
export type { Field, SettingValue, StoredValues, Values } from './core/field.ts'
export type { RawValues } from './core/field-values.ts'
export type {
  ApiAccess,
  Assertion,
  Authorization,
  Capture,
  Captured,
  Grant,
  TokenAnswer,
  TokenEndpoint,
  TokenRefusal,
  TokenSource,
  Tokens,
} from './core/grant.ts'
export type { Integration, LastTest, Source } from './core/integration.ts'
export type { Clock, Http, HttpRequest, HttpResponse } from './core/ports.ts'
export {
  type AuthMethod,
  type Check,
  defineProvider,
  type Identity,
  type Provider,
  type Refusal,
  type TestReport,
  type TestTools,
  type Warning,
} from './core/provider.ts'
export { Secret } from './core/secret.ts'
export { generateRawKey } from './crypto/raw-key.ts'
export type { HttpClient, HttpOptions } from './http/http.ts'
export { type ProxyRules, proxyRules, type TunnelProxy } from './http/proxy-rules.ts'
export { applyDemo, type DemoOptions, planDemo, removeDemo } from './library/demos.ts'
export { createHttp } from './library/http.ts'
export { type OpenVaultOptions, openVault } from './library/open-vault.ts'
export { type Credentials, type ResolveOptions, resolveCredentials } from './library/resolve-credentials.ts'
export type { GivenTarget, LibraryTarget, StoredTarget } from './library/targets.ts'
export { type TestOptions, testAll, testIntegration } from './library/test-integration.ts'
export { type Key, keysFromEnvironment, keysOf, unlockKeyOf, type VaultLocation } from './library/world.ts'
export { findProvider, providers } from './providers/index.ts'
export type { FirstKey } from './vault/create-profile.ts'
export type { KeySlotInfo, KeySources } from './vault/key-slots.ts'
export type { NewIntegration } from './vault/sealed-integrations.ts'
export type { DemoRun, OpenedIntegration, UnlockedVault } from './vault/unlocked.ts'
export type { ProfileInfo, ProviderStats, Vault } from './vault/vault.ts'
