//! Whether an action may run here: the agent decides alone, from its own files.

use crate::{
    acl::{Acl, Denied},
    action::{Action, ActionError, Operation, SignedText},
    agent_info::AgentInfo,
    json,
    sign::{Fingerprint, Keyring, VerifyError},
    target::{Target, TargetError},
    time::Time,
};
use sha2::{Digest, Sha256};
use std::{collections::BTreeSet, fmt, time::Duration};

/// What an agent holds actions against.
#[derive(Debug)]
pub struct Policy {
    /// Whose signatures count.
    pub keyring: Keyring,
    /// Who may have what run.
    pub acl: Acl,
    /// How far the clocks of agent and signer may differ at both ends of the validity window.
    pub clock_tolerance: Duration,
    /// Accepts targets that this agent can not parse, which only the original's scheduler can have accepted.
    pub allow_unparsed_target: bool,
    /// Any key of the keyring may have anything run: the access control list is not looked at. The original's switch
    /// `onlyverifypubkey`; it removes the permission model.
    pub only_verify_keys: bool,
}

/// Why an action does not run here.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Its form or validity window.
    #[error(transparent)]
    Action(#[from] ActionError),
    /// Its window has not begun.
    #[error("Action ValidFrom date is in the future: {0}")]
    NotYetValid(Time),
    /// The signed text can not be built.
    #[error("the signed text cannot be built: {0}")]
    SignedText(#[from] json::Error),
    /// One signature is not good; others do not make up for it.
    #[error("signature {number} is refused: {source}")]
    Signature {
        /// Which one, from 1.
        number: usize,
        /// Why.
        source: VerifyError,
    },
    /// One key signed twice.
    #[error("key {0} signed more than once")]
    DuplicateSigner(Fingerprint),
    /// The target is not in the language of this agent.
    #[error("the target cannot be checked here: {0}")]
    TargetSyntax(#[from] TargetError),
    /// The target, cut to 200 characters, names other agents.
    #[error("the action is not meant for this agent: its target is {0}")]
    OtherTarget(String),
    /// The signers may not have this operation run.
    #[error("operation {number} is denied: {source}")]
    Denied {
        /// Which one, from 1.
        number: usize,
        /// Why.
        source: Denied,
    },
}

/// An action that passed every check of this agent. There is no other way to make one than [`Policy::verify`].
#[must_use]
#[derive(Debug)]
pub struct VerifiedAction {
    action: Action,
    signers: Vec<Fingerprint>,
    digest: ActionDigest,
}

/// One operation of a [`VerifiedAction`]: the only thing that a runner runs.
#[derive(Clone, Copy, Debug)]
pub struct VerifiedOperation<'a>(&'a Operation);

/// SHA-256 of the signed text of an action: names what was asked, whatever ids the platform gives it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ActionDigest([u8; 32]);

impl VerifiedAction {
    /// The action.
    #[must_use]
    pub fn action(&self) -> &Action {
        &self.action
    }

    /// What is to run, in order.
    pub fn operations(&self) -> impl ExactSizeIterator<Item = VerifiedOperation<'_>> {
        self.action.operations.as_deref().unwrap_or_default().iter().map(VerifiedOperation)
    }

    /// Names what was signed.
    #[must_use]
    pub fn digest(&self) -> ActionDigest {
        self.digest
    }

    /// The keys that signed, each once, in the order of the signatures.
    #[must_use]
    pub fn signers(&self) -> &[Fingerprint] {
        &self.signers
    }
}

impl<'a> VerifiedOperation<'a> {
    /// The operation.
    #[must_use]
    pub fn get(self) -> &'a Operation {
        self.0
    }
}

impl ActionDigest {
    /// The digest of what investigators sign.
    #[must_use]
    pub fn of(signed_text: &str) -> Self {
        Self(Sha256::digest(signed_text).into())
    }
}

impl fmt::Display for ActionDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for ActionDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl Policy {
    /// A policy with 5 minutes of clock tolerance and every check on.
    #[must_use]
    pub fn new(keyring: Keyring, acl: Acl) -> Self {
        Self {
            keyring,
            acl,
            clock_tolerance: Duration::from_secs(300),
            allow_unparsed_target: false,
            only_verify_keys: false,
        }
    }

