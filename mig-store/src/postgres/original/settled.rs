//! What follows from the rows together: where actions stand that were on their way, and what numbers come next.

use super::{super::failure::Failure, commands::STAMP, schema};
use sqlx::PgConnection;

/// Each step is one statement.
///
/// * An action that the original was launching has no commands yet, or lost its scheduler: it waits to be launched, or expires.
/// * One with commands is in flight while there is a command without an answer, and then completed; the original forgot some.
/// * One that was in flight and has no commands can not go on.
/// * Every action that ended has an end.
/// * New ids come behind those that there are.
const STEPS: [&str; 8] = [
    "UPDATE actions a SET status = 'scheduled' WHERE status = 'preparing'
        AND NOT EXISTS (SELECT 1 FROM commands c WHERE c.action_id = a.id)",
    "UPDATE actions a SET status = 'inflight', finish_time = NULL WHERE status IN ('pending', 'scheduled', 'preparing', 'inflight')
        AND EXISTS (SELECT 1 FROM commands c WHERE c.action_id = a.id AND c.status = 'sent')",
    "UPDATE actions a SET status = 'completed', finish_time = coalesce(
            finish_time, (SELECT max(c.finish_time) FROM commands c WHERE c.action_id = a.id), last_update_time, expire_after)
        WHERE status IN ('pending', 'scheduled', 'preparing', 'inflight')
        AND EXISTS (SELECT 1 FROM commands c WHERE c.action_id = a.id)
        AND NOT EXISTS (SELECT 1 FROM commands c WHERE c.action_id = a.id AND c.status = 'sent')",
    "UPDATE actions a SET status = 'invalid', finish_time = coalesce(finish_time, last_update_time, expire_after),
            reason = CASE WHEN reason = '' THEN 'the original had launched it without commands' ELSE reason END
        WHERE status = 'inflight' AND NOT EXISTS (SELECT 1 FROM commands c WHERE c.action_id = a.id)",
    "UPDATE actions SET finish_time = coalesce(last_update_time, expire_after)
        WHERE status IN ('completed', 'invalid', 'cancelled', 'expired') AND finish_time IS NULL",
    "SELECT setval(pg_get_serial_sequence('investigators', 'id'), greatest((SELECT max(id) FROM investigators), 1),
        EXISTS (SELECT 1 FROM investigators))",
    "SELECT setval(pg_get_serial_sequence('agents', 'id'), greatest((SELECT max(id) FROM agents), 1),
        EXISTS (SELECT 1 FROM agents))",
    "ANALYZE investigators, agents, actions, signatures, commands, results",
];

pub(super) async fn settle(connection: &mut PgConnection) -> Result<(), Failure> {
    sqlx::query("UPDATE stamps SET last = $1").bind(STAMP).execute(&mut *connection).await?;
    for step in STEPS {
        sqlx::raw_sql(step).execute(&mut *connection).await?;
    }
    let comment = concat!(
        "COMMENT ON SCHEMA ",
        schema!(),
        " IS 'The tables of the original MIG, as they were when this database was taken over'"
    );
    sqlx::raw_sql(comment).execute(connection).await?;
    Ok(())
}
