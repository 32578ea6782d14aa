import type Database from 'better-sqlite3-multiple-ciphers'

import { rolesAndSessions } from './access-schema.js'
import { learningTables } from './learning-schema.js'
import { addPeopleTables } from './people-schema.js'
import { addFleetRules } from './replica/rules-schema.js'
import { addReplicaTables } from './replica/schema.js'
import { StoreError } from './store-error.js'
import { styleJobsAndDisplay } from './style-schema.js'

/** One forward step of the schema. Steps are never changed once released; a new need is a new step. */
export interface Migration {
  /** 1, 2, 3, … without gaps; the database's `user_version` after the step. */
  readonly version: number
  readonly title: string
  readonly apply: (database: Database.Database) => void
}

const personsAndTemplates = `
CREATE TABLE persons (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  active INTEGER NOT NULL CHECK (active IN (0, 1)),
  created_at_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE templates (
  id TEXT PRIMARY KEY,
  person_id TEXT NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
  model_id TEXT NOT NULL,
  vector BLOB NOT NULL,
  quality REAL NOT NULL CHECK (quality BETWEEN 0 AND 1),
  source TEXT NOT NULL,
  enrolled_at_ms INTEGER NOT NULL,
  crop_png BLOB NOT NULL
) STRICT;
CREATE INDEX templates_by_person ON templates (person_id);
`

const decisionsAndOutbox = `
CREATE TABLE decisions (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  decided_at_ms INTEGER NOT NULL,
  door TEXT NOT NULL,
  outcome TEXT NOT NULL,
  reason TEXT,
  person_id TEXT,
  body TEXT NOT NULL,
  delivery TEXT NOT NULL DEFAULT 'pending' CHECK (delivery IN ('pending', 'delivered', 'abandoned')),
  delivered_at_ms INTEGER
) STRICT;
CREATE INDEX decisions_by_outcome ON decisions (outcome, reason, sequence);
CREATE TRIGGER decisions_are_history
  BEFORE UPDATE OF sequence, id, decided_at_ms, door, outcome, reason, person_id, body ON decisions
  BEGIN SELECT RAISE(ABORT, 'a decision is never changed'); END;
CREATE TABLE outbox (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  message_id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  body TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE counters (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT;
`

const tokensAndAudit = `
CREATE TABLE admin_tokens (
  id TEXT PRIMARY KEY,
  label TEXT NOT NULL,
  secret_hash BLOB NOT NULL,
  created_at_ms INTEGER NOT NULL,
  last_used_at_ms INTEGER
) STRICT;
CREATE TABLE audit (
  sequence INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject_id TEXT,
  previous_hash BLOB NOT NULL,
  hash BLOB NOT NULL
) STRICT;
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
  BEGIN SELECT RAISE(ABORT, 'an audit row is never changed'); END;
CREATE TRIGGER audit_is_never_shortened BEFORE DELETE ON audit
  BEGIN SELECT RAISE(ABORT, 'an audit row is never removed'); END;
CREATE TABLE audit_head (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  sequence INTEGER NOT NULL,
  hash BLOB NOT NULL
) STRICT;
`

const doorAndCommands = `
CREATE TABLE door_events (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  at_ms INTEGER NOT NULL,
  door TEXT NOT NULL,
  kind TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE TABLE commands_seen (
  id TEXT PRIMARY KEY,
  seen_at_ms INTEGER NOT NULL,
  answer TEXT
) STRICT;
CREATE TABLE memory (
  name TEXT PRIMARY KEY,
  body TEXT NOT NULL
) STRICT;
CREATE TABLE persons_inside (
  person_id TEXT PRIMARY KEY REFERENCES persons (id) ON DELETE CASCADE,
  entered_at_ms INTEGER NOT NULL
) STRICT;
INSERT INTO counters (name, value)
  SELECT 'outbox-bytes', coalesce(sum(octet_length(body)), 0) FROM outbox;
CREATE TRIGGER outbox_grows AFTER INSERT ON outbox BEGIN
  UPDATE counters SET value = value + octet_length(NEW.body) WHERE name = 'outbox-bytes';
END;
CREATE TRIGGER outbox_shrinks AFTER DELETE ON outbox BEGIN
  UPDATE counters SET value = value - octet_length(OLD.body) WHERE name = 'outbox-bytes';
END;
`

/** Every step from an empty file to today's schema. */
export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    title: 'persons and templates',
    apply: (database) => database.exec(personsAndTemplates),
  },
  {
    version: 2,
    title: 'decisions and outbox',
    apply: (database) => database.exec(decisionsAndOutbox),
  },
  {
    version: 3,
    title: 'admin tokens and audit',
    apply: (database) => database.exec(tokensAndAudit),
  },
  {
    version: 4,
    title: 'token roles and console sessions',
    apply: (database) => database.exec(rolesAndSessions),
  },
  {
    version: 5,
    title: 'door, commands and the size of the outbox',
    apply: (database) => database.exec(doorAndCommands),
  },
  {
    version: 6,
    title: 'validity, groups, schedules, consents, settings, negative examples',
    apply: addPeopleTables,
  },
  {
    version: 7,
    title: 'style jobs and the idle picture of the display',
    apply: (database) => database.exec(styleJobsAndDisplay),
  },
  {
    version: 8,
    title: 'what was learnt on site, and pictures of grants that may become templates',
    apply: (database) => database.exec(learningTables),
  },
  {
    version: 9,
    title: 'what a kiosk keeps of its fleet',
    apply: addReplicaTables,
  },
  {
    version: 10,
    title: 'templates of several encoders, whom each door admits, roll-outs',
    apply: addFleetRules,
  },
]

/** The `user_version` of a database. */
export function schemaVersion(database: Database.Database): number {
  return Number(database.pragma('user_version', { simple: true }))
}

/**
 * Brings a database forward, each step in its own transaction, so a crash leaves a whole version.
 * @returns the version it came from
 * @throws StoreError `newer-schema` when a newer genkan wrote it
 */
export function migrate(
  database: Database.Database,
  migrations: readonly Migration[] = MIGRATIONS,
): number {
  const from = schemaVersion(database)
  const latest = migrations.at(-1)?.version ?? 0
  if (from > latest) {
    throw new StoreError({
      code: 'newer-schema',
      what: `the database has schema ${from}, this genkan knows ${latest}`,
      cure: 'run the newer genkan again, or restore a backup made by this version',
    })
  }
  for (const migration of migrations) {
    if (migration.version <= from) continue
    database
      .transaction(() => {
        migration.apply(database)
        database.pragma(`user_version = ${migration.version}`)
      })
      .immediate()
  }
  return from
}
