//! Roles: each can do its work, and nothing else.

use super::{
    cluster::{Cluster, PASSWORD, cluster},
    connect, execute,
};
use mig_core::{
    id::{ActionId, CommandId},
    scheduler::flow::{ActionStatus, AnswerStatus, Reception},
    store::{
        ActionStore as _, AgentStore as _, CommandFilter, CommandQuery, CommandStore as _, Handover,
        InvestigatorStatus, InvestigatorStore as _, NewCommand, NewInvestigator, OwnerId, Store as _,
        StoreError,
    },
    target::Target,
    testing::store_contract::{VALID_SECONDS, after, agent, answer, lease, new_action, start},
};
use mig_store::postgres::PostgresStore;
use tokio::sync::OnceCell;

/// What operators run, as often as they like.
fn roles() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/postgres/roles.sql");
    String::from_utf8(mig_core::limits::read_file(path.as_ref(), 1 << 20).unwrap()).unwrap()
}

/// A database whose schema its owner made, with all roles.
struct Platform {
    cluster: &'static Cluster,
    database: String,
}

impl Platform {
    async fn new() -> Option<Self> {
        static ROLES: OnceCell<()> = OnceCell::const_new();
        let cluster = cluster()?;
        ROLES
            .get_or_init(|| async {
                let url = cluster.url(&cluster.new_database().await);
                execute(&url, &roles()).await;
                for role in ["migadmin", "migscheduler", "migapi"] {
                    execute(&url, &format!("ALTER ROLE {role} PASSWORD '{PASSWORD}'")).await;
                }
            })
            .await;
        let database = cluster.new_database().await;
        let platform = Self { cluster, database };
        execute(&platform.url("mig"), &format!("ALTER DATABASE {} OWNER TO migadmin", platform.database))
            .await;
        execute(&platform.url("mig"), "GRANT CREATE ON SCHEMA public TO migadmin").await;
        drop(platform.open("migadmin").await);
        // Roles are the server's: only the rights are this database's.
        let rights = roles();
        let (_, rights) = rights.rsplit_once("DO $$").unwrap();
        execute(&platform.url("mig"), &format!("DO $${rights}")).await;
        Some(platform)
    }

    fn url(&self, role: &str) -> String {
        self.cluster.url_as(role, &self.database)
    }

    async fn open(&self, role: &str) -> PostgresStore {
        PostgresStore::open(&self.url(role)).await.unwrap()
    }

    /// The code of the server's refusal.
    async fn refuses(&self, role: &str, sql: &str) {
        let mut connection = connect(&self.url(role)).await;
        let done = sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut connection).await;
        let error = done.expect_err(sql);
        let code = error.as_database_error().and_then(|error| error.code().map(|code| code.into_owned()));
        assert_eq!(code.as_deref(), Some("42501"), "{role}: {sql}: {error}");
    }
}

fn ana() -> NewInvestigator {
    NewInvestigator {
        name: "ana".to_owned(),
        fingerprint: "0123456789abcdef0123456789abcdef01234567".parse().unwrap(),
        public_key: "armored key".to_owned(),
    }
}

fn assert_refused<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    let error = result.unwrap_err();
    assert!(matches!(error, StoreError::Refused { .. }) && !error.is_transient(), "{error:?}");
    assert!(error.to_string().contains("the user lacks a permission: grant it"), "{error}");
}

#[tokio::test]
async fn api_and_scheduler_bring_an_action_to_its_end_together() {
    let Some(platform) = Platform::new().await else { return };
    let (api, scheduler) = (platform.open("migapi").await, platform.open("migscheduler").await);
    let signer = api.insert_investigator(&ana(), start()).await.unwrap();
    let mut new = new_action(1);
    new.signers = vec![signer];
    api.insert_action(&new, None).await.unwrap();
    assert_eq!(scheduler.active_keys().await.unwrap().len(), 1);
    scheduler.record_heartbeats(&[agent("one", 1), agent("two", 1)], start()).await.unwrap();
    api.record_heartbeats(&[agent("one", 1), agent("three", 1)], start()).await.unwrap();

    let (lease, owner) = (lease("a", start()), OwnerId("a".to_owned()));
    assert_eq!(scheduler.claim_actions(&lease, start(), 10).await.unwrap().len(), 1);
    let targets = scheduler.targeted_agents(&Target::all(), start(), None, 10).await.unwrap();
    let ids = (101..).map(CommandId::new);
    let commands: Vec<_> = ids.zip(&targets).map(|(id, agent)| NewCommand { id, agent: agent.id }).collect();
    assert!(scheduler.launch_action(ActionId::new(1), &owner, &commands, start()).await.unwrap());
    assert_eq!(scheduler.claim_commands(&lease, start(), 10).await.unwrap().len(), 3);
    scheduler.postpone_commands(&[CommandId::new(103)], &owner, after(1)).await.unwrap();
    let handed_over = [CommandId::new(101), CommandId::new(102)];
    scheduler.hand_over(&handed_over, &owner, Handover::Durable, start()).await.unwrap();
    scheduler.renew_lease(&lease).await.unwrap();
    let answers = [answer(101, AnswerStatus::Success, true)];
    scheduler.record_answers(&answers, after(1)).await.unwrap();

    let query =
        CommandQuery { action: ActionId::new(1), filter: CommandFilter::Found, after: None, limit: 10 };
    assert_eq!(api.commands(&query).await.unwrap().len(), 1);
    assert_eq!(api.ended_commands(ActionId::new(1), None, 10).await.unwrap().len(), 1);
    assert_eq!(api.cancel_action(ActionId::new(1), after(2)).await.unwrap(), ActionStatus::Cancelled);
    assert_eq!(api.actions(None, 10).await.unwrap()[0].action.investigators[0].name, "ana");
    let late = scheduler.record_answers(&[answer(102, AnswerStatus::Success, true)], after(3)).await.unwrap();
    assert_eq!(late, [Reception::Late]);
    api.set_investigator_status(signer, InvestigatorStatus::Disabled, after(3)).await.unwrap();
    scheduler.release_leases(&owner).await.unwrap();
    scheduler.expire_actions(after(4)).await.unwrap();
    scheduler.expire_commands(after(4), after(4), 10).await.unwrap();

    scheduler.age_agents(after(5), start()).await.unwrap();
    scheduler.age_agents(after(5), after(5)).await.unwrap();
    assert_eq!(scheduler.forget_actions(after(VALID_SECONDS + 1), 10).await.unwrap(), 4);
    assert_eq!(scheduler.forget_agents(after(5), 10).await.unwrap(), 3);
}

