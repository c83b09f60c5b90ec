/** `PRAGMA application_id` of a vault: "CRM1". */
export const APPLICATION_ID = 0x43524d31
/** `PRAGMA user_version` of the format that this program writes. */
export const FORMAT_VERSION = 2

const DEMOS_1 = `CREATE TABLE demos (
  id BLOB PRIMARY KEY CHECK (length(id) = 16),
  profile_id BLOB NOT NULL REFERENCES profiles (id) ON DELETE CASCADE,
  integration_id BLOB NOT NULL REFERENCES integrations (id),
  slug TEXT NOT NULL,
  generation INTEGER NOT NULL,
  revision INTEGER NOT NULL CHECK (revision > 0),
  name TEXT NOT NULL,
  account TEXT NOT NULL,
  channel TEXT NOT NULL CHECK (channel IN ('web', 'api')),
  status TEXT NOT NULL CHECK (status IN ('ready', 'partial', 'deleting', 'removed')),
  inbox_id TEXT,
  bot_id TEXT,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  sealed BLOB NOT NULL,
  UNIQUE (integration_id, slug)
) STRICT`

/** The tables of format 1. */
const FORMAT_1: readonly string[] = [
  `CREATE TABLE profiles (
  id BLOB PRIMARY KEY CHECK (length(id) = 16),
  name TEXT NOT NULL UNIQUE,
  generation INTEGER NOT NULL CHECK (generation > 0),
  audit_key INTEGER NOT NULL CHECK (audit_key > 0),
  audit_count INTEGER NOT NULL CHECK (audit_count >= 0),
  created_at TEXT NOT NULL
) STRICT`,
  `CREATE TABLE key_slots (
  id BLOB PRIMARY KEY CHECK (length(id) = 16),
  profile_id BLOB NOT NULL REFERENCES profiles (id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  label TEXT NOT NULL,
  kdf TEXT NOT NULL,
  generation INTEGER NOT NULL,
  wrapped BLOB NOT NULL,
  digest BLOB NOT NULL,
  created_at TEXT NOT NULL
) STRICT`,
  `CREATE INDEX key_slots_of_profile ON key_slots (profile_id)`,
  `CREATE TABLE integrations (
  id BLOB PRIMARY KEY CHECK (length(id) = 16),
  profile_id BLOB NOT NULL REFERENCES profiles (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  generation INTEGER NOT NULL,
  revision INTEGER NOT NULL CHECK (revision > 0),
  provider TEXT NOT NULL,
  definition TEXT NOT NULL,
  active INTEGER NOT NULL CHECK (active IN (0, 1)),
  settings TEXT NOT NULL CHECK (json_valid(settings)),
  secrets_set TEXT NOT NULL CHECK (json_valid(secrets_set)),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  last_outcome TEXT CHECK (last_outcome IN ('connected', 'failed')),
  last_cause TEXT,
  last_checked_at TEXT,
  last_latency_ms INTEGER,
  sealed BLOB NOT NULL,
  UNIQUE (profile_id, name)
) STRICT`,
  `CREATE TABLE test_results (
  sequence INTEGER PRIMARY KEY,
  integration_id BLOB NOT NULL REFERENCES integrations (id) ON DELETE CASCADE,
  revision INTEGER NOT NULL,
  checked_at_ms INTEGER NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('connected', 'failed')),
  cause TEXT,
  latency_ms INTEGER NOT NULL,
  report TEXT
) STRICT`,
  `CREATE INDEX test_results_of_integration ON test_results (integration_id, sequence)`,
  DEMOS_1,
  `CREATE INDEX demos_of_profile ON demos (profile_id, slug)`,
  `CREATE TABLE demo_steps (
  demo_id BLOB NOT NULL REFERENCES demos (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  run_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  action TEXT NOT NULL,
  state TEXT NOT NULL,
  digest TEXT NOT NULL,
  remote_id TEXT,
  at TEXT NOT NULL,
  PRIMARY KEY (demo_id, position)
) STRICT, WITHOUT ROWID`,
  `CREATE TABLE demo_runs (
  integration_id BLOB NOT NULL REFERENCES integrations (id) ON DELETE CASCADE,
  slug TEXT NOT NULL,
  run_id TEXT NOT NULL,
  host TEXT NOT NULL,
  pid INTEGER NOT NULL,
  process_started TEXT NOT NULL,
  lease_until_ms INTEGER NOT NULL,
  PRIMARY KEY (integration_id, slug)
) STRICT, WITHOUT ROWID`,
  `CREATE TABLE audit_keys (
  profile_id BLOB NOT NULL REFERENCES profiles (id) ON DELETE CASCADE,
  key_generation INTEGER NOT NULL CHECK (key_generation > 0),
  generation INTEGER NOT NULL,
  sealed BLOB NOT NULL,
  PRIMARY KEY (profile_id, key_generation)
) STRICT, WITHOUT ROWID`,
  `CREATE TABLE audit (
  profile_id BLOB NOT NULL REFERENCES profiles (id) ON DELETE CASCADE,
  sequence INTEGER NOT NULL CHECK (sequence > 0),
  at TEXT NOT NULL,
  event TEXT NOT NULL,
  actor TEXT NOT NULL,
  outcome TEXT NOT NULL,
  details TEXT NOT NULL,
  key_generation INTEGER NOT NULL,
  mac BLOB NOT NULL,
  PRIMARY KEY (profile_id, sequence)
) STRICT, WITHOUT ROWID`,
]

