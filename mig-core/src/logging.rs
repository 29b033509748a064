//! The section `[logging]` of the original's configuration files, and the form of its log lines.

use crate::safe;
use std::path::PathBuf;

/// How much a line matters; the numbers are those of syslog.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The system is unusable.
    Emergency = 0,
    /// Somebody must act at once.
    Alert = 1,
    /// A component failed.
    Critical = 2,
    /// Something failed.
    Error = 3,
    /// Something may fail.
    Warning = 4,
    /// Normal, but significant.
    Notice = 5,
    /// What is going on.
    #[default]
    Info = 6,
    /// Everything.
    Debug = 7,
}

impl Severity {
    /// The severity that a `level` of the configuration names: `emerg`, `alert`, `crit`, `err`, `warning`, `notice`,
    /// `info` or `debug`.
    #[must_use]
    pub fn from_level(level: &str) -> Option<Self> {
        LEVELS.iter().find(|(name, _, _)| *name == level).map(|(_, _, severity)| *severity)
    }

    /// The word in log lines.
    #[must_use]
    pub fn word(self) -> &'static str {
        LEVELS.iter().find(|(_, _, severity)| *severity == self).map_or("", |(_, word, _)| word)
    }
}

/// Level in the configuration, word in lines.
const LEVELS: [(&str, &str, Severity); 8] = [
    ("emerg", "emergency", Severity::Emergency),
    ("alert", "alert", Severity::Alert),
    ("crit", "critical", Severity::Critical),
    ("err", "error", Severity::Error),
    ("warning", "warning", Severity::Warning),
    ("notice", "notice", Severity::Notice),
    ("info", "info", Severity::Info),
    ("debug", "debug", Severity::Debug),
];

/// Where lines go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LogDestination {
    /// Standard error, in spite of its name `stdout`.
    #[default]
    StandardError,
    /// A file.
    File {
        /// Which.
        path: PathBuf,
        /// Size in bytes at which it becomes `<path>.1`, of which one is kept; 0 is never.
        max_bytes: u64,
    },
    /// Syslog, facility `daemon`; on Windows the event log.
    Syslog {
        /// Name or address.
        host: String,
        /// Port.
        port: u16,
        /// `udp` or `tcp`.
        protocol: String,
    },
}

/// What the section says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggingConfig {
    /// Where lines go.
    pub destination: LogDestination,
    /// Least severity that is logged.
    pub level: Severity,
}

/// What is wrong with the section.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoggingError {
    /// A key that neither version knows.
    #[error("section logging has no key '{0}'")]
    UnknownKey(String),
    /// A value that is not what its key needs.
    #[error("{key} of section logging is '{value}', which is not a number in its range")]
    NotANumber {
        /// The key.
        key: &'static str,
        /// Its value.
        value: String,
    },
    /// A key that the mode needs.
    #[error("mode {mode} of section logging needs the key '{key}'")]
    Missing {
        /// The mode.
        mode: &'static str,
        /// The key.
        key: &'static str,
    },
}

impl LoggingConfig {
    /// Reads the keys and values of the section; keys fold case, of a repeated one the last counts. Beside the
    /// configuration come warnings: an unknown mode is standard error, an unknown or missing level lets emergencies
    /// through only.
    ///
    /// # Errors
    /// [`LoggingError`] names the key.
    pub fn from_section<'a>(
        section: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<(Self, Vec<String>), LoggingError> {
        let keys = Keys::read(section)?;
        let mut warnings = Vec::new();
        let level = Severity::from_level(keys.level).unwrap_or_else(|| {
            warnings.push(format!("unknown log level '{}': only emergencies are logged", keys.level));
            Severity::Emergency
        });
        let destination = match keys.mode {
            "file" => keys.file()?,
            "syslog" => keys.syslog()?,
            other => {
                if other != "stdout" {
                    warnings.push(format!("unknown log mode '{other}': lines go to standard error"));
                }
                LogDestination::StandardError
            }
        };
        Ok((Self { destination, level }, warnings))
    }

    /// True if a line of this severity is logged. The original takes emergencies for informational; here they always are.
    #[must_use]
    pub fn logs(&self, severity: Severity) -> bool {
        severity <= self.level
    }
}

#[derive(Default)]
struct Keys<'a> {
    mode: &'a str,
    level: &'a str,
    file: &'a str,
    host: &'a str,
    port: &'a str,
    protocol: &'a str,
    max_file_size: &'a str,
}

