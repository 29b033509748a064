//! Packages of programming languages, where they are found installed.
//!
//! The usual places are looked at, each once, not the whole machine:
//!
//! * *prefixes*: `/usr`, `/usr/local`, `/opt/*`, `/opt/*/*`, `/srv/*`, `/srv/*/*`, `/var/www`, `/var/www/*`, `/app`, `/snap/*/current`,
//!   homes with the directories in them (two levels) and the usual version managers; and the environments `venv`, `.venv` and
//!   `env` in each;
//! * below each prefix: `lib/python*/{site,dist}-packages`; `node_modules`, `lib/node_modules`, `share/nodejs`;
//!   `specifications` of gems, also in `lib/ruby/gems/*`, `share/gems`, `share/rubygems-integration/*` and
//!   `vendor/bundle/ruby/*`; programs in `bin` and `sbin`;
//! * programs in `/`, `/app`, `/bin`, `/sbin` and the plugin directories of docker.
//!
//! `places.rs` has the complete list. Links that are found on the way are not followed to directories. Programs are ELF, PE
//! and Mach-O files.

pub mod auditable;
pub mod executable;
pub mod gem;
pub mod go;
mod named;
pub mod npm;
mod places;
mod program;
pub mod python;
mod walk;

pub use self::named::Named;

use self::walk::Walk;
use crate::{pkg::package::Package, sys::Files};
use mig_core::module::{Session, Stop};

/// Finds the packages of all languages. What can not be read is a soft error that names the file.
///
/// # Errors
/// [`Stop`] if the session ended the run.
pub fn read(files: Files<'_>, session: &dyn Session, found: &mut dyn FnMut(Package)) -> Result<(), Stop> {
    places::look(&mut Walk::new(files, session, found))
}

#[cfg(test)]
mod tests;
