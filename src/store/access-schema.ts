/** Who may use the admin API, and who is signed in at the console. */
export const rolesAndSessions = `
ALTER TABLE admin_tokens ADD COLUMN role TEXT NOT NULL DEFAULT 'admin'
  CHECK (role IN ('admin', 'enroller', 'viewer', 'kiosk'));
ALTER TABLE admin_tokens ADD COLUMN salt BLOB;
CREATE TABLE admin_sessions (
  id TEXT PRIMARY KEY,
  token_id TEXT NOT NULL REFERENCES admin_tokens (id) ON DELETE CASCADE,
  secret_hash BLOB NOT NULL,
  created_at_ms INTEGER NOT NULL,
  last_used_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL
) STRICT;
`
