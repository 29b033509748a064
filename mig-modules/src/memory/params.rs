//! From parameters as they travel to searches that can run, or to the first error.

use super::{
    check::{self, CheckError},
    scope::Window,
    wire::{Options, Parameters, Search},
};
use crate::{dialect::Pattern, parameters};
use mig_core::{json::Value, module::ParamsError};

/// Parameters that were checked completely.
#[derive(Clone, Debug, Default)]
pub struct Params {
    /// By label.
    pub(super) searches: Vec<LabelledSearch>,
}

/// One search, and what its results say of it.
#[derive(Clone, Debug)]
pub(super) struct LabelledSearch {
    pub(super) label: String,
    /// The search as results repeat it: limits gone.
    pub(super) echo: Search,
    pub(super) window: Window,
    /// In the order of results: names, libraries, contents, bytes.
    pub(super) checks: Vec<Check>,
}

/// One value of a search.
#[derive(Clone, Debug)]
pub(super) struct Check {
    pub(super) test: Test,
    /// A search with nothing but this value.
    pub(super) echo: Search,
}

/// What is asked of a process.
#[derive(Clone, Debug)]
pub(super) enum Test {
    Name(Pattern),
    Library(Pattern),
    Content(Pattern),
    Bytes(Vec<u8>),
}

impl Params {
    /// Checks parameters.
    ///
    /// # Errors
    /// The first error in the order of labels, in the words of the original.
    pub fn parse(params: &Value) -> Result<Self, ParamsError> {
        let parameters: Parameters = parameters::read(params)?;
        let labelled = |(label, search): (String, Option<Search>)| {
            labelled(&label, search.unwrap_or_default()).map_err(|error| error.in_search(&label))
        };
        Ok(Self { searches: parameters.searches.into_iter().map(labelled).collect::<Result<_, _>>()? })
    }

    /// How much of a process the first search looks at.
    #[cfg(feature = "yara")]
    pub(crate) fn window(&self) -> Window {
        self.searches.first().map(|search| search.window).unwrap_or_default()
    }
}

/// Why a search is refused.
#[derive(Debug, thiserror::Error)]
enum SearchError {
    #[error("empty labels are not permitted")]
    EmptyLabel,
    #[error("The syntax of label '{0}' is invalid. Must match regex ^([a-zA-Z0-9_-]){{1,64}}$")]
    Label(String),
    #[error("{source}")]
    Check {
        /// The field.
        field: &'static str,
        value: String,
        source: CheckError,
    },
}

impl SearchError {
    fn in_search(&self, label: &str) -> ParamsError {
        let place = match self {
            Self::Check { field, value, .. } => format!("search '{label}', {field} '{value}'"),
            _ => format!("search '{label}'"),
        };
        ParamsError { reason: self.to_string(), place: Some(place) }
    }
}

fn labelled(label: &str, search: Search) -> Result<LabelledSearch, SearchError> {
    check_label(label)?;
    // The order of the original's validation.
    let contents = checks(
        "contents",
        &search.contents,
        |search| &mut search.contents,
        |value| check::pattern(value).map(Test::Content),
    )?;
    let names = checks(
        "names",
        &search.names,
        |search| &mut search.names,
        |value| check::pattern(value).map(Test::Name),
    )?;
    let libraries = checks(
        "libraries",
        &search.libraries,
        |search| &mut search.libraries,
        |value| check::pattern(value).map(Test::Library),
    )?;
    let bytes = checks(
        "bytes",
        &search.bytes,
        |search| &mut search.bytes,
        |value| check::bytes(value).map(Test::Bytes),
    )?;
    let window = window(&search.options)?;
    let options =
        Options { offset: 0.0, max_length: 0.0, time_limit: String::new(), ..search.options.clone() };
    Ok(LabelledSearch {
        label: label.to_owned(),
        echo: Search { options, ..search },
        window,
        checks: [names, libraries, contents, bytes].concat(),
    })
}

fn check_label(label: &str) -> Result<(), SearchError> {
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    match label.len() {
        0 => Err(SearchError::EmptyLabel),
        1..=64 if label.bytes().all(is_fine) => Ok(()),
        _ => Err(SearchError::Label(label.to_owned())),
    }
}

