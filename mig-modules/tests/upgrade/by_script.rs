//! The action that a script of this repository makes, signed with the GnuPG that is installed.

use crate::world::{World, put};
use mig_core::{action::Action, json, module::Module};
use mig_modules::upgrade::UpgradeModule;
use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

/// A GnuPG of its own, whose agent is stopped in the end. Its socket paths are limited to 108 bytes.
struct Home(tempfile::TempDir);

impl Home {
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("GNUPGHOME", self.0.path());
        command
    }

    fn gpg(&self, arguments: &[&str]) -> Output {
        let mut command = self.command("gpg");
        command.args(["--batch", "--pinentry-mode", "loopback", "--passphrase", ""]).args(arguments);
        command.output().expect("gpg must be installed")
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // It ends by itself, later.
        self.command("gpgconf").args(["--kill", "all"]).status().ok();
    }
}

#[test]
fn actions_made_by_the_script_upgrade_agents() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/upgrade-action.sh");
    if !script.exists() {
        // In a package of the crate.
        return eprintln!("skipped: there is no {}", script.display());
    }
    let home = Home(tempfile::Builder::new().prefix("g").tempdir_in("/tmp").unwrap());
    for name in ["ann@example.net", "bob@example.net"] {
        assert!(home.gpg(&["--quick-generate-key", name, "ed25519", "sign,cert", "never"]).status.success());
    }
    let mut world = World::with_program(|world| world.agent("2.0", ""));
    for name in ["ann@example.net", "bob@example.net"] {
        let key = home.gpg(&["--armor", "--export", name]).stdout;
        put(&world.settings.keys.join(name), key);
    }
    world.settings.required_signatures = 2.try_into().unwrap();
    let program = world.root().join("program");
    fs::write(&program, world.agent("2.0", "")).unwrap();
    let mut command = home.command(&script);
    command.arg("2.0").arg(world.server.url("")).arg(&program).args(["ann@example.net", "bob@example.net"]);
    let made = command.env("PLATFORM", mig_core::agent::platform()).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let action: Action = json::from_slice(&made.stdout).unwrap();
    assert_eq!(
        json::unread(&json::from_slice(&made.stdout).unwrap(), &json::to_value(&action).unwrap()),
        None
    );
    mig_core::target::Target::parse(&action.target).unwrap();
    let operation = &action.operations.as_ref().unwrap()[0];
    assert_eq!(operation.module, UpgradeModule::BUILT_IN.name());
    assert_eq!(UpgradeModule::BUILT_IN.unknown_parameter(&operation.parameters), None);
    let result = world.run(&operation.parameters);
    assert!(result.success, "{result:?}");
}
