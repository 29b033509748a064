//! The only place that prints. Data goes to standard output, talk to standard error.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use mig_core::safe;
use std::{
    env,
    io::{self, ErrorKind, IsTerminal, Write},
    time::Duration,
};

/// Colours of talk; data has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Something went wrong.
    Red,
    /// Something to know before it happens.
    Yellow,
    /// Progress.
    Blue,
    /// Agents without an answer.
    Purple,
}

impl Colour {
    const fn code(self) -> &'static str {
        match self {
            Self::Red => "31",
            Self::Yellow => "33",
            Self::Blue => "34",
            Self::Purple => "35",
        }
    }
}

/// Standard output and standard error of one run.
#[derive(Debug)]
pub struct Printer {
    is_coloured: bool,
    is_verbose: bool,
    is_quiet: bool,
    /// The reader of standard output went away: no error, but nobody listens.
    is_closed: bool,
    progress: Option<ProgressBar>,
}

impl Printer {
    /// A printer that uses colours if standard error is a terminal and neither the user nor the environment is against it
    /// (`NO_COLOR` set to anything, or `TERM=dumb`).
    #[must_use]
    pub fn new(no_colour: bool, is_verbose: bool, is_quiet: bool) -> Self {
        let refused = no_colour
            || env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
        let is_coloured = !refused && io::stderr().is_terminal();
        Self { is_coloured, is_verbose, is_quiet, is_closed: false, progress: None }
    }

    /// Writes text to standard output as it is. A reader that went away is no error: what follows is dropped.
    ///
    /// # Errors
    /// If the output fails otherwise, such as a full disk.
    pub fn data(&mut self, text: &str) -> io::Result<()> {
        if self.is_closed {
            return Ok(());
        }
        let mut output = io::stdout().lock();
        let mut write = || output.write_all(text.as_bytes()).and_then(|()| output.flush());
        let written = match &self.progress {
            Some(bar) => bar.suspend(write),
            None => write(),
        };
        match written {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.is_closed = true;
                Ok(())
            }
            result => result,
        }
    }

    /// Writes one line of text of others to standard output, safe for a terminal.
    ///
    /// # Errors
    /// As [`data`](Self::data).
    pub fn line(&mut self, text: &str) -> io::Result<()> {
        self.data(&format!("{}\n", safe::line(text)))
    }

    /// Tells the user something, on standard error.
    pub fn note(&self, colour: Colour, text: &str) {
        if !self.is_quiet {
            self.talk(Some(colour), text);
        }
    }

    /// Tells the user what went wrong, on standard error.
    pub fn error(&self, text: &str) {
        self.talk(Some(Colour::Red), &format!("mig: {text}"));
    }

    /// Tells how things are done, with `-v`.
    pub fn detail(&self, text: impl FnOnce() -> String) {
        if self.is_verbose {
            self.talk(None, &text());
        }
    }

    /// Writes text of our own, such as usage, to standard error as it is.
    pub fn usage(&self, text: &str) {
        // Nowhere is left to report that standard error is gone.
        io::stderr().lock().write_all(text.as_bytes()).ok();
    }

    fn talk(&self, colour: Option<Colour>, text: &str) {
        let text = safe::line(text);
        let line = match colour.filter(|_| self.is_coloured) {
            Some(colour) => format!("\x1b[{}m{text}\x1b[0m\n", colour.code()),
            None => format!("{text}\n"),
        };
        match &self.progress {
            Some(bar) => bar.suspend(|| self.usage(&line)),
            None => self.usage(&line),
        }
    }

    /// Shows how many of `total` agents have answered, if standard error is a terminal.
    pub fn show_progress(&mut self, done: u64, total: u64) {
        if self.is_quiet || !io::stderr().is_terminal() {
            return;
        }
        let bar = self.progress.get_or_insert_with(new_bar);
        bar.set_length(total);
        bar.set_position(done);
    }

    /// Removes the progress bar.
    pub fn end_progress(&mut self) {
        if let Some(bar) = self.progress.take() {
            bar.finish_and_clear();
        }
    }
}

fn new_bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} agents, {elapsed}");
    let bar = bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    // The time goes on while nothing happens.
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}