#[tokio::test]
async fn the_api_launches_answers_and_deletes_nothing() {
    let Some(platform) = Platform::new().await else { return };
    let api = platform.open("migapi").await;
    api.insert_action(&new_action(1), None).await.unwrap();
    assert_refused(api.claim_actions(&lease("a", start()), start(), 1).await);
    assert_refused(api.renew_lease(&lease("a", start())).await);
    for sql in [
        "SELECT private_key FROM investigators",
        "SELECT * FROM investigators",
        "INSERT INTO commands (id, action_id, agent_id, status, expire_after, start_time, handover, due)
            VALUES (1, 1, 1, 'sent', now(), now(), 'waiting', now())",
        "INSERT INTO results VALUES (1, 0, true, '{}')",
        "UPDATE commands SET found = true",
        "UPDATE actions SET target = 'all'",
        "UPDATE actions SET operations = '[]'",
        "UPDATE investigators SET public_key = ''",
        "DELETE FROM actions",
        "DELETE FROM commands",
        "DELETE FROM results",
        "DELETE FROM investigators",
        "TRUNCATE actions CASCADE",
        "CREATE TABLE mine (id int)",
        "DROP TABLE actions",
        "UPDATE mig_schema SET version = 0",
    ] {
        platform.refuses("migapi", sql).await;
    }
}

#[tokio::test]
async fn the_scheduler_gives_nobody_rights_and_changes_no_question() {
    let Some(platform) = Platform::new().await else { return };
    let scheduler = platform.open("migscheduler").await;
    let id = scheduler.insert_investigator(&ana(), start()).await.unwrap();
    assert_refused(scheduler.set_investigator_status(id, InvestigatorStatus::Disabled, start()).await);
    for sql in [
        "SELECT private_key FROM investigators",
        "SELECT api_key FROM investigators",
        "UPDATE investigators SET permissions = -1",
        "INSERT INTO investigators (name, public_key, status, created_at, last_modified, permissions)
            VALUES ('x', '', 'active', now(), now(), -1)",
        "DELETE FROM investigators",
        "UPDATE actions SET target = 'all'",
        "UPDATE actions SET signatures = '[]'",
        "UPDATE signatures SET signature = ''",
        "UPDATE results SET document = '{}'",
        "UPDATE agents SET queue_location = 'x'",
        "ALTER TABLE actions ADD COLUMN mine int",
        "DELETE FROM mig_schema",
    ] {
        platform.refuses("migscheduler", sql).await;
    }
}

#[tokio::test]
async fn who_only_reads_sees_no_secrets_and_writes_nothing() {
    let Some(platform) = Platform::new().await else { return };
    let url = platform.url("mig");
    for sql in ["SELECT count(*) FROM results", "SELECT name FROM investigators"] {
        execute(&url, &format!("SET ROLE migreadonly; {sql}")).await;
    }
    for sql in [
        "SELECT api_salt FROM investigators",
        "SELECT private_key FROM investigators",
        "UPDATE agents SET status = 'offline'",
        "DELETE FROM actions",
        "SELECT * FROM owners",
    ] {
        platform.refuses("mig", &format!("SET ROLE migreadonly; {sql}")).await;
    }
}

/// A table that a later step adds has to be thought of.
#[tokio::test]
async fn every_table_has_readers() {
    let Some(platform) = Platform::new().await else { return };
    let sql =
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
        AND NOT has_any_column_privilege('migscheduler', oid, 'SELECT')
        AND NOT has_any_column_privilege('migapi', oid, 'SELECT')";
    let url = platform.url("mig");
    let forgotten: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut connect(&url).await).await.unwrap();
    assert!(forgotten.is_empty(), "roles.sql does not know {forgotten:?}");
}

#[tokio::test]
async fn the_schema_is_made_by_its_owner_only() {
    let Some(platform) = Platform::new().await else { return };
    let empty = Platform { cluster: platform.cluster, database: platform.cluster.new_database().await };
    assert_refused(PostgresStore::open(&empty.url("migscheduler")).await);
    let timeout = "SELECT setconfig::text FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole
        WHERE r.rolname = 'migapi' AND s.setdatabase = 0";
    let url = platform.url("mig");
    let settings: String = sqlx::query_scalar(timeout).fetch_one(&mut connect(&url).await).await.unwrap();
    assert!(settings.contains("statement_timeout=30s"), "{settings}");
}
