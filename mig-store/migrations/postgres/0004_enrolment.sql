-- Secrets by which one agent each may enrol; their SHA-256 only.
CREATE TABLE invitations (
    digest   bytea PRIMARY KEY,
    expires  timestamptz NOT NULL,
    spent_by text                           -- queue location and public key of who used it
);

-- Agents that prove by an Ed25519 key who they are.
CREATE TABLE enrolled_agents (
    queue_location text PRIMARY KEY,
    public_key     bytea NOT NULL,
    enrolled_at    timestamptz NOT NULL
);
