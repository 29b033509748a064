//! From command lines in the spelling of the original to those that clap reads.
//!
//! The original writes its flags as Go does: `-show all`, `-t=all`, `--z`; they stand behind the module's name, in front of the
//! module's flags. Ours may also stand among the flags of a module that has none of that name. Everything else belongs to the
//! module and stays as it is.

use clap::Command;
use mig_core::module::{FlagInfo, Registry};
use std::collections::BTreeMap;

/// Why a command line can not be put in order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArgumentsError {
    /// A flag at the end of the line whose value is missing.
    #[error("flag needs an argument: {0}")]
    MissingValue(String),
    /// A flag that a module has too stands in front of the module's flags, where it is ours, with a value that ours can not have.
    #[error(
        "{flag} right behind '{module}' is mig's own, to which '{value}' means nothing: flags of {module} begin with the first \
         that mig does not have, as in `mig {module} {first} {flag} {value}`"
    )]
    TakenByMig {
        /// The flag, as it was written.
        flag: String,
        /// What would be its value if it were the module's.
        value: String,
        /// The module.
        module: String,
        /// A flag of the module that is not ours.
        first: String,
    },
}

/// Moves our flags in front of the module's name, spelt as clap wants them. `args` is without the program's name; the
/// registry says which flags modules have.
///
/// # Errors
/// [`ArgumentsError`] names the flag.
pub fn for_clap(
    args: &[String],
    command: &Command,
    registry: &Registry,
) -> Result<Vec<String>, ArgumentsError> {
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
        let module = registry.module(word);
        let known = module.map_or(&[][..], |module| module.info().flags);
        let of_mig = flags.in_front_of(known);
        of_mig.refuse_taken(word, known, behind)?;
        let (more, behind) = of_mig.take_leading(behind)?;
        ours.extend(more);
        match module {
            Some(_) => flags.take_among(known, behind, &mut ours, &mut of_module)?,
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

/// The flags of a module that are ours as long as they stand in front of its others, and the first of those others.
#[must_use]
pub fn shared(flags: &[FlagInfo], command: &Command) -> Option<(Vec<&'static str>, FlagInfo)> {
    let ours = Flags::of(command).in_front_of(flags);
    let (shared, others): (Vec<FlagInfo>, Vec<FlagInfo>) =
        flags.iter().partition(|flag| ours.0.contains_key(flag.name));
    let first = others.into_iter().next().filter(|_| !shared.is_empty())?;
    Some((shared.into_iter().map(|flag| flag.name).collect(), first))
}

/// The flags of the original's client: in front of the flags of a module they are its own, whatever the module has.
const OF_THE_ORIGINAL: [&str; 13] =
    ["c", "e", "i", "n", "p", "s", "show", "t", "target-found", "target-notfound", "v", "V", "z"];

/// Those of our flags whose value is never a number: a condition on agents, a file (which may be called `1`, but then `./1` names
/// it too).
const NEVER_NUMBERS: [&str; 2] = ["t", "c"];

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

    /// Those that are ours in front of the flags of a module: where both have one of a name that the original's client does not
    /// have, such as `-version` of pkg, old command lines mean the module's.
    fn in_front_of(&self, known: &[FlagInfo]) -> Self {
        let is_ours =
            |name: &str| OF_THE_ORIGINAL.contains(&name) || known.iter().all(|flag| flag.name != name);
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
    ) -> Result<(), ArgumentsError> {
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

    /// Refuses what can be meant for the module only, though it stands where flags are ours: `ping -p tcp`, `ping -t 3`.
    fn refuse_taken(&self, module: &str, known: &[FlagInfo], args: &[String]) -> Result<(), ArgumentsError> {
        let Some(first) = known.iter().find(|flag| !self.0.contains_key(flag.name)) else { return Ok(()) };
        let mut rest = args;
        while let Some((arg, behind)) = rest.split_first() {
            let Some((name, value)) = self.known(arg) else { break };
            let takes_next = self.0.get(name) == Some(&true) && value.is_none();
            let next = behind.first().map(String::as_str).filter(|next| takes_next || !next.starts_with('-'));
            let is_for_module = known.iter().any(|flag| flag.name == name && !flag.value.is_empty());
            if let Some(value) = value.or(next)
                && is_for_module
                && self.can_not_be(name, value)
            {
                return Err(ArgumentsError::TakenByMig {
                    flag: arg.split('=').next().unwrap_or_default().to_owned(),
                    value: value.to_owned(),
                    module: module.to_owned(),
                    first: usage(first),
                });
            }
            rest = behind.get(usize::from(takes_next)..).unwrap_or_default();
        }
        Ok(())
    }

    /// Whether a flag of ours means nothing with this value.
    fn can_not_be(&self, name: &str, value: &str) -> bool {
        match self.0.get(name) {
            Some(true) => NEVER_NUMBERS.contains(&name) && value.parse::<f64>().is_ok(),
            // A switch; the word behind it may still ask for help.
            _ => {
                value != "help"
                    && !value.is_empty()
                    && !GO_TRUE.contains(&value)
                    && !GO_FALSE.contains(&value)
            }
        }
    }

    /// Our flags at the front, and what is left.
    fn take_leading<'a>(
        &self,
        mut args: &'a [String],
    ) -> Result<(Vec<String>, &'a [String]), ArgumentsError> {
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
    ) -> Result<&'a [String], ArgumentsError> {
        let Some((name, value)) = self.known(flag) else { return Ok(behind) };
        match (self.0.get(name), value) {
            (Some(true), Some(value)) => ours.push(format!("{}={value}", dashed(name))),
            (Some(true), None) => {
                let (value, rest) =
                    behind.split_first().ok_or_else(|| ArgumentsError::MissingValue(flag.to_owned()))?;
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

/// A flag of a module as help shows it.
fn usage(flag: &FlagInfo) -> String {
    let value = if flag.value.is_empty() { String::new() } else { format!(" <{}>", flag.value) };
    format!("-{}{value}", flag.name)
}

/// How Go writes the values of switches.
const GO_TRUE: [&str; 6] = ["1", "t", "T", "TRUE", "true", "True"];
const GO_FALSE: [&str; 6] = ["0", "f", "F", "FALSE", "false", "False"];

/// Go lets switches have a value: `-z=true` is `-z`, `-z=false` is nothing. Other values are left for clap to refuse.
fn switch(name: &str, value: Option<&str>) -> Option<String> {
    match value {
        Some(value) if GO_FALSE.contains(&value) => None,
        Some(value) if !GO_TRUE.contains(&value) => Some(format!("{}={value}", dashed(name))),
        _ => Some(dashed(name)),
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
    fn names_that_the_original_does_not_have_are_the_modules_where_it_has_them() {
        check("pkg -version ^1 -name x -t local", "-t=local pkg -version ^1 -name x");
        check("pkg -t all -version ^1 -v", "-t=all -v pkg -version ^1");
        check("file -verbose -path /", "file -verbose -path /");
        check("-version pkg", "--version pkg");
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

    fn refusal(line: &str) -> Option<String> {
        let args: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let registry = Registry::from_modules(mig_modules::BUILTIN).unwrap();
        for_clap(&args, &Cli::command(), &registry).err().map(|error| error.to_string())
    }

    #[test]
    fn a_flag_of_ours_that_can_only_be_meant_for_the_module_is_refused_with_the_order_to_write() {
        for (line, flag, value) in [
            ("ping -p tcp -d host", "-p", "tcp"),
            ("ping --p=tcp -d host", "--p", "tcp"),
            ("ping -t all -p udp", "-p", "udp"),
            ("ping -t 3 -d host", "-t", "3"),
            ("ping -c=1 -d host", "-c", "1"),
        ] {
            let expected = format!(
                "{flag} right behind 'ping' is mig's own, to which '{value}' means nothing: flags of ping begin with the first \
                 that mig does not have, as in `mig ping -d <host> {flag} {value}`"
            );
            assert_eq!(refusal(line), Some(expected), "{line}");
        }
    }

    #[test]
    fn flags_of_ours_that_make_sense_stay_ours() {
        check("ping -p -d host -p tcp", "-p ping -d host -p tcp");
        check("ping -p=true -t local -d host -t 3", "-p -t=local ping -d host -t 3");
        check("ping -c ./1 -d host -c 1", "-c=./1 ping -d host -c 1");
        check("ping -p help", "-p ping help");
        check("file -p stray", "-p file stray");
        check("ping -n -p -d host", "-n=-p ping -d host");
    }

    #[test]
    fn what_modules_share_with_us_is_known() {
        let flags = mig_modules::ping::PingModule.info().flags;
        let (shared, first) = super::shared(flags, &Cli::command()).unwrap();
        assert_eq!((shared, first.name), (vec!["p", "c", "t"], "d"));
        assert!(super::shared(mig_modules::pkg::PkgModule.info().flags, &Cli::command()).is_none());
    }

    #[test]
    fn unknown_flags_in_front_are_left_for_clap() {
        check("--frobnicate file -t x", "--frobnicate file -t x");
    }
}
