import type Database from 'better-sqlite3-multiple-ciphers'

/**
 * Raises the count of changes and puts the mark on a subject; only while the kiosk is in a fleet.
 * @param urgent whether somebody loses something by it: such changes go first
 */
export const mark = (kind: string, subject: string, urgent: string) => `
  UPDATE fleet_capture SET marks = marks + 1;
  INSERT INTO fleet_marks (kind, subject, sequence, urgent)
    VALUES ('${kind}', ${subject}, (SELECT marks FROM fleet_capture), ${urgent})
    ON CONFLICT (kind, subject) DO UPDATE
      SET sequence = excluded.sequence, urgent = excluded.urgent, announced = 0, stamped = 0;`

/** A trigger that marks, while the kiosk is in a fleet. */
export function trigger(table: string, event: string, marks: readonly string[]): string {
  const name = `fleet_${table}_${event.split(' ')[0]?.toLowerCase() ?? ''}`
  return `CREATE TRIGGER ${name} AFTER ${event} ON ${table}
WHEN (SELECT capturing FROM fleet_capture) = 1 BEGIN${marks.join('')}
END;`
}

const tables = `
CREATE TABLE fleet_capture (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  capturing INTEGER NOT NULL CHECK (capturing IN (0, 1)),
  marks INTEGER NOT NULL
) STRICT;
INSERT INTO fleet_capture (id, capturing, marks) VALUES (1, 0, 0);
CREATE TABLE fleet_memory (
  name TEXT PRIMARY KEY,
  body TEXT NOT NULL
) STRICT;
CREATE TABLE fleet_marks (
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  urgent INTEGER NOT NULL CHECK (urgent IN (0, 1)),
  announced INTEGER NOT NULL DEFAULT 0 CHECK (announced IN (0, 1)),
  stamped INTEGER NOT NULL DEFAULT 0 CHECK (stamped IN (0, 1)),
  PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX fleet_marks_in_order ON fleet_marks (urgent DESC, sequence);
CREATE TABLE fleet_known (
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  version INTEGER NOT NULL,
  hash BLOB NOT NULL,
  deleted INTEGER NOT NULL CHECK (deleted IN (0, 1)),
  mine INTEGER NOT NULL CHECK (mine IN (0, 1)),
  edits TEXT NOT NULL DEFAULT '{}',
  pass INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;
CREATE TABLE fleet_waiting (
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  needs_kind TEXT NOT NULL,
  needs_subject TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX fleet_waiting_by_need ON fleet_waiting (needs_kind, needs_subject);
CREATE TABLE fleet_told (
  person_id TEXT NOT NULL,
  kiosk TEXT NOT NULL,
  edit INTEGER NOT NULL,
  PRIMARY KEY (person_id, kiosk)
) STRICT, WITHOUT ROWID;
CREATE TABLE fleet_announcements (
  sequence INTEGER PRIMARY KEY,
  person_id TEXT NOT NULL,
  edit INTEGER NOT NULL
) STRICT;
CREATE TABLE fleet_duplicates (
  person_id TEXT NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
  other_id TEXT NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
  found_at_ms INTEGER NOT NULL,
  PRIMARY KEY (person_id, other_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX fleet_duplicates_by_other ON fleet_duplicates (other_id);
`

const face = (id: string, urgent: string) => [
  mark('template', id, urgent),
  mark('picture', id, urgent),
]
const PERSON_COLUMNS = 'name, active, valid_from_ms, valid_until_ms, retain_until_ms'
const PERSON_LOSES = 'NEW.active = 0'

const triggers = [
  trigger('persons', 'INSERT', [mark('person', 'NEW.id', '0')]),
  trigger('persons', `UPDATE OF ${PERSON_COLUMNS}`, [mark('person', 'NEW.id', PERSON_LOSES)]),
  trigger('persons', 'DELETE', [mark('person', 'OLD.id', '1')]),
  trigger('person_groups', 'INSERT', [mark('person', 'NEW.person_id', '0')]),
  trigger('person_groups', 'DELETE', [mark('person', 'OLD.person_id', '1')]),
  trigger('groups', 'INSERT', [mark('group', 'NEW.id', '0')]),
  trigger('groups', 'UPDATE OF name', [mark('group', 'NEW.id', '0')]),
  trigger('groups', 'DELETE', [mark('group', 'OLD.id', '1')]),
  trigger('schedules', 'INSERT', [mark('schedule', 'NEW.group_id', '1')]),
  trigger('schedules', 'UPDATE OF body', [mark('schedule', 'NEW.group_id', '1')]),
  trigger('schedules', 'DELETE', [mark('schedule', 'OLD.group_id', '1')]),
  trigger('templates', 'INSERT', face('NEW.id', '0')),
  trigger('templates', 'UPDATE', face('NEW.id', '0')),
  trigger('templates', 'DELETE', face('OLD.id', '1')),
  trigger('consents', 'INSERT', [mark('consent', 'NEW.id', '0')]),
  trigger('consents', 'DELETE', [mark('consent', 'OLD.id', '1')]),
  trigger('negatives', 'INSERT', [mark('negative', 'NEW.id', '1')]),
  trigger('negatives', 'DELETE', [mark('negative', 'OLD.id', '0')]),
  trigger('admin_tokens', 'INSERT', [mark('token', 'NEW.id', '0')]),
  trigger('admin_tokens', 'UPDATE OF secret_hash, salt', [mark('token', 'NEW.id', '0')]),
  trigger('admin_tokens', 'DELETE', [mark('token', 'OLD.id', '1')]),
]

/**
 * What a kiosk keeps of its fleet. The triggers mark in the same transaction whatever changes here, by
 * whichever process, so that no change can be written and not be handed on.
 */
export function addReplicaTables(database: Database.Database): void {
  database.exec(tables)
  for (const sql of triggers) database.exec(sql)
}
