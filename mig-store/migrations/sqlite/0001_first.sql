-- Times are microseconds since 1970 in UTC; NULL is "not yet". Documents are JSON text exactly as mig-core writes it.

-- Schedulers that are alive, and until when. What a missing or lapsed owner holds is free.
CREATE TABLE owners (
    id    TEXT PRIMARY KEY,
    until INTEGER NOT NULL
) WITHOUT ROWID;

-- One row: the number of the last transaction that ended commands.
CREATE TABLE stamps (last INTEGER NOT NULL);
INSERT INTO stamps VALUES (0);

CREATE TABLE investigators (
    id            INTEGER PRIMARY KEY,
    name          TEXT NOT NULL,
    fingerprint   TEXT NOT NULL UNIQUE,     -- 40 upper-case hexadecimal digits
    public_key    TEXT NOT NULL,            -- armored
    status        TEXT NOT NULL,            -- active, disabled
    created_at    INTEGER NOT NULL,
    last_modified INTEGER NOT NULL
);

CREATE TABLE actions (
    sequence         INTEGER PRIMARY KEY,   -- order of insertion
    id               INTEGER NOT NULL UNIQUE,
    digest           BLOB NOT NULL UNIQUE,  -- SHA-256 of the signed bytes
    name             TEXT NOT NULL,
    target           TEXT NOT NULL,
    description      TEXT NOT NULL,
    threat           TEXT NOT NULL,
    valid_from       INTEGER NOT NULL,
    expire_after     INTEGER NOT NULL,
    operations       TEXT NOT NULL,
    operation_count  INTEGER NOT NULL,
    signatures       TEXT NOT NULL,
    syntax_version   INTEGER NOT NULL,
    status           TEXT NOT NULL,
    reason           TEXT NOT NULL DEFAULT '',
    owner            TEXT,
    start_time       INTEGER,
    finish_time      INTEGER,
    last_update_time INTEGER
);
CREATE INDEX actions_to_launch ON actions (sequence) WHERE status IN ('pending', 'scheduled');

CREATE TABLE signatures (
    action_id       INTEGER NOT NULL REFERENCES actions (id),
    investigator_id INTEGER NOT NULL REFERENCES investigators (id),
    signature       TEXT NOT NULL,
    PRIMARY KEY (action_id, investigator_id)
) WITHOUT ROWID;

-- One row per agent process, and per change of its environment.
CREATE TABLE agents (
    id               INTEGER PRIMARY KEY,
    name             TEXT NOT NULL,
    queue_location   TEXT NOT NULL,
    mode             TEXT NOT NULL,
    version          TEXT NOT NULL,
    pid              INTEGER NOT NULL,
    loader_name      TEXT NOT NULL,
    start_time       INTEGER NOT NULL,
    destruction_time INTEGER NOT NULL,
    heartbeat_time   INTEGER NOT NULL,
    refresh_time     INTEGER NOT NULL,
    status           TEXT NOT NULL,         -- online, idle, offline, destroyed
    environment      TEXT NOT NULL,
    tags             TEXT NOT NULL
);
CREATE INDEX agents_by_process ON agents (queue_location, pid);
CREATE INDEX agents_alive ON agents (status, heartbeat_time) WHERE status IN ('online', 'idle');

CREATE TABLE commands (
    id           INTEGER PRIMARY KEY,
    action_id    INTEGER NOT NULL REFERENCES actions (id),
    agent_id     INTEGER NOT NULL REFERENCES agents (id),
    status       TEXT NOT NULL,
    expire_after INTEGER NOT NULL,          -- of the action
    start_time   INTEGER NOT NULL,
    finish_time  INTEGER,
    end_stamp    INTEGER,                   -- transaction that ended it
    found        INTEGER,                   -- 1 if an operation found something; NULL without an answer
    late_status  TEXT,                      -- what was answered after the end
    handover     TEXT NOT NULL,             -- waiting, volatile, durable
    owner        TEXT,
    due          INTEGER NOT NULL,          -- not handed over before
    UNIQUE (action_id, agent_id)
);
CREATE INDEX commands_by_action ON commands (action_id);
CREATE INDEX commands_by_status ON commands (action_id, status, handover);
CREATE INDEX commands_by_end ON commands (action_id, end_stamp, id) WHERE end_stamp IS NOT NULL;
CREATE INDEX commands_open ON commands (expire_after) WHERE status = 'sent';
CREATE INDEX commands_to_hand_over ON commands (due) WHERE status = 'sent' AND handover <> 'durable';

-- One row per operation that was answered.
CREATE TABLE results (
    command_id INTEGER NOT NULL REFERENCES commands (id),
    operation  INTEGER NOT NULL,
    found      INTEGER NOT NULL,
    document   TEXT NOT NULL,
    PRIMARY KEY (command_id, operation)
);