/// The checks of one list of values.
fn checks(
    field: &'static str,
    values: &[String],
    list: fn(&mut Search) -> &mut Vec<String>,
    test: fn(&str) -> Result<Test, CheckError>,
) -> Result<Vec<Check>, SearchError> {
    let check = |value: &String| {
        let test =
            test(value).map_err(|source| SearchError::Check { field, value: value.clone(), source })?;
        let mut echo = Search::default();
        list(&mut echo).push(value.clone());
        Ok(Check { test, echo })
    };
    values.iter().map(check).collect()
}

fn window(options: &Options) -> Result<Window, SearchError> {
    let value = &options.time_limit;
    let time_limit = check::time_limit(value).map_err(|source| SearchError::Check {
        field: "timelimit",
        value: value.clone(),
        source,
    })?;
    // Less than one byte is still not nothing.
    let max_bytes = Some(whole(options.max_length.ceil())).filter(|bytes| *bytes > 0);
    Ok(Window { from: whole(options.offset), max_bytes, time_limit })
}

/// Cuts the fraction off; what makes no sense is 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and NaN is 0")]
fn whole(number: f64) -> u64 {
    number as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use mig_core::json;
    use proptest::prelude::*;

    fn parse(search: &str) -> Result<LabelledSearch, ParamsError> {
        let text = format!(r#"{{"searches":{{"s1":{search}}}}}"#);
        let mut params = Params::parse(&json::from_slice(text.as_bytes()).unwrap())?;
        Ok(params.searches.remove(0))
    }

    #[test]
    fn errors_come_in_the_order_of_the_original_and_know_their_place() {
        let place = |search| format!("{:#}", parse(search).unwrap_err());
        let all = r#"{"contents":["c("],"names":["n("],"libraries":["l("],"bytes":["x"]}"#;
        assert!(place(all).starts_with("search 's1', contents 'c(': Invalid regexp 'c('."));
        let rest = r#"{"names":["n("],"libraries":["l("],"bytes":["x"]}"#;
        assert!(place(rest).starts_with("search 's1', names 'n(': "));
        assert!(place(r#"{"bytes":[""]}"#).starts_with("search 's1', bytes '': Empty values"));
        assert!(place(r#"{"options":{"timelimit":"1d"}}"#).starts_with("search 's1', timelimit '1d': "));
    }

    #[test]
    fn a_wrong_type_has_the_prefix_of_the_original() {
        for parameters in [r#"{"searches":[]}"#, "5", r#"{"searches":{"s":{"names":"x"}}}"#] {
            let error = Params::parse(&json::from_slice(parameters.as_bytes()).unwrap()).unwrap_err();
            assert!(error.reason.starts_with("ReadInputParameters() -> "), "{error}");
        }
    }

    #[test]
    fn checks_stand_in_the_order_of_results() {
        let search = parse(r#"{"bytes":["ff"],"contents":["c"],"libraries":["l"],"names":["n"],"options":{"offset":1,"maxlength":2,"timelimit":"1s","logfailures":true}}"#).unwrap();
        let echoes: Vec<String> =
            search.checks.iter().map(|check| json::to_string(&check.echo).unwrap()).collect();
        assert_eq!(
            echoes,
            [
                r#"{"names":["n"],"options":{}}"#,
                r#"{"libraries":["l"],"options":{}}"#,
                r#"{"contents":["c"],"options":{}}"#,
                r#"{"bytes":["ff"],"options":{}}"#
            ]
        );
        assert_eq!(json::to_string(&search.echo.options).unwrap(), r#"{"logfailures":true}"#);
    }

    #[test]
    fn numbers_that_make_no_sense_are_no_limit() {
        let window = |offset: &str, length: &str| {
            parse(&format!(r#"{{"options":{{"offset":{offset},"maxlength":{length}}}}}"#)).unwrap().window
        };
        assert_eq!(window("-1", "-1"), Window::default());
        let expected = Window { from: 4096, max_bytes: Some(1), time_limit: None };
        assert_eq!(window("4096.9", "0.5"), expected);
        assert_eq!(window("1e300", "1e300").from, u64::MAX);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn any_values_are_searches_or_an_error(value in "\\PC{0,8}", number in any::<f64>()) {
            let search = Search {
                names: vec![value.clone()],
                bytes: vec![value.clone()],
                options: Options { offset: number, max_length: number, ..Options::default() },
                ..Search::default()
            };
            let _labelled = labelled(&value, search);
        }
    }
}
