//! From command lines in the spelling of the original to those that clap reads.
//!
//! The original writes its flags as Go does: `-show all`, `-t=all`, `--z`; they stand behind the module's name. Ours may also
//! stand among the flags of a module that has none of that name. Everything else belongs to the module and stays as it is.

use clap::Command;
use mig_core::module::{FlagInfo, Registry};
use std::collections::BTreeMap;

/// A flag at the end of the line whose value is missing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("flag needs an argument: {0}")]
pub struct MissingValue(String);

/// Moves our flags in front of the module's name, spelt as clap wants them. `args` is without the program's name; the
/// registry says which flags modules have.
///
/// # Errors
/// [`MissingValue`] names the flag.
pub fn for_clap(
    args: &[String],
    command: &Command,
    registry: &Registry,
) -> Result<Vec<String>, MissingValue> {
    let flags = Flags::of(command);
    let (mut ours, rest) = flags.take_leading(args)?;
    let Some((word, behind)) = rest.split_first() else { return Ok(ours) };
    if let Some(subcommand) = command.find_subcommand(word) {
        let flags = Flags::of_all(subcommand).with(flags);
        ours.push(word.clone());
        ours.extend(behind.iter().map(|arg| flags.respell(arg)));
        return Ok(ours);
    }
    let mut of_module = Vec::new();
    if word.starts_with('-') {
        of_module.extend_from_slice(behind);
    } else {
        let module = registry.module(word).map_or(&[][..], |module| module.info().flags);
        let (more, behind) = flags.without_words_of(module).take_leading(behind)?;
        ours.extend(more);
        match registry.module(word) {
            Some(_) => flags.take_among(module, behind, &mut ours, &mut of_module)?,
            None => of_module.extend_from_slice(behind),
        }
    }
    ours.push(word.clone());
    ours.extend(of_module);
    Ok(ours)
}

/// The first argument that is neither a flag nor the value of one: Go's parser ends there, and what follows would be dropped
/// without a word.
#[must_use]
pub fn stray<'a>(flags: &[FlagInfo], args: &'a [String]) -> Option<&'a str> {
    let mut rest = args;
    while let Some((_, behind)) = next_flag(flags, rest) {
        rest = behind;
    }
    rest.first().map(String::as_str)
}

/// The first number below zero, with its flag: agents would take such a limit for none.
#[must_use]
pub fn negative_number(flags: &[FlagInfo], args: &[String]) -> Option<String> {
    let is_number = |name: &str| flags.iter().any(|flag| flag.name == name && flag.value == "number");
    let mut rest = args;
    while let Some(((name, value), behind)) = next_flag(flags, rest) {
        if is_number(name) && value.starts_with('-') {
            return Some(format!("-{name} {value}"));
        }
        rest = behind;
    }
    None
}

/// Name and value of a module's flag in front, and what is behind; `None` if there is no flag.
fn next_flag<'a>(flags: &[FlagInfo], args: &'a [String]) -> Option<((&'a str, &'a str), &'a [String])> {
    let (first, behind) = args.split_first()?;
    let name = bare(first).filter(|name| !name.is_empty())?;
    Some(match (name.split_once('='), behind.split_first()) {
        (Some(flag), _) => (flag, behind),
        (None, Some((value, rest))) if takes_next(flags, first) => ((name, value), rest),
        (None, _) => ((name, ""), behind),
    })
}

/// True for a flag of a module whose value is the next argument.
fn takes_next(flags: &[FlagInfo], arg: &str) -> bool {
    bare(arg).is_some_and(|name| flags.iter().any(|flag| flag.name == name && !flag.value.is_empty()))
}