    /// Checks an action for this agent at this time: form and window, every signature by a distinct key, the target, and
    /// access control for every operation before the first runs.
    ///
    /// # Errors
    /// The first [`Refusal`].
    pub fn verify(&self, action: Action, me: &AgentInfo, now: Time) -> Result<VerifiedAction, Refusal> {
        action.validate(now.minus(self.clock_tolerance))?;
        if now.plus(self.clock_tolerance) < action.valid_from {
            return Err(Refusal::NotYetValid(action.valid_from));
        }
        let signed_text = SignedText::of(&action)?;
        let signers = self.signers(&action, &signed_text, now)?;
        self.check_target(&action, me, now)?;
        if !self.only_verify_keys {
            let operations = action.operations.iter().flatten();
            for (operation, number) in operations.zip(1..) {
                let checked = self.acl.check(&operation.module, &signers);
                checked.map_err(|source| Refusal::Denied { number, source })?;
            }
        }
        Ok(VerifiedAction { action, signers, digest: ActionDigest::of(signed_text.as_str()) })
    }

    fn signers(&self, action: &Action, text: &SignedText, now: Time) -> Result<Vec<Fingerprint>, Refusal> {
        let mut distinct = BTreeSet::new();
        let mut signers = Vec::new();
        for (line, number) in action.signatures.iter().flatten().zip(1..) {
            let verified = text.verify(&self.keyring, line, now.into());
            let signer = verified.map_err(|source| Refusal::Signature { number, source })?;
            if !distinct.insert(signer.clone()) {
                return Err(Refusal::DuplicateSigner(signer));
            }
            signers.push(signer);
        }
        Ok(signers)
    }

