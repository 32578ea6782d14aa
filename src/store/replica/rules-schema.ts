import type Database from 'better-sqlite3-multiple-ciphers'

import { mark, trigger } from './schema.js'

const tables = `
CREATE TABLE encodings (
  template_id TEXT NOT NULL REFERENCES templates (id) ON DELETE CASCADE,
  model_id TEXT NOT NULL,
  vector BLOB NOT NULL,
  PRIMARY KEY (template_id, model_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX encodings_by_subject ON encodings (template_id || '.' || model_id);
CREATE TABLE fleet_doors (
  kiosk TEXT PRIMARY KEY,
  admits TEXT NOT NULL
) STRICT;
CREATE TABLE fleet_rollouts (
  id TEXT PRIMARY KEY CHECK (id = 'encoder'),
  body TEXT NOT NULL
) STRICT;
`

const encoding = (row: string) => `${row}.template_id || '.' || ${row}.model_id`

const triggers = [
  trigger('encodings', 'INSERT', [mark('encoding', encoding('NEW'), '0')]),
  trigger('encodings', 'UPDATE OF vector', [mark('encoding', encoding('NEW'), '0')]),
  trigger('encodings', 'DELETE', [mark('encoding', encoding('OLD'), '1')]),
  // Whom a door admits is taken from somebody as often as given to somebody.
  trigger('fleet_doors', 'INSERT', [mark('door', 'NEW.kiosk', '1')]),
  trigger('fleet_doors', 'UPDATE OF admits', [mark('door', 'NEW.kiosk', '1')]),
  trigger('fleet_doors', 'DELETE', [mark('door', 'OLD.kiosk', '1')]),
  trigger('fleet_rollouts', 'INSERT', [mark('rollout', 'NEW.id', '0')]),
  trigger('fleet_rollouts', 'UPDATE OF body', [mark('rollout', 'NEW.id', '0')]),
  trigger('fleet_rollouts', 'DELETE', [mark('rollout', 'OLD.id', '0')]),
]

/** Templates as other encoders see the same pictures, whom each door admits, and which encoder it uses. */
export function addFleetRules(database: Database.Database): void {
  database.exec(tables)
  for (const sql of triggers) database.exec(sql)
}
