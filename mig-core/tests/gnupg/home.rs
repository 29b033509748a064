//! A GnuPG of its own for each test.

use mig_core::sign::line;
use std::{
    fs,
    path::Path,
    process::{Command, Output},
};
use tempfile::TempDir;

/// A home directory of GnuPG with its own agent, which is stopped in the end.
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        // Its socket paths are limited to 108 bytes.
        Self(tempfile::Builder::new().prefix("g").tempdir_in("/tmp").unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Runs `gpg` with an empty passphrase; status lines come on standard output.
    pub(crate) fn gpg(&self, arguments: &[&str]) -> Output {
        self.gpg_with("", arguments)
    }

    pub(crate) fn gpg_with(&self, passphrase: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new("gpg");
        command.arg("--homedir").arg(self.path()).args(["--batch", "--yes", "--status-fd", "1"]);
        command.args(["--pinentry-mode", "loopback", "--passphrase", passphrase]).args(arguments);
        command.output().expect("gpg must be installed")
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Makes a key that signs and certifies, and exports it.
    pub(crate) fn make_key(&self, algorithm: &str, expiry: &str) -> String {
        let made =
            self.gpg(&["--quick-generate-key", "Ann <ann@example.net>", algorithm, "sign,cert", expiry]);
        assert!(made.status.success(), "{made:?}");
        self.export()
    }

    /// Makes a key that only certifies, with a subkey that signs, and gives their fingerprints.
    pub(crate) fn make_subkey(&self) -> (String, String) {
        self.gpg(&["--quick-generate-key", "Ann <ann@example.net>", "ed25519", "cert", "never"]);
        let primary = self.fingerprints().remove(0);
        self.gpg(&["--quick-add-key", &primary, "ed25519", "sign", "never"]);
        let subkey = self.fingerprints().remove(1);
        (primary, subkey)
    }

    pub(crate) fn export(&self) -> String {
        armored(&self.gpg(&["--armor", "--export"]))
    }

    pub(crate) fn export_secret(&self) -> String {
        armored(&self.gpg(&["--armor", "--export-secret-keys"]))
    }

    /// Fingerprints of all keys and subkeys.
    pub(crate) fn fingerprints(&self) -> Vec<String> {
        let listed = self.gpg(&["--with-colons", "--list-keys"]).stdout;
        let listed = String::from_utf8(listed).unwrap();
        let lines = listed.lines().filter(|line| line.starts_with("fpr:"));
        lines.map(|line| line.split(':').nth(9).unwrap().to_owned()).collect()
    }

    /// The certificate with which the only key can be revoked, made by GnuPG when it made the key.
    pub(crate) fn revocation(&self) -> String {
        let path = self.path().join(format!("openpgp-revocs.d/{}.rev", self.fingerprints()[0]));
        // A colon protects from accidental use.
        fs::read_to_string(path).unwrap().replace(":-----BEGIN", "-----BEGIN")
    }

    pub(crate) fn sign(&self, message: &str, options: &[&str]) -> String {
        let file = self.file("message", message);
        let arguments = [options, &["--armor", "--detach-sign", "--output", "-", &file]].concat();
        line::from_armor(&armored(&self.gpg(&arguments))).unwrap()
    }
}

/// The armored text between status lines.
fn armored(output: &Output) -> String {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with("[GNUPG:]"));
    lines.fold(String::new(), |text, line| text + line + "\n")
}

impl Drop for Home {
    fn drop(&mut self) {
        drop(Command::new("gpgconf").arg("--homedir").arg(self.path()).args(["--kill", "all"]).output());
    }
}
