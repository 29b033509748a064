//! What the API and its clients say to each other: the original's documents under `/api/v1`.
//!
//! * [`Resource`]: every answer, in the format Collection+JSON.
//! * [`Search`]: what a search asks for.

mod collection;
mod search;

pub use self::{
    collection::{Collection, Datum, ErrorBody, Item, Link, Query, Resource, Template},
    search::{Kind, Search, SearchError},
};
