//! `mig acl check`.

use super::Context;
use crate::{cli::AclCommand, exit::Exit};
use anyhow::{Context as _, Result};
use mig_core::{acl::Acl, limits};

pub(super) fn run(context: &mut Context<'_>, command: &AclCommand) -> Result<Exit> {
    let AclCommand::Check { acl: path, module, fingerprint } = command;
    let text = limits::read_file(path, limits::MAX_ACL_BYTES)
        .with_context(|| format!("cannot read {}", path.display()))?;
    let acl = Acl::from_slice(&text).with_context(|| path.display().to_string())?;
    match acl.check(module, fingerprint) {
        Ok(()) => {
            context.printer.line("allow")?;
            Ok(Exit::Done)
        }
        Err(denied) => {
            context.printer.line(&format!("deny: {denied}"))?;
            Ok(Exit::No)
        }
    }
}
