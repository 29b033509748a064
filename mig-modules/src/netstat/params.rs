//! From parameters as they travel to checks that can run, or to the first error in the words of the original.

use super::wire::{Check, Parameters};
use crate::{
    dialect::{DialectError, Pattern},
    parameters,
    sys::network::{Subnet, SubnetError},
};
use mig_core::{json::Value, module::ParamsError};

/// Parameters that were checked completely.
#[derive(Clone, Debug, Default)]
pub struct Params {
    /// In the order of checks, then of values.
    pub(super) queries: Vec<Query>,
    pub(super) namespaces: bool,
    pub(super) raw: bool,
    pub(super) owner: bool,
}

/// One value of one check.
#[derive(Clone, Debug)]
pub(super) struct Query {
    pub(super) check: Check,
    /// The value as it was asked, by which it is answered.
    pub(super) text: String,
    pub(super) test: Test,
}

/// What a value means.
#[derive(Clone, Debug)]
pub(super) enum Test {
    Pattern(Pattern),
    Subnet(Subnet),
    Port(u16),
}

impl Test {
    /// Whether a text matches; false for other kinds of tests.
    pub(super) fn is_match(&self, text: &str) -> bool {
        matches!(self, Self::Pattern(pattern) if pattern.is_match(text.as_bytes()))
    }

    /// The network, if it is one.
    pub(super) fn subnet(&self) -> Option<Subnet> {
        if let Self::Subnet(subnet) = self { Some(*subnet) } else { None }
    }

    /// Whether it asks for this port; false for other kinds of tests.
    pub(super) fn is_port(&self, port: u16) -> bool {
        matches!(self, Self::Port(wanted) if *wanted == port)
    }
}

impl Params {
    /// Checks parameters.
    ///
    /// # Errors
    /// The first error in the order of checks.
    pub fn parse(params: &Value) -> Result<Self, ParamsError> {
        let parameters: Parameters = parameters::read(params)?;
        let mut queries = Vec::new();
        for check in Check::ALL {
            for text in check.values(&parameters) {
                let test = test(check, text).map_err(|error| ParamsError {
                    reason: error.to_string(),
                    place: Some(format!("{} '{text}'", check.field())),
                })?;
                queries.push(Query { check, text: text.clone(), test });
            }
        }
        let Parameters { namespaces, raw, owner, .. } = parameters;
        Ok(Self { queries, namespaces, raw, owner })
    }

    /// The queries of one check with their places.
    pub(super) fn of(&self, check: Check) -> impl Iterator<Item = (usize, &Query)> {
        self.queries.iter().enumerate().filter(move |(_, query)| query.check == check)
    }

    /// Whether a check is asked for.
    pub(super) fn has(&self, check: Check) -> bool {
        self.of(check).next().is_some()
    }

    /// Whether results say more of sockets than the original does.
    pub(super) fn is_detailed(&self) -> bool {
        self.owner || self.raw
    }
}

/// Why a value is refused.
#[derive(Debug, thiserror::Error)]
enum ValueError {
    #[error(
        "Invalid MAC regexp '{text}'. Compilation failed with '{source}'. Must be a valid regular expression."
    )]
    Mac { text: String, source: DialectError },
    #[error(
        "Invalid regexp '{text}'. Compilation failed with '{source}'. Must be a valid regular expression."
    )]
    Pattern { text: String, source: DialectError },
    #[error("invalid IPv{{4,6}} CIDR {text}: {source}. Must be an IP or a CIDR.")]
    Network { text: String, source: SubnetError },
    #[error("invalid IPv{{4,6}} {0}. Must be an IP or a CIDR.")]
    Address(String),
    #[error("{0} is not a valid port")]
    Port(String),
    #[error("port out of range. must be between 1 and 65535")]
    PortRange,
}

fn test(check: Check, text: &str) -> Result<Test, ValueError> {
    let mac = |source| ValueError::Mac { text: text.to_owned(), source };
    let pattern = |source| ValueError::Pattern { text: text.to_owned(), source };
    Ok(match check {
        Check::LocalMac => {
            // Alone first, so that an error shows what was asked.
            Pattern::new(text).map_err(mac)?;
            Test::Pattern(Pattern::new(&format!("(?i){text}")).map_err(mac)?)
        }
        Check::NeighbourMac => Test::Pattern(Pattern::new(text).map_err(mac)?),
        Check::ListeningProcess | Check::UnixSocket => Test::Pattern(Pattern::new(text).map_err(pattern)?),
        Check::LocalIp | Check::NeighbourIp | Check::ConnectedIp => Test::Subnet(subnet(text)?),
        Check::ListeningPort => Test::Port(port(text)?),
    })
}

fn subnet(text: &str) -> Result<Subnet, ValueError> {
    text.parse().map_err(|error| match error {
        SubnetError::Network(_) => ValueError::Network { text: text.to_owned(), source: error },
        SubnetError::Address(_) => ValueError::Address(text.to_owned()),
    })
}

/// A sign is allowed.
fn port(text: &str) -> Result<u16, ValueError> {
    let number: i64 = text.parse().map_err(|_| ValueError::Port(text.to_owned()))?;
    u16::try_from(number).map_err(|_| ValueError::PortRange)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mig_core::json;
    use proptest::prelude::*;

    fn refusal(params: &str) -> String {
        format!("{:#}", Params::parse(&json::from_slice(params.as_bytes()).unwrap()).unwrap_err())
    }

    #[test]
    fn the_first_error_in_the_order_of_checks_counts_and_says_where() {
        let params = r#"{"listeningport":["x"],"localip":["1.2.3"],"neighborip":["1/8"]}"#;
        assert_eq!(
            refusal(params),
            "neighborip '1/8': invalid IPv{4,6} CIDR 1/8: invalid CIDR address: 1/8. Must be an IP or a CIDR."
        );
    }

    #[test]
    fn numbers_no_machine_has_are_no_ports() {
        for (text, reason) in [
            ("99999999999999999999", "99999999999999999999 is not a valid port"),
            ("", " is not a valid port"),
            ("1_0", "1_0 is not a valid port"),
            ("65536", "port out of range. must be between 1 and 65535"),
        ] {
            assert_eq!(port(text).unwrap_err().to_string(), reason);
        }
        assert_eq!((port("+22").unwrap(), port("-0").unwrap()), (22, 0));
    }

    #[test]
    fn an_expression_on_local_macs_ignores_case_also_in_its_middle() {
        let test = test(Check::LocalMac, "AA|bb").unwrap();
        assert!(test.is_match("aa:00") && test.is_match("BB:00") && !test.is_match("cc:00"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn any_value_is_taken_or_refused(text in "[0-9a-f:./%+(\\[-]{0,24}") {
            for check in Check::ALL {
                _ = test(check, &text).is_ok();
            }
        }
    }
}
