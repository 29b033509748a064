//! What a search asks for: the parameters of `GET /search`, each checked once.

use crate::{
    id::{ActionId, AgentId, CommandId, InvestigatorId, LoaderId, ManifestId},
    json::{Map, Value},
    limits,
    target::Like,
    time::Time,
};
use std::{fmt::Display, str::FromStr, time::Duration};

/// What a client of the original sends for no restriction on an id.
const ANY_ID: &str = "∞";
/// The pattern that everything matches: the original's default.
const ANY_TEXT: &str = "%";
/// The default window: this long before and behind now, as in the original.
const WINDOW: Duration = Duration::from_secs(39_600 * 3600);
/// Rows of a page unless a client asks for another number.
const DEFAULT_LIMIT: u32 = 100;
/// Most rows of a page. Clients of the original ask for a million agents in order to count them.
const MAX_LIMIT: u32 = 1_000_000;

/// What is searched for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Actions, latest begin of validity first.
    #[default]
    Action,
    /// Agents, latest heartbeat first.
    Agent,
    /// Commands, latest start first.
    Command,
    /// Investigators, by id.
    Investigator,
    /// Manifests, latest first.
    Manifest,
    /// Loaders, by name.
    Loader,
}

impl Kind {
    /// The word in URLs and documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::Agent => "agent",
            Self::Command => "command",
            Self::Investigator => "investigator",
            Self::Manifest => "manifest",
            Self::Loader => "loader",
        }
    }
}

impl FromStr for Kind {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        let kinds =
            [Self::Action, Self::Agent, Self::Command, Self::Investigator, Self::Manifest, Self::Loader];
        kinds.into_iter().find(|kind| kind.as_str() == word).ok_or(())
    }
}

/// A search. What is `None` restricts nothing; texts are patterns of `ILIKE`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// What is searched for.
    pub kind: Kind,
    /// Nothing older.
    pub after: Option<Time>,
    /// Nothing younger.
    pub before: Option<Time>,
    /// This action, or what belongs to it.
    pub action: Option<ActionId>,
    /// This command, or what belongs to it.
    pub command: Option<CommandId>,
    /// This agent, or what belongs to it.
    pub agent: Option<AgentId>,
    /// This investigator, or what belongs to them.
    pub investigator: Option<InvestigatorId>,
    /// This manifest.
    pub manifest: Option<ManifestId>,
    /// This loader.
    pub loader: Option<LoaderId>,
    /// Names of actions.
    pub action_name: Option<String>,
    /// Names of agents.
    pub agent_name: Option<String>,
    /// Versions of agents.
    pub agent_version: Option<String>,
    /// Names of investigators.
    pub investigator_name: Option<String>,
    /// Names of manifests.
    pub manifest_name: Option<String>,
    /// Names of loaders.
    pub loader_name: Option<String>,
    /// Statuses.
    pub status: Option<String>,
    /// Families of threats.
    pub threat_family: Option<String>,
    /// Commands that found something, or nothing.
    pub found: Option<bool>,
    /// Agents of a target, in place of everything else.
    pub target: Option<String>,
    /// Rows of a page; 0 is the default.
    pub limit: u32,
    /// Rows before the page.
    pub offset: u32,
}

/// A parameter that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("search parameter '{name}' is '{value}', which is not {expected}")]
pub struct SearchError {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// What it should be.
    pub expected: &'static str,
}

impl Search {
    /// Reads the parameters of a query string; of a repeated one the first counts, as in the original.
    ///
    /// # Errors
    /// [`SearchError`] names the first parameter that is unknown or does not fit.
    pub fn from_query<'q>(query: impl IntoIterator<Item = (&'q str, &'q str)>) -> Result<Self, SearchError> {
        let mut search = Self { limit: DEFAULT_LIMIT, ..Self::default() };
        let mut seen = Vec::new();
        for (name, value) in query {
            if !seen.contains(&name) {
                seen.push(name);
                search.set(Parameter { name, value })?;
            }
        }
        Ok(search)
    }

    /// Rows of a page unless a client asks for another number.
    #[must_use]
    pub const fn default_limit() -> u32 {
        DEFAULT_LIMIT
    }

    fn set(&mut self, parameter: Parameter<'_>) -> Result<(), SearchError> {
        match parameter.name {
            "type" => {
                self.kind = parameter.parse("action, agent, command, investigator, manifest or loader")?;
            }
            "after" => self.after = Some(parameter.time()?),
            "before" => self.before = Some(parameter.time()?),
            "actionid" => self.action = parameter.id()?,
            "commandid" => self.command = parameter.id()?,
            "agentid" => self.agent = parameter.id()?,
            "investigatorid" => self.investigator = parameter.id()?,
            "manifestid" => self.manifest = parameter.id()?,
            "loaderid" => self.loader = parameter.id()?,
            "actionname" => self.action_name = parameter.pattern()?,
            "agentname" => self.agent_name = parameter.pattern()?,
            "agentversion" => self.agent_version = parameter.pattern()?,
            "investigatorname" => self.investigator_name = parameter.pattern()?,
            "manifestname" => self.manifest_name = parameter.pattern()?,
            "loadername" => self.loader_name = parameter.pattern()?,
            "status" => self.status = parameter.pattern()?,
            "threatfamily" => self.threat_family = parameter.pattern()?,
            "foundanything" => self.found = Some(parameter.parse("true or false")?),
            "target" => self.target = Some(parameter.value.to_owned()).filter(|target| !target.is_empty()),
            "limit" => self.limit = parameter.count()?.min(MAX_LIMIT),
            "offset" => self.offset = parameter.count()?,
            // Of 2015.
            "report" => {}
            _ => return Err(parameter.is_not("a parameter of searches")),
        }
        Ok(())
    }

    /// The parameters as answers repeat them: what was not asked for has the original's default.
    #[must_use]
    pub fn echo(&self, now: Time) -> Value {
        let text = |text: &Option<String>| Value::from(text.clone().unwrap_or_else(|| ANY_TEXT.to_owned()));
        let number = |number: u32| Value::Number(number.into());
        let time = |time: Option<Time>, default: Time| Value::from(time.unwrap_or(default).to_string());
        let fields = [
            ("type", Value::from(self.kind.as_str())),
            ("after", time(self.after, now.minus(WINDOW))),
            ("before", time(self.before, now.plus(WINDOW))),
            ("actionid", echo_id(self.action)),
            ("commandid", echo_id(self.command)),
            ("agentid", echo_id(self.agent)),
            ("investigatorid", echo_id(self.investigator)),
            ("manifestid", echo_id(self.manifest)),
            ("loaderid", echo_id(self.loader)),
            ("actionname", text(&self.action_name)),
            ("agentname", text(&self.agent_name)),
            ("agentversion", text(&self.agent_version)),
            ("investigatorname", text(&self.investigator_name)),
            ("manifestname", text(&self.manifest_name)),
            ("loadername", text(&self.loader_name)),
            ("status", text(&self.status)),
            ("threatfamily", text(&self.threat_family)),
            ("foundanything", Value::Bool(self.found.unwrap_or(false))),
            ("target", Value::from(self.target.clone().unwrap_or_default())),
            ("limit", number(self.limit)),
            ("offset", number(self.offset)),
            ("report", Value::from("")),
        ];
        Value::Map(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map>())
    }
}