    /// What only the platform knows does not refuse; what is known and not true does.
    fn check_target(&self, action: &Action, me: &AgentInfo, now: Time) -> Result<(), Refusal> {
        match Target::parse(&action.target) {
            Ok(target) if target.evaluate(me, now).refuses() => {
                Err(Refusal::OtherTarget(action.target.chars().take(200).collect()))
            }
            Err(error) if !self.allow_unparsed_target => Err(error.into()),
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign::{KeyAlgorithm, SecretKey, Signer};

    const HOUR: Duration = Duration::from_secs(3600);

    fn key(name: &str) -> SecretKey {
        SecretKey::generate(name, KeyAlgorithm::Ed25519, None).unwrap()
    }

    fn me() -> AgentInfo {
        AgentInfo { name: "web1".into(), queue_location: "linux.web1".into(), ..AgentInfo::default() }
    }

    fn policy(keys: &[&SecretKey], minimum_weight: usize) -> Policy {
        let mut keyring = Keyring::default();
        for key in keys {
            keyring.add(&key.public_armored().unwrap()).unwrap();
        }
        let entries =
            keys.iter().map(|key| format!(r#""{0}":{{"fingerprint":"{0}","weight":1}}"#, key.fingerprint()));
        let investigators = entries.collect::<Vec<_>>().join(",");
        let acl = format!(
            r#"{{"file":{{"minimumweight":{minimum_weight},"investigators":{{{investigators}}}}},
                "default":{{"minimumweight":1,"investigators":{{}}}}}}"#
        );
        Policy::new(keyring, Acl::from_slice(acl.as_bytes()).unwrap())
    }

    fn action(modules: &[&str]) -> Action {
        let operation = |module: &&str| Operation { module: (*module).to_owned(), ..Operation::default() };
        Action {
            name: "a question".into(),
            target: "name = 'web1' AND status = 'online'".into(),
            valid_from: Time::now().minus(HOUR).whole_seconds(),
            expire_after: Time::now().plus(HOUR).whole_seconds(),
            operations: Some(modules.iter().map(operation).collect()),
            syntax_version: 2,
            ..Action::default()
        }
    }

    fn signed(mut action: Action, keys: &[&SecretKey]) -> Action {
        let message = action.signing_string().unwrap();
        action.signatures = Some(keys.iter().map(|key| key.sign(message.as_bytes()).unwrap()).collect());
        action
    }

    #[test]
    fn a_signed_action_of_a_permitted_key_is_accepted() {
        let ann = key("Ann");
        let verified =
            policy(&[&ann], 1).verify(signed(action(&["file"]), &[&ann]), &me(), Time::now()).unwrap();
        assert_eq!(verified.signers(), [ann.fingerprint().clone()]);
        assert_eq!(verified.operations().len(), 1);
    }

    #[test]
    fn an_unsigned_action_is_refused() {
        let ann = key("Ann");
        let refusal = policy(&[&ann], 1).verify(action(&["file"]), &me(), Time::now()).unwrap_err();
        assert!(matches!(refusal, Refusal::Action(ActionError::NoSignatures)), "{refusal}");
    }

    #[test]
    fn one_bad_signature_refuses_whatever_the_others_weigh() {
        let (ann, eve) = (key("Ann"), key("Eve"));
        let refusal = policy(&[&ann], 1)
            .verify(signed(action(&["file"]), &[&ann, &eve]), &me(), Time::now())
            .unwrap_err();
        assert!(matches!(refusal, Refusal::Signature { number: 2, .. }), "{refusal}");
    }

    #[test]
    fn one_key_does_not_count_twice() {
        let ann = key("Ann");
        let refusal = policy(&[&ann], 2)
            .verify(signed(action(&["file"]), &[&ann, &ann]), &me(), Time::now())
            .unwrap_err();
        assert!(matches!(refusal, Refusal::DuplicateSigner(_)), "{refusal}");
    }

    #[test]
    fn two_signers_reach_a_weight_that_one_does_not() {
        let (ann, bob) = (key("Ann"), key("Bob"));
        let policy = policy(&[&ann, &bob], 2);
        let alone = policy.verify(signed(action(&["file"]), &[&ann]), &me(), Time::now()).unwrap_err();
        assert!(matches!(alone, Refusal::Denied { number: 1, .. }), "{alone}");
        drop(policy.verify(signed(action(&["file"]), &[&ann, &bob]), &me(), Time::now()).unwrap());
    }

    #[test]
    fn every_operation_is_checked_before_the_first_runs() {
        let ann = key("Ann");
        let refusal =
            policy(&[&ann], 1).verify(signed(action(&["file", "agentdestroy"]), &[&ann]), &me(), Time::now());
        assert!(matches!(refusal.unwrap_err(), Refusal::Denied { number: 2, .. }));
    }

    #[test]
    fn a_changed_target_breaks_the_signature() {
        let ann = key("Ann");
        let mut changed = signed(action(&["file"]), &[&ann]);
        changed.target = "TRUE".into();
        let refusal = policy(&[&ann], 1).verify(changed, &me(), Time::now()).unwrap_err();
        assert!(matches!(refusal, Refusal::Signature { source: VerifyError::Bad(_), .. }), "{refusal}");
    }

    #[test]
    fn an_action_for_another_agent_is_refused() {
        let ann = key("Ann");
        let other = AgentInfo { name: "db1".into(), ..me() };
        let refusal =
            policy(&[&ann], 1).verify(signed(action(&["file"]), &[&ann]), &other, Time::now()).unwrap_err();
        assert!(matches!(refusal, Refusal::OtherTarget(_)), "{refusal}");
    }

    #[test]
    fn a_target_that_cannot_be_parsed_refuses_unless_the_agent_allows_it() {
        let ann = key("Ann");
        let asked = Action { target: "name SIMILAR TO 'x'".into(), ..action(&["file"]) };
        let asked = signed(asked, &[&ann]);
        let mut policy = policy(&[&ann], 1);
        let refusal = policy.verify(asked.clone(), &me(), Time::now()).unwrap_err();
        assert!(matches!(refusal, Refusal::TargetSyntax(_)), "{refusal}");
        policy.allow_unparsed_target = true;
        drop(policy.verify(asked, &me(), Time::now()).unwrap());
    }

    #[test]
    fn the_window_counts_with_tolerance_at_both_ends() {
        let ann = key("Ann");
        let policy = policy(&[&ann], 1);
        let asked = signed(action(&["file"]), &[&ann]);
        let (from, until) = (asked.valid_from, asked.expire_after);
        let minute = Duration::from_secs(60);
        let at = |now| policy.verify(asked.clone(), &me(), now);
        assert!(at(until.plus(minute)).is_ok());
        assert!(matches!(at(until.plus(10 * minute)), Err(Refusal::Action(ActionError::Expired(_)))));
        assert!(matches!(at(from.minus(10 * minute)), Err(Refusal::NotYetValid(_))));
    }
}
