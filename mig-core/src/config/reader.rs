//! Typed access to entries. Each key that is asked for is known; what nobody asked for is a fault in the end.

use super::{Fault, Faults, dialect::Entry};
use crate::duration;
use std::{collections::BTreeSet, net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

/// The entries of a file while they are read.
#[derive(Debug)]
pub struct Reader<'e> {
    entries: &'e [Entry],
    known: BTreeSet<(&'static str, &'static str)>,
    faults: Vec<Fault>,
    warnings: Vec<Fault>,
}

impl<'e> Reader<'e> {
    pub(super) fn new(entries: &'e [Entry], faults: Vec<Fault>) -> Self {
        Self { entries, known: BTreeSet::new(), faults, warnings: Vec::new() }
    }

    /// The warnings, or all faults, in the order of their lines.
    pub(super) fn finish(mut self) -> Result<Vec<Fault>, Faults> {
        for entry in self.entries {
            let is_known =
                self.known.iter().any(|(section, key)| entry.section == *section && entry.key == *key);
            if !is_known {
                self.faults.push(fault(entry, "there is no such key"));
            }
        }
        self.faults.sort();
        self.warnings.sort();
        if self.faults.is_empty() { Ok(self.warnings) } else { Err(Faults(self.faults)) }
    }

    fn entries(
        &mut self,
        section: &'static str,
        key: &'static str,
    ) -> impl Iterator<Item = &'e Entry> + use<'e> {
        self.known.insert((section, key));
        self.entries.iter().filter(move |entry| entry.section == section && entry.key == key)
    }

    /// The last entry of a key with a value that `parse` takes.
    fn value<T>(
        &mut self,
        section: &'static str,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let entry = self.entries(section, key).last()?;
        match entry.value.as_deref().ok_or_else(|| "it needs a value".to_owned()).and_then(parse) {
            Ok(value) => Some(value),
            Err(text) => {
                self.faults.push(fault(entry, &text));
                None
            }
        }
    }

    /// A text.
    pub(super) fn text(&mut self, section: &'static str, key: &'static str) -> Option<String> {
        self.value(section, key, |value| Ok(value.to_owned()))
    }

    /// A text that is not empty.
    pub(super) fn word(&mut self, section: &'static str, key: &'static str) -> Option<String> {
        self.text(section, key).filter(|text| !text.is_empty())
    }

    /// A path that is not empty.
    pub(super) fn path(&mut self, section: &'static str, key: &'static str) -> Option<PathBuf> {
        self.word(section, key).map(PathBuf::from)
    }

    /// All values of a key that can be repeated.
    pub(super) fn list(&mut self, section: &'static str, key: &'static str) -> Vec<(usize, String)> {
        let values = self.entries(section, key).map(|entry| (entry.line, entry.value.clone()));
        values.map(|(line, value)| (line, value.unwrap_or_default())).collect()
    }

    /// A switch: `on`, `off`, `true`, `false`, `yes`, `no`, `1`, `0`; a key alone is on.
    pub(super) fn switch(&mut self, section: &'static str, key: &'static str) -> Option<bool> {
        let entry = self.entries(section, key).last()?;
        let value = entry.value.as_deref().unwrap_or("on").to_ascii_lowercase();
        match value.as_str() {
            "on" | "true" | "yes" | "1" => Some(true),
            "off" | "false" | "no" | "0" => Some(false),
            _ => {
                self.faults.push(fault(entry, &format!("'{value}' is neither on nor off")));
                None
            }
        }
    }

    /// A duration such as `300s` or `1h30m`, not negative.
    pub(super) fn duration(&mut self, section: &'static str, key: &'static str) -> Option<Duration> {
        self.value(section, key, |value| {
            let nanoseconds = duration::parse(value)
                .map_err(|error| format!("'{value}' is no time such as 300s or 1h30m: {error}"))?;
            u64::try_from(nanoseconds)
                .map(Duration::from_nanos)
                .map_err(|_| format!("'{value}' is less than nothing"))
        })
    }

    /// A number.
    pub(super) fn number<N: FromStr>(&mut self, section: &'static str, key: &'static str) -> Option<N> {
        let number = |value: &str| value.parse().map_err(|_| format!("'{value}' is no number in its range"));
        self.value(section, key, number)
    }

    /// An address to listen on, `host:port`; empty for none.
    pub(super) fn address(&mut self, section: &'static str, key: &'static str) -> Option<Option<SocketAddr>> {
        self.value(section, key, |value| match value {
            "" => Ok(None),
            value => value
                .replace("localhost:", "127.0.0.1:")
                .parse()
                .map(Some)
                .map_err(|_| format!("'{value}' is no address such as 127.0.0.1:51664")),
        })
    }

    /// All entries of a section, for a part that checks its keys by itself.
    pub(super) fn section(
        &mut self,
        section: &'static str,
        keys: &[&'static str],
    ) -> Vec<(&'e str, &'e str)> {
        self.known.extend(keys.iter().map(|key| (section, *key)));
        let entries = self.entries.iter().filter(|entry| entry.section == section);
        entries.map(|entry| (entry.key.as_str(), entry.value.as_deref().unwrap_or_default())).collect()
    }

    /// A key that the original reads and that has no effect here.
    pub(super) fn obsolete(&mut self, section: &'static str, key: &'static str, reason: &str) {
        let entries: Vec<&Entry> = self.entries(section, key).collect();
        self.warnings.extend(entries.into_iter().map(|entry| fault(entry, reason)));
    }

    /// Something is wrong with the value of a key.
    pub(super) fn fault(&mut self, section: &'static str, key: &'static str, text: &str) {
        let entry = self.entries(section, key).last();
        let missing = Fault { line: None, key: format!("{section}.{key}"), text: text.to_owned() };
        self.faults.push(entry.map_or(missing, |entry| fault(entry, text)));
    }

    /// Something should be known of a line, or of the file.
    pub(super) fn warn(&mut self, line: Option<usize>, key: &str, text: String) {
        self.warnings.push(Fault { line, key: key.to_owned(), text });
    }
}

fn fault(entry: &Entry, text: &str) -> Fault {
    let key = format!("{}.{}", entry.section, entry.key);
    Fault { line: Some(entry.line), key, text: text.to_owned() }
}