impl<'a> Keys<'a> {
    fn read(section: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, LoggingError> {
        let mut keys = Self::default();
        for (key, value) in section {
            match key.to_ascii_lowercase().as_str() {
                "mode" => keys.mode = value,
                "level" => keys.level = value,
                "file" => keys.file = value,
                "host" => keys.host = value,
                "port" => keys.port = value,
                "protocol" => keys.protocol = value,
                "maxfilesize" => keys.max_file_size = value,
                // Read by the original and never used.
                "facility" => {}
                _ => return Err(LoggingError::UnknownKey(key.to_owned())),
            }
        }
        Ok(keys)
    }

    fn file(&self) -> Result<LogDestination, LoggingError> {
        let path = present("file", "file", self.file)?;
        let size = if self.max_file_size.is_empty() { "0" } else { self.max_file_size };
        Ok(LogDestination::File { path: path.into(), max_bytes: number("maxfilesize", size)? })
    }

    fn syslog(&self) -> Result<LogDestination, LoggingError> {
        Ok(LogDestination::Syslog {
            host: present("syslog", "host", self.host)?.to_owned(),
            port: number("port", present("syslog", "port", self.port)?)?,
            protocol: present("syslog", "protocol", self.protocol)?.to_owned(),
        })
    }
}

fn present<'a>(mode: &'static str, key: &'static str, value: &'a str) -> Result<&'a str, LoggingError> {
    if value.is_empty() { Err(LoggingError::Missing { mode, key }) } else { Ok(value) }
}

fn number<N: std::str::FromStr>(key: &'static str, value: &str) -> Result<N, LoggingError> {
    value.parse().map_err(|_| LoggingError::NotANumber { key, value: value.to_owned() })
}

/// One line: `<operation> <action> <command> [<severity>] <text>`, a dash for an id that there is none of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogLine<'a> {
    /// Operation within the program; 0 is none.
    pub operation: u64,
    /// Action it is about; 0 is none.
    pub action: u64,
    /// Command it is about; 0 is none.
    pub command: u64,
    /// How much it matters.
    pub severity: Severity,
    /// What happened.
    pub text: &'a str,
}

/// A line that says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a log line needs a text")]
pub struct EmptyLogLine;

impl LogLine<'_> {
    /// The line, without a line feed. Controls in the text are shown as by [`safe::line`]: others choose what is in it, and
    /// must not forge lines.
    ///
    /// # Errors
    /// [`EmptyLogLine`] if there is no text.
    pub fn render(&self) -> Result<String, EmptyLogLine> {
        if self.text.is_empty() {
            return Err(EmptyLogLine);
        }
        let [operation, action, command] = [self.operation, self.action, self.command].map(dash_for_none);
        let (word, text) = (self.severity.word(), safe::line(self.text));
        Ok(format!("{operation} {action} {command} [{word}] {text}"))
    }
}

fn dash_for_none(id: u64) -> String {
    if id == 0 { "-".to_owned() } else { id.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(section: &[(&str, &str)]) -> Result<(LoggingConfig, Vec<String>), LoggingError> {
        LoggingConfig::from_section(section.iter().copied())
    }

    #[test]
    fn every_mode_of_the_samples_is_read() {
        let (config, warnings) = read(&[("mode", "stdout"), ("level", "info")]).unwrap();
        assert_eq!(
            config,
            LoggingConfig { destination: LogDestination::StandardError, level: Severity::Info }
        );
        assert!(warnings.is_empty());

        let file =
            [("Mode", "file"), ("LEVEL", "debug"), ("file", "/var/log/mig.log"), ("maxfilesize", "10485760")];
        let path = "/var/log/mig.log".into();
        assert_eq!(read(&file).unwrap().0.destination, LogDestination::File { path, max_bytes: 10_485_760 });

        let syslog =
            [("mode", "syslog"), ("level", "err"), ("host", "h"), ("port", "514"), ("protocol", "udp")];
        let (host, port, protocol) = ("h".to_owned(), 514, "udp".to_owned());
        assert_eq!(read(&syslog).unwrap().0.destination, LogDestination::Syslog { host, port, protocol });
    }

    #[test]
    fn an_emergency_is_logged_at_every_level() {
        let (config, warnings) = read(&[("mode", "journal")]).unwrap();
        assert_eq!(warnings.len(), 2, "mode and level: {warnings:?}");
        assert!(config.logs(Severity::Emergency) && !config.logs(Severity::Alert));
        let (config, _) = read(&[("level", "notice")]).unwrap();
        assert!(
            config.logs(Severity::Emergency) && config.logs(Severity::Notice) && !config.logs(Severity::Info)
        );
    }

    #[test]
    fn faults_name_the_key() {
        let text = |section| read(section).unwrap_err().to_string();
        assert!(text(&[("mode", "file")]).contains("'file'"));
        assert!(text(&[("mode", "syslog"), ("host", "h"), ("port", "99999")]).contains("port"));
        assert!(text(&[("levle", "info")]).contains("levle"));
    }

    #[test]
    fn a_line_has_dashes_for_ids_that_there_are_none_of() {
        let line = LogLine { action: 12, severity: Severity::Warning, text: "late", ..LogLine::default() };
        assert_eq!(line.render().unwrap(), "- 12 - [warning] late");
        assert_eq!(LogLine { text: "x", ..LogLine::default() }.render().unwrap(), "- - - [info] x");
    }

    #[test]
    fn an_empty_text_is_an_error_and_a_line_feed_makes_no_second_line() {
        assert_eq!(LogLine::default().render(), Err(EmptyLogLine));
        let text = "a\n- - - [emergency] forged";
        let line = LogLine { text, ..LogLine::default() }.render().unwrap();
        assert_eq!(line, "- - - [info] a\\n- - - [emergency] forged");
    }
}
