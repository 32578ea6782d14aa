import type Database from 'better-sqlite3-multiple-ciphers'

import { searchForm } from './person.js'

const tables = `
ALTER TABLE persons ADD COLUMN search_name TEXT NOT NULL DEFAULT '';
ALTER TABLE persons ADD COLUMN valid_from_ms INTEGER;
ALTER TABLE persons ADD COLUMN valid_until_ms INTEGER;
ALTER TABLE persons ADD COLUMN retain_until_ms INTEGER;
ALTER TABLE persons ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
CREATE TABLE groups (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE person_groups (
  person_id TEXT NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
  group_id TEXT NOT NULL REFERENCES groups (id) ON DELETE RESTRICT,
  PRIMARY KEY (person_id, group_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX person_groups_by_group ON person_groups (group_id);
CREATE TABLE schedules (
  group_id TEXT PRIMARY KEY REFERENCES groups (id) ON DELETE CASCADE,
  body TEXT NOT NULL,
  version INTEGER NOT NULL
) STRICT;
CREATE TABLE consents (
  id TEXT PRIMARY KEY,
  person_id TEXT NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('given', 'withdrawn')),
  at_ms INTEGER NOT NULL,
  given_by TEXT,
  text_version TEXT NOT NULL,
  recorded_by TEXT NOT NULL,
  recorded_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX consents_by_person ON consents (person_id);
CREATE TABLE settings (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;
CREATE TABLE idempotency_keys (
  token_id TEXT NOT NULL,
  key TEXT NOT NULL,
  fingerprint BLOB NOT NULL,
  status INTEGER NOT NULL,
  location TEXT,
  body TEXT NOT NULL,
  person_id TEXT REFERENCES persons (id) ON DELETE CASCADE,
  created_at_ms INTEGER NOT NULL,
  PRIMARY KEY (token_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_by_person ON idempotency_keys (person_id);
CREATE TABLE negatives (
  id TEXT PRIMARY KEY,
  person_id TEXT NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
  other_id TEXT REFERENCES persons (id) ON DELETE CASCADE,
  model_id TEXT,
  vector BLOB,
  decision_id TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  CHECK (other_id IS NOT NULL OR vector IS NOT NULL)
) STRICT;
CREATE INDEX negatives_by_person ON negatives (person_id);
CREATE INDEX negatives_by_other ON negatives (other_id);
`

/** What is known of people beyond their faces, and what the desk needs to work with them. */
export function addPeopleTables(database: Database.Database): void {
  database.exec(tables)
  const rows = database.prepare<[], { id: string; name: string }>('SELECT id, name FROM persons')
  const update = database.prepare<[string, string]>(
    'UPDATE persons SET search_name = ? WHERE id = ?',
  )
  for (const { id, name } of rows.all()) update.run(searchForm(name), id)
}
