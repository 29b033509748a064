//! From an event of `tracing` to a line.

use super::Sink;
use mig_core::{
    logging::{LogLine, Severity},
    time::Time,
};
use std::fmt::{self, Write as _};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
};
use tracing_subscriber::layer::{Context, Layer};

/// Writes events as lines.
#[derive(Debug)]
pub(super) struct LineLayer {
    least: Severity,
    sink: Box<dyn Sink>,
}

impl LineLayer {
    pub(super) fn new(least: Severity, sink: Box<dyn Sink>) -> Self {
        Self { least, sink }
    }
}

/// What libraries below ours say is for their authors, or must stay secret; of their troubles we hear by ourselves. The driver of the
/// broker calls every refusal an error, also one that is expected.
fn is_heard(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    target.starts_with("mig") || (*metadata.level() <= Level::WARN && !target.starts_with("lapin"))
}

fn severity(level: Level) -> Severity {
    match level {
        Level::ERROR => Severity::Error,
        Level::WARN => Severity::Warning,
        Level::INFO => Severity::Info,
        _ => Severity::Debug,
    }
}

impl<S: Subscriber> Layer<S> for LineLayer {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        severity(*metadata.level()) <= self.least && is_heard(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(match self.least {
            Severity::Debug => LevelFilter::DEBUG,
            Severity::Info | Severity::Notice => LevelFilter::INFO,
            Severity::Warning => LevelFilter::WARN,
            Severity::Error => LevelFilter::ERROR,
            _ => LevelFilter::OFF,
        })
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let severity = severity(*event.metadata().level());
        let mut fields = Fields::default();
        event.record(&mut fields);
        let Fields { action, command, text, others } = fields;
        let text = text + &others;
        // An event without any text says nothing.
        let Ok(line) = (LogLine { operation: 0, action, command, severity, text: &text }).render() else {
            return;
        };
        match self.sink.wants_time() {
            true => self.sink.write(severity, &format!("{} {line}", Time::now())),
            false => self.sink.write(severity, &line),
        }
    }
}

/// What an event says.
#[derive(Debug, Default)]
struct Fields {
    action: u64,
    command: u64,
    text: String,
    others: String,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let value = format!("{value:?}");
        match (field.name(), value.parse()) {
            ("message", _) => self.text = value,
            ("action", Ok(id)) => self.action = id,
            ("command", Ok(id)) => self.command = id,
            // Writing to a String does not fail.
            (name, _) => write!(self.others, " {name}={value}").unwrap_or_default(),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.record_debug(field, &format_args!("{}", mig_core::safe::chain(value)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::{Registry, layer::SubscriberExt as _};

    #[derive(Clone, Debug, Default)]
    struct Kept(Arc<Mutex<Vec<String>>>);

    impl Sink for Kept {
        fn wants_time(&self) -> bool {
            false
        }

        fn write(&self, _: Severity, line: &str) {
            self.0.lock().unwrap().push(line.to_owned());
        }
    }

    fn lines(least: Severity, report: impl FnOnce()) -> Vec<String> {
        let kept = Kept::default();
        let layer = LineLayer::new(least, Box::new(kept.clone()));
        tracing::subscriber::with_default(Registry::default().with(layer), report);
        kept.0.lock().unwrap().split_off(0)
    }

    #[test]
    fn ids_have_their_places_and_other_fields_follow_the_text() {
        let lines = lines(Severity::Info, || {
            tracing::info!(action = %12, command = %34, agents = 2, "asked");
            tracing::warn!(action = %"a name", reason = "it\nis", "refused");
        });
        assert_eq!(
            lines,
            ["- 12 34 [info] asked agents=2", "- - - [warning] refused action=a name reason=it\\nis"]
        );
    }

    #[test]
    fn what_matters_less_is_left_out_and_so_is_the_talk_of_libraries() {
        let lines = lines(Severity::Debug, || {
            tracing::debug!("ours");
            tracing::trace!("too small");
            tracing::debug!(target: "hyper", "theirs");
            tracing::error!(target: "hyper", "their fault");
            tracing::error!(target: "lapin::channel", "refused");
        });
        assert_eq!(lines, ["- - - [debug] ours", "- - - [error] their fault"]);
    }
}
