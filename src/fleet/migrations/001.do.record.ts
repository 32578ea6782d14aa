/**
 * The fleet's record: who is in it, and one row a subject, as ciphertext. A row moves to the end of the
 * line (`seq`) whenever it changes, so that a kiosk that was away reads each subject once.
 */
export function generateSql(): string {
  return `
CREATE TABLE fleet (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  id text NOT NULL,
  generation integer NOT NULL,
  seq bigint NOT NULL,
  commit_id text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE fleet_record (
  subject bytea PRIMARY KEY,
  kind text NOT NULL,
  version bigint NOT NULL,
  deleted boolean NOT NULL,
  generation integer NOT NULL,
  ciphertext bytea NOT NULL,
  keyed_hash bytea NOT NULL,
  author text NOT NULL,
  seq bigint NOT NULL
);
ALTER TABLE fleet_record ALTER COLUMN ciphertext SET STORAGE EXTERNAL;
CREATE INDEX fleet_record_feed ON fleet_record (seq) WHERE kind <> 'picture';
CREATE TABLE fleet_commit (
  seq bigint PRIMARY KEY,
  id text NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE fleet_member (
  id text PRIMARY KEY,
  name text NOT NULL,
  box_key bytea NOT NULL,
  sign_key bytea NOT NULL,
  generation integer NOT NULL,
  mac bytea NOT NULL,
  removed boolean NOT NULL DEFAULT false,
  joined_at timestamptz NOT NULL DEFAULT now(),
  seen_at timestamptz,
  status jsonb
);
CREATE TABLE fleet_rotation (
  generation integer PRIMARY KEY,
  statement text NOT NULL,
  signature bytea NOT NULL
);
CREATE TABLE fleet_key (
  generation integer NOT NULL,
  member text NOT NULL,
  sealed bytea NOT NULL,
  PRIMARY KEY (generation, member)
);
CREATE TABLE fleet_invitation (
  id text PRIMARY KEY,
  sealed bytea NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE TABLE fleet_decision (
  id text NOT NULL,
  decided_on date NOT NULL,
  decided_at timestamptz NOT NULL,
  door text NOT NULL,
  outcome text NOT NULL,
  reason text,
  person_id text,
  kiosk text NOT NULL,
  body jsonb NOT NULL,
  PRIMARY KEY (decided_on, id)
) PARTITION BY RANGE (decided_on);
CREATE TABLE fleet_audit (
  kiosk text NOT NULL,
  sequence bigint NOT NULL,
  generation integer NOT NULL,
  ciphertext bytea NOT NULL,
  PRIMARY KEY (kiosk, sequence)
);
`
}
