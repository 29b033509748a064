//! Security advisories in the format of osv.dev, and which of them apply to a package.
//!
//! The format is <https://ossf.github.io/osv-schema/>; ranges are evaluated as it describes. Of a record only what decides is
//! read: ids, packages, ranges and versions. Ranges of commits say nothing of packages and are left out.

mod ecosystem;
mod question;
mod range;

pub(super) use self::question::{Hit, Question};

use mig_core::{
    json::{self, Value},
    limits::MAX_ACTION_BYTES,
};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What counts of an advisory.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Advisory {
    /// Such as `DSA-5532-1`.
    pub id: String,
    /// Other ids of the same thing, such as `CVE-2023-5363`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// When it was taken back; it applies to nothing then. Empty if it holds.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub withdrawn: String,
    /// The packages it is about.
    pub affected: Vec<Affected>,
}

/// The versions of one package that an advisory is about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Affected {
    /// The package.
    pub package: Name,
    /// Versions between events; one range that holds a version is enough.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ranges: Vec<Range>,
    /// Single versions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<String>,
}

/// The name of a package as advisories have it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Name {
    /// Such as `Debian:12` or `PyPI`.
    pub ecosystem: String,
    /// The source package in some distributions.
    pub name: String,
}

/// Where versions begin and cease to be affected.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Range {
    /// `ECOSYSTEM`, `SEMVER` or `GIT`.
    #[serde(rename = "type")]
    pub kind: String,
    /// In any order.
    pub events: Vec<Event>,
}

/// One end of a range; one of the fields is there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Event {
    /// The first version that is affected; `0` comes before all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub introduced: Option<String>,
    /// The first version that is not affected any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed: Option<String>,
    /// The last version that is affected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_affected: Option<String>,
    /// The first version that the range does not speak of; `*` is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
}

/// Why a record is no advisory.
#[derive(Debug, thiserror::Error)]
pub enum AdvisoryError {
    /// Not the shape of the format.
    #[error("not an advisory: {0}")]
    Shape(#[from] json::Error),
    /// Nothing to call it by.
    #[error("an advisory needs an id")]
    NoId,
    /// A kind of range that is unknown.
    #[error("advisory {id}: unknown type of range '{kind}'")]
    RangeType {
        /// The advisory.
        id: String,
        /// The type.
        kind: String,
    },
    /// A range that never begins.
    #[error("advisory {0}: a range has no event 'introduced'")]
    NoIntroduced(String),
    /// An event without a version.
    #[error("advisory {0}: an event is none of introduced, fixed, last_affected and limit")]
    Event(String),
}

impl Advisory {
    /// Reads a record, and leaves out what does not decide.
    ///
    /// # Errors
    /// [`AdvisoryError`] if it has not the shape of the format.
    pub fn from_value(record: &Value) -> Result<Self, AdvisoryError> {
        let mut advisory: Self = json::from_value(record)?;
        if advisory.id.is_empty() {
            return Err(AdvisoryError::NoId);
        }
        for affected in &mut advisory.affected {
            affected.ranges.retain(|range| range.kind != "GIT");
            affected.ranges.iter().try_for_each(|range| range.check(&advisory.id))?;
        }
        advisory.affected.retain(|affected| affected.package != Name::default());
        Ok(advisory)
    }
}

impl Range {
    fn check(&self, id: &str) -> Result<(), AdvisoryError> {
        if !["ECOSYSTEM", "SEMVER"].contains(&self.kind.as_str()) {
            return Err(AdvisoryError::RangeType { id: id.to_owned(), kind: self.kind.clone() });
        }
        if self.events.iter().any(|event| *event == Event::default()) {
            return Err(AdvisoryError::Event(id.to_owned()));
        }
        if !self.events.iter().any(|event| event.introduced.is_some()) {
            return Err(AdvisoryError::NoIntroduced(id.to_owned()));
        }
        Ok(())
    }
}

/// Why a file of advisories can not be used; the path is part of each text.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It does not open, or is too large.
    #[error("{path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// It is no JSON.
    #[error("{path}: {source}")]
    Json {
        /// The file.
        path: String,
        /// Why.
        source: json::Error,
    },
    /// There is nothing in it: an empty list would be no question.
    #[error("{path}: no advisory in it")]
    Empty {
        /// The file.
        path: String,
    },
    /// A record is no advisory.
    #[error("{path}: {source}")]
    Advisory {
        /// The file.
        path: String,
        /// Why.
        source: AdvisoryError,
    },
}

/// Reads a file with one record or a list of them; what does not decide is left out of each.
///
/// # Errors
/// [`FileError`] names the file.
pub fn read_file(path: &Path) -> Result<Vec<Value>, FileError> {
    let named = || path.display().to_string();
    let text = mig_core::limits::read_file(path, MAX_ACTION_BYTES)
        .map_err(|source| FileError::Read { path: named(), source })?;
    let records = match json::from_slice(&text).map_err(|source| FileError::Json { path: named(), source })? {
        Value::List(records) => records,
        record => vec![record],
    };
    if records.is_empty() {
        return Err(FileError::Empty { path: named() });
    }
    let reduce = |record| json::to_value(&Advisory::from_value(record)?).map_err(AdvisoryError::from);
    let reduced: Result<Vec<Value>, _> = records.iter().map(reduce).collect();
    reduced.map_err(|source| FileError::Advisory { path: named(), source })
}

#[cfg(test)]
mod tests;