fn echo_id<I: Display>(id: Option<I>) -> Value {
    Value::from(id.map_or_else(|| ANY_ID.to_owned(), |id| id.to_string()))
}

/// One parameter of a query string.
#[derive(Clone, Copy)]
struct Parameter<'q> {
    name: &'q str,
    value: &'q str,
}

impl Parameter<'_> {
    fn is_not(self, expected: &'static str) -> SearchError {
        let value = self.value.chars().take(limits::MAX_LIKE_BYTES).collect();
        SearchError { name: self.name.to_owned(), value, expected }
    }

    fn parse<T: FromStr>(self, expected: &'static str) -> Result<T, SearchError> {
        self.value.parse().map_err(|_| self.is_not(expected))
    }

    fn time(self) -> Result<Time, SearchError> {
        self.parse("a time such as 2026-01-31T12:00:00Z")
    }

    fn id<I: FromStr>(self) -> Result<Option<I>, SearchError> {
        if self.value == ANY_ID { Ok(None) } else { self.parse("an id, which is a whole number").map(Some) }
    }

    fn count(self) -> Result<u32, SearchError> {
        self.parse("a number from 0 on")
    }

    fn pattern(self) -> Result<Option<String>, SearchError> {
        if self.value.len() > limits::MAX_LIKE_BYTES {
            return Err(self.is_not("short enough for a pattern"));
        }
        // A NUL is in no text that a database holds.
        if self.value.contains('\0') || Like::new(self.value, Like::DEFAULT_ESCAPE, true).is_err() {
            return Err(
                self.is_not("a pattern: % is any text, _ any character, \\ takes the next one as it is")
            );
        }
        Ok(Some(self.value.to_owned()).filter(|value| value != ANY_TEXT))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn parameters_of_the_originals_clients_are_read() {
        let query = [
            ("type", "command"),
            ("limit", "37"),
            ("offset", "74"),
            ("actionid", "28064280936795"),
            ("agentid", "∞"),
            ("foundanything", "true"),
            ("agentname", "%"),
            ("actionname", "file %"),
            ("after", "2022-05-19T02:39:14Z"),
        ];
        let search = Search::from_query(query).unwrap();
        let expected = Search {
            kind: Kind::Command,
            limit: 37,
            offset: 74,
            action: Some(ActionId::new(28_064_280_936_795)),
            found: Some(true),
            action_name: Some("file %".to_owned()),
            after: Some("2022-05-19T02:39:14Z".parse().unwrap()),
            ..Search::default()
        };
        assert_eq!(search, expected);
    }

    #[test]
    fn an_empty_search_is_for_actions_and_says_so_as_the_original_does() {
        let search = Search::from_query([]).unwrap();
        let now = "2026-11-24T02:09:57.87773149Z".parse().unwrap();
        assert_eq!(
            json::to_string(&search.echo(now)).unwrap(),
            r#"{"actionid":"∞","actionname":"%","after":"2022-05-19T02:09:57.87773149Z","agentid":"∞","agentname":"%","agentversion":"%","before":"2031-06-01T02:09:57.87773149Z","commandid":"∞","foundanything":false,"investigatorid":"∞","investigatorname":"%","limit":100,"loaderid":"∞","loadername":"%","manifestid":"∞","manifestname":"%","offset":0,"report":"","status":"%","target":"","threatfamily":"%","type":"action"}"#
        );
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (name, value) in [
            ("type", "agents"),
            ("before", "yesterday"),
            ("foundanything", "maybe"),
            ("limit", "-1"),
            ("limit", "many"),
            ("actionid", "x"),
            ("actonid", "1"),
        ] {
            let error = Search::from_query([(name, value)]).unwrap_err().to_string();
            assert!(error.starts_with(&format!("search parameter '{name}' is '{value}'")), "{error}");
        }
        assert!(Search::from_query([("agentname", "a".repeat(2000).as_str())]).is_err());
        assert_eq!(Search::from_query([("limit", "4294967295")]).unwrap().limit, MAX_LIMIT);
    }
}
