-- What ended and what went offline is looked for when it was kept for long enough.
CREATE INDEX actions_ended ON actions (finish_time) WHERE status IN ('completed', 'invalid', 'cancelled', 'expired');
CREATE INDEX agents_gone ON agents (heartbeat_time) WHERE status IN ('offline', 'destroyed');
-- Searches may have brought it already.
CREATE INDEX IF NOT EXISTS commands_by_agent ON commands (agent_id);