const ADDED_IN_2: readonly string[] = [
  `CREATE TABLE tokens (
  integration_id BLOB PRIMARY KEY REFERENCES integrations (id) ON DELETE CASCADE,
  profile_id BLOB NOT NULL REFERENCES profiles (id) ON DELETE CASCADE,
  generation INTEGER NOT NULL CHECK (generation > 0),
  revision INTEGER NOT NULL CHECK (revision > 0),
  integration_revision INTEGER NOT NULL CHECK (integration_revision > 0),
  expires_at_ms INTEGER,
  updated_at TEXT NOT NULL,
  sealed BLOB NOT NULL
) STRICT`,
  `CREATE TABLE token_locks (
  integration_id BLOB PRIMARY KEY REFERENCES integrations (id) ON DELETE CASCADE,
  host TEXT NOT NULL,
  pid INTEGER NOT NULL,
  process_started TEXT NOT NULL,
  lease_until_ms INTEGER NOT NULL
) STRICT`,
  `CREATE TABLE audit_checkpoints (
  profile_id BLOB PRIMARY KEY REFERENCES profiles (id) ON DELETE CASCADE,
  sequence INTEGER NOT NULL CHECK (sequence > 0),
  key_generation INTEGER NOT NULL CHECK (key_generation > 0),
  last_mac BLOB NOT NULL CHECK (length(last_mac) = 32),
  at TEXT NOT NULL,
  mac BLOB NOT NULL CHECK (length(mac) = 32)
) STRICT`,
]

/** The tables of format 2: those of format 1, when a demo may be swept, OAuth tokens, and what retention leaves of an audit log. */
const FORMAT_2: readonly string[] = [
  // As ALTER TABLE leaves the text of format 1, so that a migrated file reads like a new one.
  ...FORMAT_1.map((text) => (text === DEMOS_1 ? DEMOS_1.replace('sealed BLOB NOT NULL,', 'sealed BLOB NOT NULL, expires_at TEXT,') : text)),
  ...ADDED_IN_2,
]

/**
 * The tables of every format, in the exact text that SQLite keeps: on every open the file's schema must equal it, so that an
 * added trigger or view is noticed. Values we wrote are held to their types by STRICT and CHECK, so reads need no validation.
 * Secrets live in `sealed` columns alone.
 */
export const SCHEMAS: Readonly<Record<number, readonly string[]>> = { 1: FORMAT_1, 2: FORMAT_2 }

/** What makes a format of the one before it; the statements under `1` lead to format 2. */
export const MIGRATIONS: Readonly<Record<number, readonly string[]>> = {
  1: ['ALTER TABLE demos ADD COLUMN expires_at TEXT', ...ADDED_IN_2],
}
