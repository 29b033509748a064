//! Signing with the user's GnuPG: cards, pinentry and passphrase cache come for free, and the secret key never enters
//! this process.

use super::{
    Fingerprint, Keyring, PASSPHRASE_VARIABLE, Passphrase, SignError, Signer, VerifyError, armor,
    keyring::unix_seconds, line, packets, policy, signature, transferable::KeyError,
};
use pgp::types::{EcdsaPublicParams, PublicParams};
use std::{
    ffi::OsStr,
    io::{self, Write},
    path::PathBuf,
    process::{Command, Output, Stdio},
    time::SystemTime,
};
use zeroize::Zeroizing;

/// Why GnuPG did not sign, with the command that helps.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum GnupgError {
    /// The program does not start.
    #[error("'{program}' does not start: {source}; is GnuPG installed?")]
    Start {
        /// What was called.
        program: String,
        /// Why it does not start.
        source: io::Error,
    },
    /// No such key.
    #[error("GnuPG has no key {0}: see 'gpg --list-secret-keys', or bring it in with 'gpg --import'")]
    NoKey(Fingerprint),
    /// Only the public half, or the card that holds the secret half is not there.
    #[error("GnuPG has no secret half of key {0}: insert its card, or see 'gpg --list-secret-keys'")]
    NoSecretKey(Fingerprint),
    /// The passphrase is wrong, was not given, or can not be asked for.
    #[error(
        "GnuPG could not open key {0}: is the passphrase right, and can it be asked for? \
         In a terminal 'export GPG_TTY=$(tty)' helps"
    )]
    Locked(Fingerprint),
    /// The key is past its time, or before.
    #[error("key {0} has expired: 'gpg --quick-set-expire {0} 1y' makes it valid again")]
    Expired(Fingerprint),
    /// The key was revoked.
    #[error("key {0} is revoked: make another one with 'gpg --full-generate-key'")]
    Revoked(Fingerprint),
    /// What GnuPG exports can not be used.
    #[error("the public half of the key, as GnuPG exports it, cannot be used: {0}")]
    Unusable(#[from] KeyError),
    /// GnuPG signed, but nobody would accept the signature.
    #[error("GnuPG signed, but the signature would be refused: {0}")]
    Refused(VerifyError),
    /// Anything else.
    #[error("GnuPG did not sign: {0}")]
    Failed(String),
}

/// How GnuPG is called.
#[derive(Clone, Debug)]
pub struct Gnupg {
    /// The program, `gpg` by default.
    pub program: PathBuf,
    /// Its home directory; `None` for the user's.
    pub home: Option<PathBuf>,
    /// Opens the key without pinentry; `None` to let GnuPG ask the user.
    pub passphrase: Option<Passphrase>,
}

/// A key that the user's GnuPG signs with.
#[derive(Debug)]
pub struct GnupgSigner {
    gnupg: Gnupg,
    fingerprint: Fingerprint,
    /// The public half, to check and complete what GnuPG writes.
    keyring: Keyring,
    public_key: String,
    digest: &'static str,
}

impl Default for Gnupg {
    fn default() -> Self {
        Self { program: "gpg".into(), home: None, passphrase: None }
    }
}

impl Gnupg {
    /// Finds a key by its full fingerprint: shorter names may mean another key.
    ///
    /// # Errors
    /// [`GnupgError`] if there is no GnuPG or no such key, or it is expired or revoked.
    pub fn signer(self, fingerprint: &Fingerprint) -> Result<GnupgSigner, GnupgError> {
        let name = fingerprint.to_upper();
        let exported = self.run(["--armor", "--export", &name], &[])?;
        let armored = std::str::from_utf8(&exported.stdout).unwrap_or_default();
        let mut keyring = Keyring::default();
        if armored.is_empty() || keyring.add(armored)? != *fingerprint {
            return Err(GnupgError::NoKey(fingerprint.clone()));
        }
        let (fingerprint, public_key) = (fingerprint.clone(), armored.to_owned());
        let signer = GnupgSigner { gnupg: self, fingerprint, digest: digest(&keyring), keyring, public_key };
        signer.check_key()?;
        Ok(signer)
    }

    /// Runs the program and gives what it says: results on standard output, and on standard error the status lines that
    /// count - its exit code does not.
    fn run<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
        input: &[u8],
    ) -> Result<Output, GnupgError> {
        let mut command = Command::new(&self.program);
        // A daemon that it starts would keep the passphrase in its environment.
        command.env_remove(PASSPHRASE_VARIABLE);
        command.args(["--batch", "--no-tty", "--status-fd", "2"]);
        if let Some(home) = &self.home {
            command.arg("--homedir").arg(home);
        }
        if self.passphrase.is_some() {
            command.args(["--pinentry-mode", "loopback", "--passphrase-fd", "0"]);
        }
        command.args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let start = |source| GnupgError::Start { program: self.program.display().to_string(), source };
        let mut child = command.spawn().map_err(start)?;
        if let Some(mut stdin) = child.stdin.take() {
            // If it ends early and does not read all, its status lines say why.
            stdin.write_all(&self.with_passphrase(input)).or_else(ignore_broken_pipe).map_err(start)?;
        }
        child.wait_with_output().map_err(start)
    }

    /// The passphrase is the first line of the input.
    fn with_passphrase(&self, input: &[u8]) -> Zeroizing<Vec<u8>> {
        let passphrase = self.passphrase.as_ref().map(Passphrase::as_str);
        let mut all = Zeroizing::new(Vec::with_capacity(input.len() + passphrase.map_or(0, str::len) + 1));
        if let Some(passphrase) = passphrase {
            all.extend(passphrase.as_bytes());
            all.push(b'\n');
        }
        all.extend(input);
        all
    }
}

