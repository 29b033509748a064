//! Help, manual pages and completion: of everything, whoever asks how.

use crate::support::World;
use mig_core::limits;
use std::process::Command;

#[test]
fn every_command_and_module_has_help_and_a_manual_page() {
    let world = World::new();
    for (topic, word) in [(&["key", "new"][..], "--rsa"), (&["actions"], "--before"), (&["file"], "path")] {
        for asked in ["help", "man"] {
            let run = world.mig(&[&[asked], topic].concat());
            let text = run.out.replace('\\', "");
            assert!(run.code == 0 && text.contains(word) && text.contains(topic[0]), "{asked}: {run:?}");
        }
    }
}

#[test]
fn help_says_where_the_flags_of_a_module_begin() {
    let world = World::new();
    let text = world.mig(&["help"]).out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        text.contains("flags of a module begin with the first one behind its name that mig does not have")
    );
    for asked in ["help", "man"] {
        let text = world.mig(&[asked, "ping"]).out.replace('\\', "");
        assert!(text.contains("own: -p, -c, -t.") && text.contains("such as -d"), "{text}");
        assert!(!world.mig(&[asked, "pkg"]).out.contains("own: "));
    }
}

#[test]
fn an_unknown_topic_is_refused() {
    let world = World::new();
    for asked in ["help", "man"] {
        world.mig(&[asked, "key", "nosuch"]).is_refused(&["key nosuch"]);
    }
}

#[test]
fn a_group_of_commands_without_a_command_shows_its_help() {
    let run = World::new().mig(&["key"]);
    assert!(run.code == 2 && run.out.is_empty() && run.talk.contains("export"), "{run:?}");
}

#[test]
fn a_misspelt_command_is_refused_as_command_and_as_module() {
    World::new()
        .mig(&["keys", "list"])
        .is_refused(&["no command 'keys'", "modules are agentdestroy, example, file"]);
}

#[test]
fn manual_pages_of_everything_are_written() {
    let world = World::new();
    let run = world.mig(&["man", "--directory", world.path().to_str().expect("text")]);
    assert!(run.code == 0 && run.out.is_empty(), "{run:?}");
    for page in ["mig.1", "mig-file.1", "mig-key.1", "mig-key-new.1"] {
        let text = limits::read_file(&world.path().join(page), 1 << 20).expect(page);
        let text = String::from_utf8(text).expect(page);
        assert!(text.contains(".TH mig") && text.contains(env!("CARGO_PKG_VERSION")), "{page}: {text}");
    }
    world.mig(&["man", "--directory", "/no/such"]).is_refused(&["/no/such"]);
}

/// What bash offers for the last of these words.
fn offers(world: &World, words: &str) -> Vec<String> {
    let script = world.mig(&["completions", "bash"]).out;
    let ask = format!(
        "{script}\nCOMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}}-1))\n\
         _mig mig \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"; echo \"${{COMPREPLY[@]}}\""
    );
    let output = Command::new("bash").args(["-c", &ask]).output().expect("bash must be installed");
    let text = String::from_utf8(output.stdout).expect("text");
    text.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn a_shell_offers_commands_modules_and_their_flags() {
    let world = World::new();
    for (words, offer) in [
        ("mig f", "file"),
        ("mig k", "key"),
        ("mig key n", "new"),
        ("mig file --matcha", "--matchall"),
        ("mig file -", "-t"),
        ("mig file --dry", "--dry-run"),
        ("mig file --show n", "notfound"),
        ("mig --format t", "table"),
    ] {
        assert!(
            offers(&world, words).iter().any(|word| word == offer),
            "{words} {:?}",
            offers(&world, words)
        );
    }
}
