//! Whether a host answers: ICMP echo, TCP connection, UDP datagram.

mod args;
mod dialogue;
mod icmp;
pub mod packet;
mod params;
mod probe;
mod result;
mod run;
pub mod wire;

use crate::parameters;
use mig_core::{
    command::ModuleResult,
    json::Value,
    module::{ArgsError, Effects, FlagInfo, Module, ModuleInfo, ParamsError, ParsedArgs, Run, Terminal},
};
use std::io;

/// Asks a host whether it is there.
#[derive(Clone, Copy, Debug)]
pub struct PingModule;

impl Module for PingModule {
    fn name(&self) -> &'static str {
        "ping"
    }

    fn info(&self) -> ModuleInfo {
        ModuleInfo {
            summary: "tells whether a host answers to ICMP, TCP or UDP",
            description: DESCRIPTION,
            flags: FLAGS,
            examples: EXAMPLES,
            privileges: "tcp and udp need none; icmp needs root, CAP_NET_RAW, or a group in the system's \
                         net.ipv4.ping_group_range, an administrator on Windows, and nothing on macOS",
            effects: Effects::ReadOnly,
        }
    }

    fn prepare(&self, params: &Value) -> Result<Box<dyn Run>, ParamsError> {
        Ok(Box::new(run::PingRun { params: params::Params::parse(params)? }))
    }

    /// Errors are reasons why nothing was asked.
    fn succeeded(&self, result: &ModuleResult) -> bool {
        result.errors.is_none()
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
        result::print(result, found_only)
    }

    fn columns(&self) -> &'static [&'static str] {
        &result::COLUMNS
    }

    fn rows(&self, result: &ModuleResult) -> Vec<Vec<String>> {
        result::rows(result).into_iter().map(Vec::from).collect()
    }

    fn remarks(&self, _params: &Value, result: &ModuleResult) -> Vec<String> {
        result::remarks(result)
    }
}

const DESCRIPTION: &str = "\
Asks a host from the machine where the module runs. An answer to icmp counts only if it comes from the host and repeats the \
request; tcp is a connection that is closed at once; udp is a datagram, and no answer to it may mean that the port is open.

Of several addresses of a name the first is asked that the machine has a way to. Latencies are in milliseconds.";

const EXAMPLES: &[(&str, &str)] = &[
    ("mig ping -d 192.0.2.1", "three echo requests"),
    ("mig ping -d www.example.net -p tcp -dp 443 -c 1", "whether a machine reaches a web server"),
    ("mig ping -d 2001:db8::53 -p udp -dp 53 -t 1", "whether a name server is there, over IPv6"),
];

const FLAGS: &[FlagInfo] = &[
    FlagInfo::new("d", "host", "name or address to ask (default www.google.com)"),
    FlagInfo::new("dp", "port", "port to ask, needed for tcp and udp"),
    FlagInfo::new("p", "protocol", "icmp, tcp or udp (default icmp)"),
    FlagInfo::new("c", "number", "how often (default 3)"),
    FlagInfo::new("t", "seconds", "longest wait for each answer (default 5)"),
];
