//! Flags with as many dashes as clap wants: the original reads them as Go does, where one and two mean the same.

use clap::Command;
use std::ffi::OsString;

/// The command line, program name first, with two dashes before long flags and one before short ones. What is no flag of
/// ours stays as it is.
pub(crate) fn respelt(args: impl IntoIterator<Item = OsString>, command: &Command) -> Vec<OsString> {
    let respell = |arg: OsString| arg.to_str().and_then(|text| respell(text, command)).unwrap_or(arg);
    args.into_iter().map(respell).collect()
}

fn respell(arg: &str, command: &Command) -> Option<OsString> {
    let bare = arg.strip_prefix("--").or_else(|| arg.strip_prefix('-'))?;
    let (name, _) = bare.split_once('=').unwrap_or((bare, ""));
    let mut flags = command.get_arguments();
    let dashes = flags.find_map(|flag| match flag.get_short() {
        _ if flag.get_long() == Some(name) => Some("--"),
        Some(short) if name.chars().eq([short]) => Some("-"),
        _ => None,
    })?;
    Some(format!("{dashes}{bare}").into())
}

#[cfg(test)]
mod tests {
    use super::respelt;
    use crate::cli::Cli;
    use clap::CommandFactory;
    use std::ffi::OsString;

    #[test]
    fn one_dash_and_two_mean_the_same() {
        let mut command = Cli::command();
        command.build();
        for (written, read) in [
            ("mig-agent --m file -p", "mig-agent -m file -p"),
            ("mig-agent -keyring d --acl=a -acl=-b", "mig-agent --keyring d --acl=a --acl=-b"),
            ("mig-agent -help --h -version --V", "mig-agent --help -h --version -V"),
            ("mig-agent -mfile --bogus - -- -", "mig-agent -mfile --bogus - -- -"),
        ] {
            let args = respelt(written.split(' ').map(OsString::from), &command);
            assert_eq!(args, read.split(' ').map(OsString::from).collect::<Vec<_>>());
        }
    }
}
