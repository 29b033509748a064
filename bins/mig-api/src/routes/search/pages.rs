//! The results of one search, some rows at a time.

use crate::{
    Api,
    answer::{Document, with_placeholders},
    error::ApiError,
};
use mig_core::{
    action::Action,
    agent_info::AgentInfo,
    api::{Item, Kind, Search},
    id::{ActionId, AgentId},
    store::{SearchKey, SearchPage, StoreError, StoredCommand},
    target::Target,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::SystemTime,
};

/// Rows that are read at once; commands carry results of any size.
const ROWS: u32 = 500;
const COMMANDS: u32 = 50;

/// Where a search stands.
pub(super) struct Pages {
    api: Arc<Api>,
    search: Search,
    target: Option<Target>,
    now: SystemTime,
    /// The last row that was read.
    last: Option<SearchKey>,
    /// Rows to leave out.
    skip: u32,
    /// Rows still wanted.
    left: u32,
}

impl Pages {
    pub(super) fn new(api: Arc<Api>, search: Search, target: Option<Target>) -> Self {
        let (skip, left, now) = (search.offset, search.limit, api.clock.now());
        Self { api, search, target, now, last: None, skip, left }
    }

    /// True when nothing is left.
    pub(super) const fn is_done(&self) -> bool {
        self.left == 0
    }

    /// The next rows, perhaps none; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Item<Document>>>, ApiError> {
        if self.left == 0 {
            return Ok(None);
        }
        let items = match (self.search.kind, self.target.take()) {
            (Kind::Agent, Some(target)) => {
                let items = self.agents_of(&target).await?;
                self.target = Some(target);
                items
            }
            (Kind::Agent, None) => self.agents().await?,
            (Kind::Command, _) => self.commands().await?,
            (Kind::Investigator, _) => self.investigators().await?,
            _ => self.actions().await?,
        };
        Ok(Some(items))
    }

    fn page(&mut self, rows: u32) -> SearchPage {
        let offset = std::mem::take(&mut self.skip);
        SearchPage { after: self.last, offset, limit: self.left.min(rows) }
    }

    /// Remembers how far we are.
    fn advance(&mut self, page: &SearchPage, read: usize, last: Option<SearchKey>) {
        let read = u32::try_from(read).unwrap_or(u32::MAX);
        self.left = if read < page.limit { 0 } else { self.left.saturating_sub(read) };
        self.last = last.or(self.last);
    }

    async fn actions(&mut self) -> Result<Vec<Item<Document>>, ApiError> {
        let page = self.page(ROWS);
        let found = self.api.store.find_actions(&self.search, &page).await?;
        let key = |action: &Action| SearchKey { time: action.valid_from, id: action.id.get() };
        self.advance(&page, found.len(), found.last().map(|stored| key(&stored.action)));
        let item = |action: Action| {
            self.item(action.id.to_string(), Document::Action(Box::new(with_placeholders(action))))
        };
        Ok(found.into_iter().map(|stored| item(stored.action)).collect())
    }

    async fn commands(&mut self) -> Result<Vec<Item<Document>>, ApiError> {
        let page = self.page(COMMANDS);
        let found = self.api.store.find_commands(&self.search, &page).await?;
        let key = |command: &StoredCommand| SearchKey { time: command.start_time, id: command.id.get() };
        self.advance(&page, found.len(), found.last().map(key));
        let actions = self.actions_of(&found).await?;
        let item = |command: StoredCommand| {
            let action = actions.get(&command.action).cloned().unwrap_or_default();
            let id = command.id.to_string();
            self.item(id, Document::Command(Box::new(command.into_command(action))))
        };
        Ok(found.into_iter().map(item).collect())
    }

    /// Each action once, however many commands it has.
    async fn actions_of(&self, commands: &[StoredCommand]) -> Result<BTreeMap<ActionId, Action>, StoreError> {
        let ids: BTreeSet<ActionId> = commands.iter().map(|command| command.action).collect();
        let ids: Vec<ActionId> = ids.into_iter().collect();
        let actions = self.api.store.actions_by_id(&ids).await?;
        Ok(actions.into_iter().map(|stored| (stored.action.id, with_placeholders(stored.action))).collect())
    }

    async fn agents(&mut self) -> Result<Vec<Item<Document>>, ApiError> {
        let page = self.page(ROWS);
        let found = self.api.store.find_agents(&self.search, &page).await?;
        self.advance(&page, found.len(), found.last().map(key_of_agent));
        Ok(self.agent_items(found))
    }

    /// By id. What is to be left out is read all the same.
    async fn agents_of(&mut self, target: &Target) -> Result<Vec<Item<Document>>, ApiError> {
        let wanted = if self.skip > 0 { self.skip } else { self.left }.min(ROWS);
        let after = self.last.map(|key| AgentId::new(key.id));
        let store = &self.api.store;
        let found = store.agents_of_target(target, self.now, after, wanted).await?;
        let page = SearchPage { limit: wanted, ..SearchPage::default() };
        if self.skip == 0 {
            self.advance(&page, found.len(), found.last().map(key_of_agent));
            return Ok(self.agent_items(found));
        }
        let read = u32::try_from(found.len()).unwrap_or(u32::MAX);
        self.skip = self.skip.saturating_sub(read);
        self.last = found.last().map(key_of_agent).or(self.last);
        if read < wanted {
            self.left = 0;
        }
        Ok(Vec::new())
    }

    fn agent_items(&self, agents: Vec<AgentInfo>) -> Vec<Item<Document>> {
        let item = |agent: AgentInfo| self.item(agent.id.to_string(), Document::Agent(Box::new(agent)));
        agents.into_iter().map(item).collect()
    }

    async fn investigators(&mut self) -> Result<Vec<Item<Document>>, ApiError> {
        let page = self.page(ROWS);
        let found = self.api.store.find_investigators(&self.search, &page).await?;
        let key = found.last().map(|last| SearchKey { time: last.last_modified, id: last.id.get() });
        self.advance(&page, found.len(), key);
        let items = found.into_iter().map(|investigator| {
            self.item(investigator.id.to_string(), Document::Investigator(Box::new(investigator)))
        });
        Ok(items.collect())
    }

    fn item(&self, id: String, document: Document) -> Item<Document> {
        let kind = self.search.kind.as_str();
        Item::new(self.api.url(&format!("/{kind}?{kind}id={id}")), kind, document)
    }
}

fn key_of_agent(agent: &AgentInfo) -> SearchKey {
    SearchKey { time: agent.heartbeat_time, id: agent.id.get() }
}
