-- Secrets by which one agent each may enrol; their SHA-256 only.
CREATE TABLE invitations (
    digest   BLOB PRIMARY KEY,
    expires  INTEGER NOT NULL,
    spent_by TEXT                           -- queue location and public key of who used it
) WITHOUT ROWID;

-- Agents that prove by an Ed25519 key who they are.
CREATE TABLE enrolled_agents (
    queue_location TEXT PRIMARY KEY,
    public_key     BLOB NOT NULL,
    enrolled_at    INTEGER NOT NULL
) WITHOUT ROWID;
