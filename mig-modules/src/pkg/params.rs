//! From parameters as they travel to a question that can be asked, or to the first error.

use super::{osv::Advisory, wire::Parameters};
use crate::{
    dialect::{DialectError, Pattern},
    parameters,
    version::{Constraint, ConstraintError},
};
use mig_core::{json::Value, module::ParamsError};

/// Parameters that were checked completely.
#[derive(Clone, Debug)]
pub struct Params {
    /// At least one, in the order of the question.
    pub(super) names: Vec<Pattern>,
    pub(super) version: Option<VersionMatch>,
    pub(super) constraint: Option<Constraint>,
    /// Whether packages of programming languages count.
    pub(super) languages: bool,
    /// `None` if there was no such question.
    pub(super) advisories: Option<Vec<Advisory>>,
}

/// An expression on versions.
#[derive(Clone, Debug)]
pub(super) struct VersionMatch {
    pattern: Pattern,
    is_inverted: bool,
}

/// Why parameters are refused.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("must specify at least one package to match")]
    NoName,
    #[error("{source}")]
    Pattern { field: &'static str, value: String, source: DialectError },
    #[error("{source}")]
    Constraint { value: String, source: ConstraintError },
    #[error("{reason}")]
    Advisory { place: String, reason: String },
}

impl From<Refusal> for ParamsError {
    fn from(refusal: Refusal) -> Self {
        let reason = refusal.to_string();
        let place = match refusal {
            Refusal::NoName => None,
            Refusal::Pattern { field, value, .. } => Some(format!("{field} '{value}'")),
            Refusal::Constraint { value, .. } => Some(format!("vercmp '{value}'")),
            Refusal::Advisory { place, .. } => Some(place),
        };
        Self { reason, place }
    }
}

impl Params {
    /// Checks parameters.
    ///
    /// # Errors
    /// The first error, in the words of the original where there are such.
    pub fn parse(params: &Value) -> Result<Self, ParamsError> {
        let parameters: Parameters = parameters::read(params)?;
        Ok(Self::check(parameters)?)
    }

    fn check(parameters: Parameters) -> Result<Self, Refusal> {
        let mut names = parameters.package_match.matches.unwrap_or_default();
        let advisories = advisories(&parameters.advisories)?;
        if names.is_empty() {
            // Advisories name packages themselves.
            advisories.as_ref().ok_or(Refusal::NoName)?;
            names.push(String::new());
        }
        let pattern = |field, value: &str| {
            Pattern::new(value).map_err(|source| Refusal::Pattern { field, value: value.to_owned(), source })
        };
        let names = names.iter().map(|name| pattern("matches", name)).collect::<Result<_, _>>()?;
        let version = Some(parameters.version_match.as_str()).filter(|text| !text.is_empty());
        let version = version.map(|text| {
            // `!` alone is an expression.
            let positive = text.strip_prefix('!').filter(|rest| !rest.is_empty());
            let pattern = pattern("vermatch", positive.unwrap_or(text))?;
            Ok(VersionMatch { pattern, is_inverted: positive.is_some() })
        });
        let constraint = Some(parameters.version_constraint).filter(|text| !text.is_empty());
        let constraint = constraint
            .map(|value| Constraint::parse(&value).map_err(|source| Refusal::Constraint { value, source }));
        let about_languages = advisories.iter().flatten().any(Advisory::is_about_a_language);
        Ok(Self {
            names,
            version: version.transpose()?,
            constraint: constraint.transpose()?,
            languages: parameters.languages || about_languages,
            advisories,
        })
    }
}

impl VersionMatch {
    pub(super) fn holds(&self, version: &str) -> bool {
        self.pattern.is_match(version.as_bytes()) != self.is_inverted
    }
}

fn advisories(records: &[Value]) -> Result<Option<Vec<Advisory>>, Refusal> {
    let read = |(place, record): (usize, &Value)| {
        Advisory::from_value(record)
            .map_err(|error| Refusal::Advisory { place: format!("osv[{place}]"), reason: error.to_string() })
    };
    let advisories: Vec<Advisory> = records.iter().enumerate().map(read).collect::<Result<_, _>>()?;
    Ok(Some(advisories).filter(|advisories| !advisories.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mig_core::json;
    use proptest::prelude::*;

    fn refusal(text: &str) -> String {
        format!("{:#}", Params::parse(&json::from_str(text).unwrap()).unwrap_err())
    }

    #[test]
    fn errors_know_their_place() {
        assert_eq!(refusal("{}"), "must specify at least one package to match");
        let bad = |vermatch: &str| refusal(&format!(r#"{{"pkgmatch":{{"matches":["x"]}},{vermatch}}}"#));
        assert_eq!(bad(r#""vermatch":"![""#), "vermatch '[': error parsing regexp: missing closing ]: `[`");
        assert!(bad(r#""vercmp":"3.0""#).starts_with("vercmp '3.0': '3.0' is no version constraint"));
        assert_eq!(bad(r#""osv":[{"id":"A-1"},{}]"#), "osv[1]: an advisory needs an id");
        assert!(bad(r#""vercmp":5"#).starts_with("ReadInputParameters() -> "));
    }

    #[test]
    fn advisories_about_a_language_need_its_packages() {
        let advisory = |ecosystem: &str| {
            let text = format!(
                r#"{{"osv":[{{"id":"A-1","affected":[{{"package":{{"ecosystem":"{ecosystem}","name":"x"}}}}]}}]}}"#
            );
            Params::parse(&json::from_str(&text).unwrap()).unwrap().languages
        };
        assert!(advisory("PyPI") && advisory("npm") && !advisory("Debian:12"));
    }

    #[test]
    fn advisories_need_no_names() {
        let params: Value = json::from_str(r#"{"osv":[{"id":"A-1"}]}"#).unwrap();
        assert_eq!(Params::parse(&params).unwrap().names.len(), 1);
        assert!(!Params::parse(&params).unwrap().languages);
        let params: Value = json::from_str(r#"{"osv":[]}"#).unwrap();
        assert!(Params::parse(&params).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn any_values_are_a_question_or_an_error(name in "\\PC{0,8}", version in "\\PC{0,8}", bound in "[<>=!]{0,2}\\PC{0,8}") {
            let parameters = Parameters {
                package_match: super::super::wire::PackageMatch { matches: Some(vec![name]) },
                version_match: version,
                version_constraint: bound,
                languages: false,
                advisories: Vec::new(),
            };
            _ = Params::check(parameters);
        }
    }
}
