-- What ended and what went offline is looked for when it was kept for long enough.
CREATE INDEX actions_ended ON actions (finish_time) WHERE status IN ('completed', 'invalid', 'cancelled', 'expired');
CREATE INDEX agents_gone ON agents (heartbeat_time) WHERE status IN ('offline', 'destroyed');

-- The commands of an action become due together: a claim reads its first ones without sorting all.
DROP INDEX commands_to_hand_over;
CREATE INDEX commands_to_hand_over ON commands (due, id) WHERE status = 'sent' AND handover <> 'durable';

-- The few that found something are read without those that did not.
CREATE INDEX commands_found ON commands (action_id, id) WHERE status = 'success' AND found;
