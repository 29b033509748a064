//! A process with known marks in its memory: this test program, started again under a name of its own.

use memmap2::{MmapMut, MmapOptions, MmapRaw};
use std::{
    env,
    fmt::Write as _,
    fs::{self, File},
    io::{BufRead, BufReader, Read, Write as _},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

/// Tells a helper what to hold. Marks travel as hexadecimal digits, so that they are nowhere but where they belong.
const SPEC: &str = "MIG_TEST_HELPER";

/// Kinds of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Anonymous memory between two gaps.
    Anonymous,
    /// A shared file in memory, whose mapping is two pages longer than the file.
    Shared,
}

/// What a helper holds.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    pub(crate) kind: Kind,
    pub(crate) bytes: usize,
    pub(crate) filler: u8,
    /// Offsets and hexadecimal digits.
    pub(crate) marks: Vec<(usize, String)>,
}

/// A running helper; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Helper {
    pub(crate) child: Child,
    /// The file name of its program, which no other process has.
    pub(crate) name: String,
    pub(crate) program: PathBuf,
    /// Where its memory begins.
    pub(crate) address: u64,
}

impl Helper {
    /// Starts one. `arguments` lead the test program to [`be_helper`].
    pub(crate) fn start(spec: &Spec, arguments: &[&str]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let own = env::current_exe().expect("this program");
        let name = format!("holder-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let program = own.with_file_name(&name);
        fs::hard_link(&own, &program).expect("a second name for this program");
        let mut child = Command::new(&program)
            .args(arguments)
            .env(SPEC, spec.text())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let ready = output
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.split_once("ready at ").and_then(|(_, address)| address.parse().ok()));
        Self { child, name, program, address: ready.expect("a helper that is ready") }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
        _ = fs::remove_file(&self.program);
    }
}

impl Spec {
    fn text(&self) -> String {
        let kind = if self.kind == Kind::Shared { "shared" } else { "anonymous" };
        let mut text = format!("{kind} {} {}", self.bytes, self.filler);
        for (offset, mark) in &self.marks {
            write!(text, " {offset} {mark}").expect("a string grows");
        }
        text
    }

    fn read(text: &str) -> Self {
        let mut words = text.split(' ');
        let kind = if words.next() == Some("shared") { Kind::Shared } else { Kind::Anonymous };
        let number = |words: &mut std::str::Split<'_, char>| -> usize {
            words.next().expect("a number").parse().expect("a number")
        };
        let (bytes, filler) = (number(&mut words), number(&mut words));
        let mut marks = Vec::new();
        while let (Some(offset), Some(mark)) = (words.next(), words.next()) {
            marks.push((offset.parse().expect("an offset"), mark.to_owned()));
        }
        Self { kind, bytes, filler: u8::try_from(filler).expect("a byte"), marks }
    }
}

/// If this process was started as a helper: holds the memory, says so, and comes back with true when its input ends.
#[allow(clippy::print_stdout, reason = "the answer to the process that started this one")]
pub(crate) fn be_helper() -> bool {
    let Ok(text) = env::var(SPEC) else { return false };
    let spec = Spec::read(&text);
    let held = match spec.kind {
        Kind::Anonymous => Held::Anonymous(anonymous(&spec)),
        Kind::Shared => Held::Shared(shared(&spec)),
    };
    println!("\nready at {}", held.address());
    std::io::stdout().flush().expect("an output");
    _ = std::io::stdin().read(&mut [0]);
    true
}

enum Held {
    Anonymous(MmapMut),
    Shared(MmapRaw),
}

impl Held {
    fn address(&self) -> usize {
        match self {
            Self::Anonymous(map) => map.as_ptr().addr(),
            Self::Shared(map) => map.as_ptr().addr(),
        }
    }
}

/// Three mappings side by side, of which the middle one is left.
fn anonymous(spec: &Spec) -> MmapMut {
    let [before, mut map, after] = [(); 3].map(|()| MmapMut::map_anon(spec.bytes).expect("memory"));
    drop((before, after));
    map.fill(spec.filler);
    for (offset, mark) in &spec.marks {
        // Digit by digit: a copy of the mark would be found elsewhere.
        for place in 0..mark.len() / 2 {
            map[offset + place] = byte(mark, place);
        }
    }
    map
}

fn shared(spec: &Spec) -> MmapRaw {
    let path = Path::new("/dev/shm").join(format!("mig-helper-{}", std::process::id()));
    let file = File::options().read(true).write(true).create_new(true).open(&path).expect("a file in memory");
    fs::remove_file(&path).expect("the file in memory");
    file.write_all_at(&vec![spec.filler; spec.bytes], 0).expect("room");
    for (offset, mark) in &spec.marks {
        for place in 0..mark.len() / 2 {
            file.write_all_at(&[byte(mark, place)], (offset + place) as u64).expect("room");
        }
    }
    MmapOptions::new().len(spec.bytes + 2 * 4096).map_raw(&file).expect("a mapping")
}

fn byte(mark: &str, place: usize) -> u8 {
    let digits = mark.get(2 * place..2 * place + 2).expect("two digits");
    u8::from_str_radix(digits, 16).expect("hexadecimal digits")
}
