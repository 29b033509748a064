//! Interfaces, neighbours and sockets.

mod answer;
mod args;
mod connections;
mod dialogue;
mod holders;
mod links;
mod listeners;
mod params;
mod peers;
mod print;
mod result;
mod run;
mod tables;
pub mod wire;

pub use params::Params;

use crate::parameters;
use mig_core::{
    command::ModuleResult,
    json::Value,
    module::{ArgsError, Effects, FlagInfo, Module, ModuleInfo, ParamsError, ParsedArgs, Run, Terminal},
};
use run::NetstatRun;
use std::io;

/// Looks at the network state of a machine.
#[derive(Clone, Copy, Debug)]
pub struct NetstatModule;

impl Module for NetstatModule {
    fn name(&self) -> &'static str {
        "netstat"
    }

    fn info(&self) -> ModuleInfo {
        ModuleInfo {
            summary: "finds network interfaces, neighbours, connections and listening sockets",
            description: DESCRIPTION,
            flags: FLAGS,
            examples: EXAMPLES,
            privileges: "none for the own namespace; root for -owner and -lproc of others' processes, and for -namespaces",
            effects: Effects::ReadOnly,
        }
    }

    fn prepare(&self, params: &Value) -> Result<Box<dyn Run>, ParamsError> {
        Ok(Box::new(NetstatRun(Params::parse(params)?)))
    }

    fn unknown_parameter(&self, params: &Value) -> Option<String> {
        parameters::unknown::<wire::Parameters>(params)
    }

    fn parse_args(&self, args: &[String]) -> Result<ParsedArgs, ArgsError> {
        args::parse(args)
    }

    fn create_interactive(&self, terminal: &mut dyn Terminal) -> io::Result<Option<Value>> {
        dialogue::create(terminal)
    }

    fn print(&self, result: &ModuleResult, found_only: bool) -> Vec<String> {
        print::print(result, found_only)
    }

    fn columns(&self) -> &'static [&'static str] {
        &print::COLUMNS
    }

    fn rows(&self, result: &ModuleResult) -> Vec<Vec<String>> {
        print::rows(result).into_iter().map(Vec::from).collect()
    }

    fn mask(&self, result: &ModuleResult) -> Option<ModuleResult> {
        Some(result::mask(result))
    }
}

const DESCRIPTION: &str = "\
Answers questions about the network state of a machine: its interfaces, the machines it has seen on its links, and its \
sockets. Each value of a flag is answered on its own, and each table is read once, whatever the number of values.

Addresses are single ones or networks, as 10.0.0.0/8 or 2001:db8::/32. An IPv4 address is also found where an IPv6 socket \
talks with it. -ci looks at TCP and UDP sockets in all states, so 0.0.0.0/0 finds listening ones too. Only the asked \
addresses leave the kernel.

Regular expressions have Go's syntax.";

const EXAMPLES: &[(&str, &str)] = &[
    ("mig netstat -ci 203.0.113.0/24 -ci 198.51.100.7 -owner", "who talks with these, and by which process"),
    ("mig netstat -lp 22 -lp 4444 -namespaces", "listeners on two ports, in containers too"),
    ("mig netstat -lproc '/(nc|ncat|socat)$'", "ports that a known tool has open"),
    (
        "mig netstat -nm '^(?i)8c:70:5a:' -li 10.0.0.0/8",
        "a vendor's devices nearby, and where this machine is",
    ),
];

const FLAGS: &[FlagInfo] = &[
    FlagInfo::new("lm", "regex", "hardware address of an interface, in any case; can be repeated"),
    FlagInfo::new("nm", "regex", "hardware address of a neighbour, as aa:bb:cc:dd:ee:ff; can be repeated"),
    FlagInfo::new("li", "address", "address or network of an interface; can be repeated"),
    FlagInfo::new("ni", "address", "address or network of a neighbour; can be repeated"),
    FlagInfo::new("ci", "address", "address or network at the other end of a socket; can be repeated"),
    FlagInfo::new(
        "lp",
        "port",
        "port that TCP listens on, or UDP is bound to without a peer; can be repeated",
    ),
    FlagInfo::new("lproc", "regex", "path of the program that holds a listening socket; can be repeated"),
    FlagInfo::new("us", "regex", "path of a unix socket, @name if abstract; can be repeated"),
    FlagInfo::new("namespaces", "", "look into the network namespaces of all processes, and of `ip netns`"),
    FlagInfo::new("raw", "", "look at raw sockets too, with -ci and -lproc; tells protocol and state"),
    FlagInfo::new("owner", "", "tell process, program, container, protocol and state of each socket"),
];
