//! Searches as SQL, written once for all backends: the text is ours, every value is a bound parameter.
//!
//! Rows are those of `actions x`, `commands c` with `agents a`, `agents a`, `investigators i`; the backend selects their columns.

use crate::time::micros_of;
use mig_core::{
    api::Search,
    statistics::{AgentsStatistics, VersionCount},
    store::{SearchKey, SearchPage},
    time::Time,
};
use std::time::Duration;

/// A part of a statement.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Piece {
    /// Text of ours: `'static`, so that nobody else's can come here.
    Sql(&'static str),
    /// A number.
    Number(i64),
    /// A flag.
    Flag(bool),
    /// A word or name.
    Text(String),
    /// A time, in microseconds since 1970.
    Time(i64),
    /// Whether a column of text looks like a pattern, whatever the case of A to Z.
    Like(&'static str, String),
    /// The same of the family in the document `x.threat`.
    FamilyLike(String),
    /// Behind a number: whether it is among those that a sub-query gives, which follows and is run once.
    Among,
    /// The end of that sub-query.
    AmongEnd,
}

/// What follows `SELECT … FROM actions x `.
pub(crate) fn actions(search: &Search, page: &SearchPage) -> Vec<Piece> {
    let mut clause = Clause::default();
    clause.id("x.id = ", search.action.map(|id| id.get()));
    clause.like("x.name", search.action_name.as_ref());
    clause.word("x.status", search.status.as_ref());
    clause.time("x.valid_from >= ", search.after);
    clause.time("x.expire_after <= ", search.before);
    clause.family(search);
    if asks_for_commands(search) {
        clause.begin(
            "EXISTS (SELECT 1 FROM commands c JOIN agents a ON a.id = c.agent_id WHERE c.action_id = x.id",
        );
        clause.of_commands(search);
        clause.end();
    }
    if asks_for_signers(search) {
        clause.signed_by("x.id", search);
    }
    clause.before("x.valid_from", "x.id", page.after);
    clause.finish(" ORDER BY x.valid_from DESC, x.id DESC", page)
}

/// What follows `SELECT … FROM commands c JOIN agents a ON a.id = c.agent_id `.
pub(crate) fn commands(search: &Search, page: &SearchPage) -> Vec<Piece> {
    let mut clause = Clause::default();
    clause.id("c.action_id = ", search.action.map(|id| id.get()));
    clause.of_commands(search);
    clause.word("c.status", search.status.as_ref());
    clause.time("c.start_time >= ", search.after);
    clause.time("c.start_time <= ", search.before);
    if let Some(found) = search.found {
        clause.value("c.status = 'success' AND c.found = ", Piece::Flag(found));
    }
    // There are far more commands than actions: the actions are found first.
    if search.action_name.is_some() || search.threat_family.is_some() {
        clause.begin_among("c.action_id", "SELECT x.id FROM actions x WHERE 1 = 1");
        clause.like("x.name", search.action_name.as_ref());
        clause.family(search);
        clause.pieces.push(Piece::AmongEnd);
    }
    if asks_for_signers(search) {
        clause.begin_among(
            "c.action_id",
            "SELECT s.action_id FROM signatures s JOIN investigators i ON i.id = s.investigator_id WHERE 1 = 1",
        );
        clause.of_investigators(search);
        clause.pieces.push(Piece::AmongEnd);
    }
    clause.before("c.start_time", "c.id", page.after);
    clause.finish(" ORDER BY c.start_time DESC, c.id DESC", page)
}

/// What follows `SELECT … FROM agents a `.
pub(crate) fn agents(search: &Search, page: &SearchPage) -> Vec<Piece> {
    let mut clause = Clause::default();
    clause.of_agents(search);
    clause.word("a.status", search.status.as_ref());
    clause.time("a.heartbeat_time >= ", search.after);
    clause.time("a.heartbeat_time <= ", search.before);
    if search.command.is_some() || asks_for_actions(search) || asks_for_signers(search) {
        clause.begin(
            "EXISTS (SELECT 1 FROM commands c JOIN actions x ON x.id = c.action_id WHERE c.agent_id = a.id",
        );
        clause.id("c.id = ", search.command.map(|id| id.get()));
        clause.of_actions(search);
        if asks_for_signers(search) {
            clause.signed_by("c.action_id", search);
        }
        clause.end();
    }
    clause.before("a.heartbeat_time", "a.id", page.after);
    clause.finish(" ORDER BY a.heartbeat_time DESC, a.id DESC", page)
}

/// What follows `SELECT … FROM investigators i `.
pub(crate) fn investigators(search: &Search, page: &SearchPage) -> Vec<Piece> {
    let mut clause = Clause::default();
    clause.id("i.id = ", search.investigator.map(|id| id.get()));
    clause.like("i.name", search.investigator_name.as_ref());
    clause.word("i.status", search.status.as_ref());
    clause.time("i.last_modified >= ", search.after);
    clause.time("i.last_modified <= ", search.before);
    if asks_for_actions(search) || asks_for_commands(search) {
        clause.begin(
            "EXISTS (SELECT 1 FROM signatures s JOIN actions x ON x.id = s.action_id WHERE s.investigator_id = i.id",
        );
        clause.of_actions(search);
        if asks_for_commands(search) {
            clause.begin(
                "EXISTS (SELECT 1 FROM commands c JOIN agents a ON a.id = c.agent_id WHERE c.action_id = x.id",
            );
            clause.of_commands(search);
            clause.end();
        }
        clause.end();
    }
    clause.id("i.id > ", page.after.map(|key| key.id));
    clause.finish(" ORDER BY i.id", page)
}

fn asks_for_actions(search: &Search) -> bool {
    search.action.is_some() || search.action_name.is_some() || search.threat_family.is_some()
}

fn asks_for_commands(search: &Search) -> bool {
    search.command.is_some() || asks_for_agents(search)
}

fn asks_for_agents(search: &Search) -> bool {
    search.agent.is_some()
        || search.agent_name.is_some()
        || search.agent_version.is_some()
        || search.loader_name.is_some()
}

fn asks_for_signers(search: &Search) -> bool {
    search.investigator.is_some() || search.investigator_name.is_some()
}

/// A condition that grows.
#[derive(Debug, Default)]
struct Clause {
    pieces: Vec<Piece>,
}

impl Clause {
    /// Joins the next condition to those before.
    fn and(&mut self) {
        self.pieces.push(Piece::Sql(if self.pieces.is_empty() { "WHERE " } else { " AND " }));
    }

    fn value(&mut self, text: &'static str, value: Piece) {
        self.and();
        self.pieces.extend([Piece::Sql(text), value]);
    }

    /// No row has an id above those of a column.
    fn id(&mut self, text: &'static str, id: Option<u64>) {
        if let Some(id) = id {
            self.value(text, Piece::Number(i64::try_from(id).unwrap_or(i64::MAX)));
        }
    }

    fn time(&mut self, text: &'static str, time: Option<Time>) {
        if let Some(time) = time {
            self.value(text, Piece::Time(micros_of(time)));
        }
    }

    fn like(&mut self, column: &'static str, pattern: Option<&String>) {
        if let Some(pattern) = pattern {
            self.and();
            self.pieces.push(Piece::Like(column, pattern.clone()));
        }
    }

    /// Words of ours are written with a to z: a pattern that is a word is compared, which an index helps.
    fn word(&mut self, column: &'static str, pattern: Option<&String>) {
        match pattern {
            Some(word) if !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
                self.and();
                let word = word.to_ascii_lowercase();
                self.pieces.extend([Piece::Sql(column), Piece::Sql(" = "), Piece::Text(word)]);
            }
            pattern => self.like(column, pattern),
        }
    }

    fn family(&mut self, search: &Search) {
        if let Some(pattern) = &search.threat_family {
            self.and();
            self.pieces.push(Piece::FamilyLike(pattern.clone()));
        }
    }

    fn begin(&mut self, text: &'static str) {
        self.and();
        self.pieces.push(Piece::Sql(text));
    }

    fn end(&mut self) {
        self.pieces.push(Piece::Sql(")"));
    }

    fn begin_among(&mut self, number: &'static str, query: &'static str) {
        self.and();
        self.pieces.extend([Piece::Sql(number), Piece::Among, Piece::Sql(query)]);
    }

    fn of_investigators(&mut self, search: &Search) {
        self.id("i.id = ", search.investigator.map(|id| id.get()));
        self.like("i.name", search.investigator_name.as_ref());
    }

    fn of_actions(&mut self, search: &Search) {
        self.id("x.id = ", search.action.map(|id| id.get()));
        self.like("x.name", search.action_name.as_ref());
        self.family(search);
    }

    fn of_commands(&mut self, search: &Search) {
        self.id("c.id = ", search.command.map(|id| id.get()));
        self.of_agents(search);
    }

    fn of_agents(&mut self, search: &Search) {
        self.id("a.id = ", search.agent.map(|id| id.get()));
        self.like("a.name", search.agent_name.as_ref());
        self.like("a.version", search.agent_version.as_ref());
        self.like("a.loader_name", search.loader_name.as_ref());
    }

    fn signed_by(&mut self, action: &'static str, search: &Search) {
        self.begin(
            "EXISTS (SELECT 1 FROM signatures s JOIN investigators i ON i.id = s.investigator_id WHERE s.action_id = ",
        );
        self.pieces.push(Piece::Sql(action));
        self.of_investigators(search);
        self.end();
    }

    /// Behind the last row of the page before, where the latest come first.
    fn before(&mut self, time: &'static str, id: &'static str, last: Option<SearchKey>) {
        let Some(last) = last else { return };
        self.and();
        let number = i64::try_from(last.id).unwrap_or(i64::MAX);
        self.pieces.extend([
            Piece::Sql("("),
            Piece::Sql(time),
            Piece::Sql(", "),
            Piece::Sql(id),
            Piece::Sql(") < ("),
            Piece::Time(micros_of(last.time)),
            Piece::Sql(", "),
            Piece::Number(number),
            Piece::Sql(")"),
        ]);
    }

    fn finish(mut self, order: &'static str, page: &SearchPage) -> Vec<Piece> {
        self.pieces.extend([
            Piece::Sql(order),
            Piece::Sql(" LIMIT "),
            Piece::Number(page.limit.into()),
            Piece::Sql(" OFFSET "),
            Piece::Number(page.offset.into()),
        ]);
        self.pieces
    }
}