impl GnupgSigner {
    /// The public half, armored.
    #[must_use]
    pub fn public_key(&self) -> &str {
        &self.public_key
    }

    /// The key or a subkey must be able to sign now.
    fn check_key(&self) -> Result<(), GnupgError> {
        let now = unix_seconds(SystemTime::now());
        let Some(certificate) = self.keyring.certificate(&self.fingerprint) else {
            return Err(GnupgError::NoKey(self.fingerprint.clone()));
        };
        let subkeys = (0..certificate.subkeys.len()).map(Some);
        match policy::check_key(certificate, None, now) {
            Err(_) if subkeys.into_iter().any(|place| policy::check_key(certificate, place, now).is_ok()) => {
                Ok(())
            }
            Err(VerifyError::KeyRevoked(key)) => Err(GnupgError::Revoked(key)),
            Err(VerifyError::KeyNotValid(key)) => Err(GnupgError::Expired(key)),
            Err(other) => Err(GnupgError::Refused(other)),
            Ok(()) => Ok(()),
        }
    }

    fn sign_with_gnupg(&self, message: &[u8]) -> Result<String, GnupgError> {
        self.check_key()?;
        let name = self.fingerprint.to_upper();
        let arguments = ["--digest-algo", self.digest, "--local-user", &name, "--armor", "--detach-sign"];
        let output = self.gnupg.run(arguments, message)?;
        if !has_status(&output, "SIG_CREATED") {
            return Err(self.failure(&output));
        }
        let garbled = || GnupgError::Failed("its output is not one signature".to_owned());
        let armored = std::str::from_utf8(&output.stdout).map_err(|_| garbled())?;
        let block = armor::blocks(armored).ok().and_then(|mut blocks| blocks.pop()).ok_or_else(garbled)?;
        let Some(Ok((packets::SIGNATURE, body))) = packets::split(&block).next() else {
            return Err(garbled());
        };
        self.complete(body, message)
    }

    /// Checks a signature as every agent will, and writes it like the original.
    fn complete(&self, body: &[u8], message: &[u8]) -> Result<String, GnupgError> {
        let line = line::encode(&packets::frame(packets::SIGNATURE, body));
        let (certificate, subkey) =
            self.keyring.judge(message, &line, SystemTime::now()).map_err(GnupgError::Refused)?;
        Ok(certificate.parameters(subkey).map_or(line, |key| signature::to_line(body, key)))
    }

    /// What went wrong, by the status lines. Numbers are those of libgpg-error, below the place where they arose.
    fn failure(&self, output: &Output) -> GnupgError {
        const NO_SECRET_KEY: u32 = 17;
        const CARD_NOT_PRESENT: u32 = 112;
        const BAD_PASSPHRASE: u32 = 11;
        const TIMEOUT: u32 = 62;
        const NO_PINENTRY: u32 = 85;
        const CANCELED: u32 = 99;
        const FULLY_CANCELED: u32 = 198;
        const NOT_A_TERMINAL: u32 = 0x8000 | 25;
        let codes = statuses(output, "FAILURE sign").filter_map(|text| text.trim().parse::<u32>().ok());
        let fingerprint = self.fingerprint.clone();
        match codes.last().map(|code| code & 0xffff) {
            Some(NO_SECRET_KEY | CARD_NOT_PRESENT) => GnupgError::NoSecretKey(fingerprint),
            Some(BAD_PASSPHRASE | TIMEOUT | NO_PINENTRY | CANCELED | FULLY_CANCELED | NOT_A_TERMINAL) => {
                GnupgError::Locked(fingerprint)
            }
            _ => GnupgError::Failed(said(output)),
        }
    }
}

impl Signer for GnupgSigner {
    fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    fn sign(&self, message: &[u8]) -> Result<String, SignError> {
        Ok(self.sign_with_gnupg(message)?)
    }
}

/// How status lines begin.
const STATUS: &str = "[GNUPG:] ";

/// SHA-256 as the original, but longer for curves that need it, whichever of the keys will sign.
fn digest(keyring: &Keyring) -> &'static str {
    let needs = keyring.parameters().map(|key| match key {
        PublicParams::ECDSA(EcdsaPublicParams::P384 { .. }) => 384,
        PublicParams::ECDSA(EcdsaPublicParams::P521 { .. }) => 512,
        _ => 256,
    });
    match needs.max() {
        Some(384) => "SHA384",
        Some(512) => "SHA512",
        _ => "SHA256",
    }
}

fn ignore_broken_pipe(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) }
}

/// What follows a keyword in the status lines.
fn statuses<'a>(output: &'a Output, keyword: &str) -> impl Iterator<Item = &'a str> {
    let lines = output.stderr.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
    lines.filter_map(move |line| line.strip_prefix(STATUS)?.strip_prefix(keyword))
}

fn has_status(output: &Output, keyword: &str) -> bool {
    statuses(output, keyword).next().is_some()
}

/// What it says to people, on one line and without control characters.
fn said(output: &Output) -> String {
    let lines = output.stderr.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
    let talk = lines.filter(|line| !line.is_empty() && !line.starts_with(STATUS));
    let said: Vec<String> = talk.map(|line| line.escape_debug().to_string()).collect();
    if said.is_empty() { format!("it ended with {}", output.status) } else { said.join("; ") }
}
