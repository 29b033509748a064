-- Who may call, and what people search by.
ALTER TABLE investigators ADD COLUMN api_prefix text;   -- how the API key begins; NULL also for keys of the original
CREATE INDEX investigators_by_prefix ON investigators (api_prefix) WHERE api_key IS NOT NULL;

CREATE INDEX actions_by_window ON actions (valid_from, id);
CREATE INDEX agents_by_heartbeat ON agents (heartbeat_time, id);
CREATE INDEX commands_by_start ON commands (start_time, id);
CREATE INDEX commands_by_action_and_start ON commands (action_id, start_time, id);
CREATE INDEX signatures_by_investigator ON signatures (investigator_id);
-- Few commands fail, and those are looked for.
CREATE INDEX commands_without_success ON commands (status, start_time, id) WHERE status <> 'success';
