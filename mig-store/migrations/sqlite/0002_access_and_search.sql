-- Who may call, and what people search by.

-- SQLite can not take a NOT NULL away: the table is made again, under the same name, so that signatures still refer to it.
PRAGMA defer_foreign_keys = ON;
CREATE TABLE investigators_before AS SELECT * FROM investigators;
DROP TABLE investigators;
CREATE TABLE investigators (
    id            INTEGER PRIMARY KEY,
    name          TEXT NOT NULL,
    fingerprint   TEXT UNIQUE,              -- 40 upper-case hexadecimal digits; NULL for who has an API key only
    public_key    TEXT NOT NULL,            -- armored; empty for who has an API key only
    status        TEXT NOT NULL,            -- active, disabled
    created_at    INTEGER NOT NULL,
    last_modified INTEGER NOT NULL,
    permissions   INTEGER NOT NULL DEFAULT 0,   -- bit mask
    api_prefix    TEXT,                     -- how the API key begins; NULL also for keys of the original
    api_key       BLOB,                     -- PBKDF2-HMAC-SHA256, 4096 rounds
    api_salt      BLOB
);
INSERT INTO investigators (id, name, fingerprint, public_key, status, created_at, last_modified)
    SELECT id, name, fingerprint, public_key, status, created_at, last_modified FROM investigators_before;
DROP TABLE investigators_before;
CREATE INDEX investigators_by_prefix ON investigators (api_prefix) WHERE api_key IS NOT NULL;

CREATE INDEX actions_by_window ON actions (valid_from, id);
CREATE INDEX agents_by_heartbeat ON agents (heartbeat_time, id);
CREATE INDEX commands_by_agent ON commands (agent_id);
CREATE INDEX commands_by_start ON commands (start_time, id);
CREATE INDEX commands_by_action_and_start ON commands (action_id, start_time, id);
CREATE INDEX signatures_by_investigator ON signatures (investigator_id);
-- Few commands fail, and those are looked for.
CREATE INDEX commands_without_success ON commands (status, start_time, id) WHERE status <> 'success';
