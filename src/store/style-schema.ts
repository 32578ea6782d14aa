/** Pictures painted in another's style, and what the display at the door shows while it waits. */
export const styleJobsAndDisplay = `
CREATE TABLE style_jobs (
  id TEXT PRIMARY KEY,
  person_id TEXT REFERENCES persons (id) ON DELETE CASCADE,
  state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
  request TEXT NOT NULL,
  progress TEXT,
  failure TEXT,
  starts INTEGER NOT NULL DEFAULT 0,
  created_by TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  ended_at_ms INTEGER
) STRICT;
CREATE INDEX style_jobs_by_state ON style_jobs (state, id);
CREATE INDEX style_jobs_by_person ON style_jobs (person_id);
CREATE TABLE style_pictures (
  job_id TEXT NOT NULL REFERENCES style_jobs (id) ON DELETE CASCADE,
  part TEXT NOT NULL CHECK (part IN ('content', 'style', 'checkpoint', 'result', 'thumbnail')),
  bytes BLOB NOT NULL,
  PRIMARY KEY (job_id, part)
) STRICT;
CREATE TABLE display_pictures (
  name TEXT PRIMARY KEY CHECK (name = 'idle'),
  person_id TEXT REFERENCES persons (id) ON DELETE CASCADE,
  job_id TEXT,
  jpeg BLOB NOT NULL,
  set_by TEXT NOT NULL,
  set_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX display_pictures_by_person ON display_pictures (person_id);
`