/// An argument without its dashes.
fn bare(arg: &str) -> Option<&str> {
    arg.strip_prefix("--").or_else(|| arg.strip_prefix('-'))
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

    /// With those that may stand everywhere.
    fn with(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// Those that may stand right behind a module's name. Of letters that both have, the original takes its own, as in `ping -p`;
    /// a word that a module has, as `pkg -version`, is the module's.
    fn without_words_of(&self, module: &[FlagInfo]) -> Self {
        let is_ours = |name: &str| name.len() == 1 || module.iter().all(|flag| flag.name != name);
        let ours = self.0.iter().filter(|(name, _)| is_ours(name));
        Self(ours.map(|(name, takes_value)| (name.clone(), *takes_value)).collect())
    }

    /// Our flags among those of a module, up to the first argument that is no flag.
    fn take_among(
        &self,
        known: &[FlagInfo],
        mut args: &[String],
        ours: &mut Vec<String>,
        of_module: &mut Vec<String>,
    ) -> Result<(), MissingValue> {
        while let Some((first, behind)) = args.split_first() {
            let name = bare(first).unwrap_or_default();
            let name = name.split_once('=').map_or(name, |(name, _)| name);
            let of_the_module = known.iter().any(|flag| flag.name == name);
            if name.is_empty() {
                break;
            }
            if of_the_module || !self.0.contains_key(name) {
                let taken = if takes_next(known, first) { 2 } else { 1 };
                let (kept, rest) = args.split_at(taken.min(args.len()));
                of_module.extend_from_slice(kept);
                args = rest;
            } else {
                args = self.take(first, behind, ours)?;
            }
        }
        of_module.extend_from_slice(args);
        Ok(())
    }

    /// Our flags at the front, and what is left.
    fn take_leading<'a>(&self, mut args: &'a [String]) -> Result<(Vec<String>, &'a [String]), MissingValue> {
        let mut ours = Vec::new();
        while let Some((first, behind)) = args.split_first() {
            if self.known(first).is_none() {
                break;
            }
            args = self.take(first, behind, &mut ours)?;
        }
        Ok((ours, args))
    }

    /// Takes one flag of ours with its value; gives back what follows.
    fn take<'a>(
        &self,
        flag: &str,
        behind: &'a [String],
        ours: &mut Vec<String>,
    ) -> Result<&'a [String], MissingValue> {
        let Some((name, value)) = self.known(flag) else { return Ok(behind) };
        match (self.0.get(name), value) {
            (Some(true), Some(value)) => ours.push(format!("{}={value}", dashed(name))),
            (Some(true), None) => {
                let (value, rest) = behind.split_first().ok_or_else(|| MissingValue(flag.to_owned()))?;
                ours.push(format!("{}={value}", dashed(name)));
                return Ok(rest);
            }
            (_, value) => ours.extend(switch(name, value)),
        }
        Ok(behind)
    }

    /// Name and value of an argument, if it is one of these flags: one dash or two, a value behind `=` or not.
    fn known<'a>(&self, arg: &'a str) -> Option<(&'a str, Option<&'a str>)> {
        let bare = bare(arg)?;
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
    use mig_core::module::Module;

    fn check(line: &str, expected: &str) {
        let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let registry = Registry::from_modules(mig_modules::BUILTIN).unwrap();
        assert_eq!(for_clap(&args, &Cli::command(), &registry).unwrap().join(" "), expected, "{line}");
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
    fn our_options_may_stand_among_those_of_a_module() {
        check(
            "file -path /etc --dry-run -name x --format json",
            "--dry-run --format=json file -path /etc -name x",
        );
        check("file -path=/etc -matchall -t local", "-t=local file -path=/etc -matchall");
    }

    #[test]
    fn a_word_that_a_module_has_is_the_modules_and_a_letter_is_ours() {
        check("pkg -version ^5 -name bash", "pkg -version ^5 -name bash");
        check("pkg -t local -version=^5", "-t=local pkg -version=^5");
        check("ping -t local -d host", "-t=local ping -d host");
        check("file -version", "--version file");
    }

    #[test]
    fn values_of_a_module_stay_with_their_flags() {
        check("file -path /etc -name --yes", "file -path /etc -name --yes");
        check("file -name=-t -path /", "file -name=-t -path /");
    }

    #[test]
    fn nothing_is_taken_from_behind_a_stray_argument_or_an_unknown_module() {
        check("file -path /etc stray --yes", "file -path /etc stray --yes");
        check("nosuch -path /etc --yes", "nosuch -path /etc --yes");
    }

    #[test]
    fn a_stray_argument_is_found() {
        let flags = mig_modules::file::FileModule.info().flags;
        let stray_in = |line: &str| {
            let args: Vec<String> = line.split(' ').map(str::to_owned).collect();
            stray(flags, &args).map(str::to_owned)
        };
        assert_eq!(stray_in("-path /etc -matchall -name=x"), None);
        assert_eq!(stray_in("-path /etc stray -name x").as_deref(), Some("stray"));
        assert_eq!(stray_in("-matchall true").as_deref(), Some("true"));
    }

    #[test]
    fn a_number_below_zero_is_found_with_its_flag() {
        let flags = mig_modules::file::FileModule.info().flags;
        let negative_in = |line: &str| {
            let args: Vec<String> = line.split(' ').map(str::to_owned).collect();
            negative_number(flags, &args)
        };
        for line in ["-path / -matchlimit -1", "--matchlimit=-1 -maxdepth -2", "-matchall -matchlimit -1 x"] {
            assert_eq!(negative_in(line).as_deref(), Some("-matchlimit -1"), "{line}");
        }
        for line in ["-path / -matchlimit 1 -maxdepth=0", "-name -matchlimit -path -1", "x -maxdepth -1"] {
            assert_eq!(negative_in(line), None, "{line}");
        }
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
        check("results 12 -show all -format csv", "results 12 --show all --format csv");
        check("action show -signed-bytes f", "action show --signed-bytes f");
    }

    #[test]
    fn a_flag_without_its_value_is_named() {
        for line in [&["file", "-t"][..], &["-t"]] {
            let args: Vec<String> = line.iter().map(|&arg| arg.to_owned()).collect();
            let error = for_clap(&args, &Cli::command(), &Registry::default()).unwrap_err();
            assert_eq!(error.to_string(), "flag needs an argument: -t");
        }
    }

    #[test]
    fn unknown_flags_in_front_are_left_for_clap() {
        check("--frobnicate file -t x", "--frobnicate file -t x");
    }
}
