/** What was learnt on site, and pictures of grants that may become templates. */
export const learningTables = `
CREATE TABLE learnt_heads (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('projection', 'siamese')),
  previous_id TEXT REFERENCES learnt_heads (id),
  body TEXT NOT NULL,
  adopted_at_ms INTEGER NOT NULL,
  in_force INTEGER NOT NULL CHECK (in_force IN (0, 1))
) STRICT;
CREATE UNIQUE INDEX learnt_heads_in_force ON learnt_heads (kind) WHERE in_force = 1;
CREATE TABLE template_candidates (
  id TEXT PRIMARY KEY,
  person_id TEXT NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
  model_id TEXT NOT NULL,
  vector BLOB NOT NULL,
  quality REAL NOT NULL CHECK (quality BETWEEN 0 AND 1),
  distance_sq REAL NOT NULL,
  decision_id TEXT NOT NULL,
  seen_at_ms INTEGER NOT NULL,
  crop_png BLOB NOT NULL
) STRICT;
CREATE INDEX template_candidates_by_person ON template_candidates (person_id);
`
