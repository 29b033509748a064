//! From a command line to an action: name, target, window, operation.

use crate::cli::QuestionOptions;
use mig_core::{
    action::{Action, Operation},
    duration::{self, DurationError},
    id,
    json::Value,
    target::{Target, TargetError},
    time::Time,
};
use std::time::Duration;

/// The target of the original's client.
const DEFAULT_TARGET: &str = "status='online'";
/// Longest name made from a command line, in characters, without its unique ending.
const MAX_NAME: usize = 100;
/// How far clocks of agents may be behind.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(60);

/// Longest validity of an action: a year.
const MAX_VALIDITY: Duration = Duration::from_secs(366 * 86_400);

/// Why there is no action.
#[derive(Debug, thiserror::Error)]
pub enum QuestionError {
    /// The target is no condition.
    #[error("-t {target}: {source}")]
    Target {
        /// What was given.
        target: String,
        /// What is wrong with it, and where.
        source: TargetError,
    },
    /// The validity is no duration.
    #[error("'{text}' is not a duration such as 90s, 5m or 1h30m: {source}")]
    Validity {
        /// What was given.
        text: String,
        /// What is wrong with it.
        source: DurationError,
    },
    /// The validity is not above zero, or longer than a year.
    #[error("'{text}' is not between zero and a year")]
    ValidityRange {
        /// What was given.
        text: String,
    },
    /// No random numbers for the unique ending of the name.
    #[error("the system gives no random numbers: {0}")]
    Random(String),
    /// What the original calls an ambiguous text.
    #[error(transparent)]
    Action(#[from] mig_core::action::ActionError),
}

/// The unsigned action, without times, that asks one module.
///
/// Its name gets a short random ending: agents never run the same signed bytes twice, and the bytes cover neither an id nor
/// fractions of a second.
///
/// # Errors
/// [`QuestionError`] names the flag and the value.
pub fn action(
    options: &QuestionOptions,
    command_line: &[String],
    module: &str,
    parameters: Value,
) -> Result<Action, QuestionError> {
    let name = options.name.clone().unwrap_or_else(|| shortened(&command_line.join(" ")));
    let ending = id::unique().map_err(|error| QuestionError::Random(error.to_string()))?;
    let operation = Operation {
        module: module.to_owned(),
        parameters,
        want_compressed: options.compress,
        ..Operation::default()
    };
    let action = Action {
        name: format!("{name} [{}]", id::base36(ending)),
        target: target(options)?,
        operations: Some(vec![operation]),
        signatures: Some(Vec::new()),
        syntax_version: 2,
        ..Action::default()
    };
    action.refuse_ambiguous_text()?;
    Ok(action)
}

/// Reads how long an action shall be valid, such as `90s` or `1h30m`.
///
/// # Errors
/// Names the value if it is no duration, or not between zero and a year.
pub fn validity(text: &str) -> Result<Duration, QuestionError> {
    let nanoseconds =
        duration::parse(text).map_err(|source| QuestionError::Validity { text: text.to_owned(), source })?;
    u64::try_from(nanoseconds)
        .map(Duration::from_nanos)
        .ok()
        .filter(|validity| !validity.is_zero() && *validity <= MAX_VALIDITY)
        .ok_or_else(|| QuestionError::ValidityRange { text: text.to_owned() })
}

/// Sets the window of an action that has none, in whole seconds, as the original does: `validity` begins now, and clocks of
/// agents may be a minute behind.
pub fn set_window(action: &mut Action, validity: Duration, now: Time) {
    if action.valid_from.is_zero() {
        action.valid_from = now.whole_seconds().minus(CLOCK_TOLERANCE);
        action.expire_after = now.whole_seconds().plus(validity);
    }
}

/// The text as the user wrote it, unless earlier answers narrow it.
fn target(options: &QuestionOptions) -> Result<String, QuestionError> {
    let text = options.target.as_deref().unwrap_or(DEFAULT_TARGET);
    let target =
        Target::parse(text).map_err(|source| QuestionError::Target { target: text.to_owned(), source })?;
    Ok(match (options.target_found, options.target_notfound) {
        (Some(action), _) => Target::found_in(action, true, target).to_string(),
        (None, Some(action)) => Target::found_in(action, false, target).to_string(),
        (None, None) if text == "all" => target.to_string(),
        (None, None) => text.to_owned(),
    })
}

/// At most [`MAX_NAME`] characters, an ellipsis where something was cut. The marker of ambiguous signed text is taken apart.
fn shortened(command_line: &str) -> String {
    let line = command_line.replace(";target=", "; target=");
    if line.chars().count() <= MAX_NAME {
        return line;
    }
    let kept: String = line.chars().take(MAX_NAME - 3).collect();
    format!("{kept}...")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(options: &QuestionOptions, line: &[&str]) -> Result<Action, QuestionError> {
        let line: Vec<String> = line.iter().map(|&word| word.to_owned()).collect();
        action(options, &line, "file", Value::Null)
    }

    #[test]
    fn the_same_question_has_other_signed_bytes_each_time() {
        let ask = || {
            let mut action = asked(&QuestionOptions::default(), &["mig", "file"]).unwrap();
            set_window(&mut action, Duration::from_secs(300), Time::from_unix(1_000_000));
            action.signing_string().unwrap()
        };
        assert_ne!(ask(), ask());
    }

    #[test]
    fn a_validity_is_between_zero_and_a_year() {
        for (text, seconds) in [("300s", 300.0), ("1h30m", 5400.0), ("1.5h", 5400.0), ("500ms", 0.5)] {
            assert_eq!(validity(text).unwrap(), Duration::from_secs_f64(seconds), "{text}");
        }
        for text in ["", "5", "5d", "s", "-5m", "0s", "99999h", "1.2.3s", "5m x"] {
            assert!(validity(text).unwrap_err().to_string().contains(&format!("'{text}'")), "{text}");
        }
    }

    #[test]
    fn a_long_command_line_is_cut_to_100_characters() {
        let action = asked(&QuestionOptions::default(), &["mig", &"ä".repeat(200)]).unwrap();
        let (line, ending) = action.name.split_once(" [").unwrap();
        assert_eq!(line.chars().count(), 100);
        assert!(line.ends_with("ä..."), "{line}");
        assert!(ending.ends_with(']') && ending.len() < 13, "{ending}");
    }

    #[test]
    fn the_window_begins_a_minute_ago() {
        let mut action = Action::default();
        let now = Time::from_unix_nanoseconds(1_000_000, 5);
        set_window(&mut action, Duration::from_secs(300), now);
        assert_eq!(action.valid_from, Time::from_unix(999_940));
        assert_eq!(action.expire_after, Time::from_unix(1_000_300));
        set_window(&mut action, Duration::from_secs(1), Time::from_unix(5));
        assert_eq!(action.valid_from, Time::from_unix(999_940), "a window that is set stays");
    }

    #[test]
    fn earlier_answers_narrow_the_target_as_a_whole() {
        let options = QuestionOptions {
            target: Some("name='a' OR name='b'".into()),
            target_found: Some("12".parse().unwrap()),
            ..QuestionOptions::default()
        };
        let target = asked(&options, &["mig"]).unwrap().target;
        assert_eq!(Target::parse(&target).unwrap().earlier_answers(), [("12".parse().unwrap(), true)]);
        assert!(target.contains("(name = 'a' OR name = 'b')"), "{target}");
    }

    #[test]
    fn a_target_that_is_no_condition_is_refused_with_its_place() {
        let options = QuestionOptions { target: Some("nme='a'".into()), ..QuestionOptions::default() };
        let error = asked(&options, &["mig"]).unwrap_err().to_string();
        assert!(error.starts_with("-t nme='a': target, character 1"), "{error}");
    }

    #[test]
    fn names_that_would_make_the_signed_text_ambiguous_are_refused() {
        let options = QuestionOptions { name: Some("a;target=b".into()), ..QuestionOptions::default() };
        assert!(asked(&options, &["mig"]).is_err());
        asked(&QuestionOptions::default(), &["mig", "a;target=b"])
            .expect("a command line is taken apart instead");
    }
}