/// Counts of machines, by queue location; one row.
pub(crate) fn endpoints(now: Time) -> Vec<Piece> {
    let ago = |days: u64| Piece::Time(micros_of(now.minus(Duration::from_secs(days * 24 * 3600))));
    vec![
        Piece::Sql(
            "SELECT count(CASE WHEN online > 0 THEN 1 END) AS online,
                count(CASE WHEN online = 0 AND idle > 0 THEN 1 END) AS idle,
                count(CASE WHEN online > 1 THEN 1 END) AS several,
                count(CASE WHEN online + idle > 1 THEN 1 END) AS flapping,
                count(CASE WHEN online + idle = 0 AND this_week = 1 THEN 1 END) AS disappeared,
                count(CASE WHEN started = 1 AND before_today = 0 THEN 1 END) AS new
            FROM (SELECT count(CASE WHEN status = 'online' THEN 1 END) AS online,
                    count(CASE WHEN status = 'idle' THEN 1 END) AS idle,
                    max(CASE WHEN heartbeat_time >= ",
        ),
        ago(7),
        Piece::Sql(" THEN 1 ELSE 0 END) AS this_week, max(CASE WHEN start_time >= "),
        ago(1),
        Piece::Sql(" THEN 1 ELSE 0 END) AS started, max(CASE WHEN heartbeat_time >= "),
        ago(7),
        Piece::Sql(" AND heartbeat_time < "),
        ago(1),
        Piece::Sql(" THEN 1 ELSE 0 END) AS before_today FROM agents WHERE heartbeat_time >= "),
        ago(7),
        Piece::Sql(" OR status IN ('online', 'idle') GROUP BY queue_location) AS places"),
    ]
}

/// Agents online, by version.
pub(crate) const ONLINE_BY_VERSION: &str = "SELECT version, count(*) AS agents FROM agents WHERE status = 'online' GROUP BY version ORDER BY version";

/// Agents idle on machines without one online, by version.
pub(crate) const IDLE_BY_VERSION: &str =
    "SELECT version, count(*) AS agents FROM agents a WHERE status = 'idle' AND NOT EXISTS (
        SELECT 1 FROM agents b WHERE b.queue_location = a.queue_location AND b.status = 'online')
    GROUP BY version ORDER BY version";

/// What the three queries say together.
#[derive(Debug)]
pub(crate) struct Counts {
    pub(crate) online: Vec<(String, i64)>,
    pub(crate) idle: Vec<(String, i64)>,
    pub(crate) online_endpoints: i64,
    pub(crate) idle_endpoints: i64,
    pub(crate) several: i64,
    pub(crate) flapping: i64,
    pub(crate) disappeared: i64,
    pub(crate) new: i64,
}

impl Counts {
    /// The document.
    pub(crate) fn into_statistics(self, now: Time) -> AgentsStatistics {
        AgentsStatistics {
            timestamp: now,
            online_agents: sum(&self.online),
            online_agents_by_version: by_version(self.online),
            online_endpoints: number(self.online_endpoints),
            idle_agents: sum(&self.idle),
            idle_agents_by_version: by_version(self.idle),
            idle_endpoints: number(self.idle_endpoints),
            new_endpoints: number(self.new),
            multi_agents_endpoints: number(self.several),
            disappeared_endpoints: number(self.disappeared),
            flapping_endpoints: number(self.flapping),
        }
    }
}

/// Exact up to 2^53 agents.
#[allow(clippy::cast_precision_loss, reason = "there are fewer agents than 2^53")]
fn number(count: i64) -> f64 {
    count as f64
}

fn sum(counts: &[(String, i64)]) -> f64 {
    number(counts.iter().map(|(_, count)| count).sum())
}

/// The original writes an empty list as null.
fn by_version(counts: Vec<(String, i64)>) -> Option<Vec<VersionCount>> {
    let counts: Vec<_> =
        counts.into_iter().map(|(version, count)| VersionCount { version, count: number(count) }).collect();
    (!counts.is_empty()).then_some(counts)
}
