//! Where our answers differ from the original's, and why.

/// A difference in some answers.
pub(super) struct Expected {
    /// How the names of the requests begin.
    cases: &'static str,
    /// Part of the difference.
    path: &'static str,
    /// Why it is right.
    #[expect(dead_code, reason = "for readers")]
    reason: &'static str,
}

impl Expected {
    pub(super) fn covers(&self, case: &str, difference: &str) -> bool {
        case.starts_with(self.cases) && difference.contains(self.path)
    }
}

/// Fields that differ.
pub(super) const EXPECTED: &[Expected] = &[
    Expected {
        cases: "auth_",
        path: ".collection.error.message",
        reason: "the original names functions of its source; what follows the arrow is the same",
    },
    Expected {
        cases: "command",
        path: ".value.agent.",
        reason: "the original leaves out what its statement does not read; its clients read five fields of an agent",
    },
    Expected { cases: "command", path: ".value.action.status: new", reason: "the same" },
    Expected { cases: "command", path: ".value.action.investigators: new", reason: "the same" },
    Expected { cases: "search_command", path: ".value.agent.", reason: "the same" },
    Expected { cases: "search_command", path: ".value.action.status: new", reason: "the same" },
    Expected { cases: "flow 06", path: ".value.agent.", reason: "the same" },
    Expected { cases: "flow 06", path: ".value.action.status: new", reason: "the same" },
    Expected {
        cases: "publickey",
        path: "text: ",
        reason: "the original writes the packets of a key anew, ours gives the key as it was handed in",
    },
    Expected { cases: "flow 01", path: "text: ", reason: "where a redirection leads is in its header" },
    Expected {
        cases: "flow 04",
        path: ".value.investigators: new",
        reason: "the action was sent before: it is shown as it stands",
    },
    Expected {
        cases: "flow 18",
        path: ".collection.items: 5 elements and not 7",
        reason: "two more agents had joined by then, which are not in the tables",
    },
    Expected {
        cases: "dashboard",
        path: ".collection.items[0].data[",
        reason: "agents are counted now, not a minute ago, and the tables were written after the request",
    },
];

const LISTING: &str =
    "a search without filter is a listing, where the original makes a statement that its database refuses";
const CALLER: &str = "the caller's fault, which is not an error of the server";
const ABSENT: &str = "loaders and manifests are not offered yet";

/// Requests that are answered with another status, or on purpose in another way: the status, and why.
pub(super) const ANSWERED_OTHERWISE: &[(&str, u16, &str)] = &[
    ("search_notype", 200, LISTING),
    ("search_action", 200, LISTING),
    ("search_action_offset", 200, LISTING),
    ("search_agent", 200, LISTING),
    ("search_investigator", 200, LISTING),
    ("search_action_status", 200, "the original names a table that is not there"),
    ("flow 17", 200, "the same"),
    ("search_action_baddate", 400, CALLER),
    ("search_command_foundbad", 400, CALLER),
    ("search_agent_target_inj", 400, CALLER),
    ("search_agent_target_bad", 200, "the word all is a target of ours"),
    ("search_manifest", 404, ABSENT),
    ("manifest_404", 404, ABSENT),
    ("manifest_loaders_404", 404, ABSENT),
    ("loader_404", 404, ABSENT),
];
