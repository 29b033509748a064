//! From command lines in the spelling of the original to those that clap reads.
//!
//! The original writes its flags as Go does: `-show all`, `-t=all`, `--z`; they stand behind the module's name. The first
//! flag that is not ours, and everything behind it, belongs to the module and stays as it is.

use clap::Command;
use std::collections::BTreeMap;

/// A flag at the end of the line whose value is missing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("flag needs an argument: {0}")]
pub struct MissingValue(String);

/// Moves our flags in front of the module's name, spelt as clap wants them. `args` is without the program's name.
///
/// # Errors
/// [`MissingValue`] names the flag.
pub fn for_clap(args: &[String], command: &Command) -> Result<Vec<String>, MissingValue> {
    let flags = Flags::of(command);
    let (mut ours, rest) = flags.take_leading(args)?;
    let Some((word, behind)) = rest.split_first() else { return Ok(ours) };
    let mut behind = behind;
    if let Some(subcommand) = command.find_subcommand(word) {
        let flags = Flags::of_all(subcommand);
        ours.push(word.clone());
        ours.extend(behind.iter().map(|arg| flags.respell(arg)));
        return Ok(ours);
    }
    if !word.starts_with('-') {
        let (more, of_module) = flags.take_leading(behind)?;
        ours.extend(more);
        behind = of_module;
    }
    ours.push(word.clone());
    ours.extend_from_slice(behind);
    Ok(ours)
}

/// The flags of a command: name without dashes to whether a value follows.
struct Flags(BTreeMap<String, bool>);

impl Flags {
    fn of(command: &Command) -> Self {
        let mut flags = BTreeMap::new();
        for arg in command.get_arguments() {
            let takes_value = arg.get_action().takes_values();
            let long = arg.get_long_and_visible_aliases().unwrap_or_default();
            flags.extend(long.into_iter().map(|name| (name.to_owned(), takes_value)));
            let short = arg.get_short_and_visible_aliases().unwrap_or_default();
            flags.extend(short.into_iter().map(|name| (name.to_string(), takes_value)));
        }
        Self(flags)
    }

    /// With those of its subcommands.
    fn of_all(command: &Command) -> Self {
        let mut flags = Self::of(command);
        flags.0.extend(command.get_subcommands().flat_map(|subcommand| Self::of_all(subcommand).0));
        flags
    }

    /// Our flags at the front, and what is left.
    fn take_leading<'a>(&self, mut args: &'a [String]) -> Result<(Vec<String>, &'a [String]), MissingValue> {
        let mut ours = Vec::new();
        while let Some((first, rest)) = args.split_first() {
            let Some((name, value)) = self.known(first) else { break };
            args = rest;
            match (self.0.get(name), value) {
                (Some(true), Some(value)) => ours.push(format!("{}={value}", dashed(name))),
                (Some(true), None) => {
                    let (value, rest) = args.split_first().ok_or_else(|| MissingValue(first.clone()))?;
                    ours.push(format!("{}={value}", dashed(name)));
                    args = rest;
                }
                (_, value) => ours.extend(switch(name, value)),
            }
        }
        Ok((ours, args))
    }

    /// Name and value of an argument, if it is one of these flags: one dash or two, a value behind `=` or not.
    fn known<'a>(&self, arg: &'a str) -> Option<(&'a str, Option<&'a str>)> {
        let bare = arg.strip_prefix("--").or_else(|| arg.strip_prefix('-'))?;
        let (name, value) = match bare.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (bare, None),
        };
        self.0.contains_key(name).then_some((name, value))
    }

    /// A long flag with one dash gets the second one.
    fn respell(&self, arg: &str) -> String {
        match self.known(arg) {
            Some((name, _)) if name.len() > 1 && !arg.starts_with("--") => format!("-{arg}"),
            _ => arg.to_owned(),
        }
    }
}

fn dashed(name: &str) -> String {
    if name.len() > 1 { format!("--{name}") } else { format!("-{name}") }
}

/// Go lets switches have a value: `-z=true` is `-z`, `-z=false` is nothing. Other values are left for clap to refuse.
fn switch(name: &str, value: Option<&str>) -> Option<String> {
    match value {
        None | Some("1" | "t" | "T" | "TRUE" | "true" | "True") => Some(dashed(name)),
        Some("0" | "f" | "F" | "FALSE" | "false" | "False") => None,
        Some(other) => Some(format!("{}={other}", dashed(name))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::CommandFactory;

    fn check(line: &str, expected: &str) {
        let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        assert_eq!(for_clap(&args, &Cli::command()).unwrap().join(" "), expected, "{line}");
    }

    #[test]
    fn flags_of_the_original_move_in_front_of_the_module() {
        check("file -t all -e 60s -path /etc", "-t=all -e=60s file -path /etc");
        check(
            "file -show notfound -target-found=12 -z -name x",
            "--show=notfound --target-found=12 -z file -name x",
        );
        check("file --t all --format json -path /etc", "-t=all --format=json file -path /etc");
    }

    #[test]
    fn our_options_stand_before_and_right_behind_the_module() {
        check("--format json file --yes -path /", "--format=json --yes file -path /");
        check("-format=csv file --dry-run", "--format=csv --dry-run file");
    }

    #[test]
    fn the_first_unknown_flag_stays_complete_and_ends_ours() {
        check("file -path=/etc -name x -t local", "file -path=/etc -name x -t local");
        check("file -t all -path=/etc -t x", "-t=all file -path=/etc -t x");
    }

    #[test]
    fn a_value_may_look_like_a_flag() {
        check("file -n -v -path /", "-n=-v file -path /");
    }

    #[test]
    fn switches_may_have_gos_values() {
        check("file -z=true -s=F -path /", "-z file -path /");
        check("file -z=maybe -path /", "-z=maybe file -path /");
    }

    #[test]
    fn an_action_file_needs_no_module() {
        check("-i action.json -e 10s", "-i=action.json -e=10s");
    }

    #[test]
    fn subcommands_take_long_flags_with_one_dash() {
        check("results 12 -show all", "results 12 --show all");
        check("action show -signed-bytes f", "action show --signed-bytes f");
    }

    #[test]
    fn a_flag_without_its_value_is_named() {
        for line in [&["file", "-t"][..], &["-t"]] {
            let args: Vec<String> = line.iter().map(|&arg| arg.to_owned()).collect();
            let error = for_clap(&args, &Cli::command()).unwrap_err();
            assert_eq!(error.to_string(), "flag needs an argument: -t");
        }
    }

    #[test]
    fn unknown_flags_in_front_are_left_for_clap() {
        check("--frobnicate file -t x", "--frobnicate file -t x");
    }
}
