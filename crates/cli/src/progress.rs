//! The progress of long work on this machine, and an estimate of the remaining time: next to the spinner on a
//! terminal, otherwise one line every 10 s.

use std::io::Read;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use simulator::format_duration;

use crate::ui::Ui;

/// Work that takes less time than this isn't reported.
const SHORT: Duration = Duration::from_secs(2);

/// Time between two lines without a terminal.
const EVERY: Duration = Duration::from_secs(10);

/// Shows the progress of one piece of work.
pub(crate) struct ProgressLine<'u> {
    ui: &'u Ui,
    what: String,
    began: Instant,
    /// When the latest line was shown, after the start.
    shown: Mutex<Option<Duration>>,
}

impl<'u> ProgressLine<'u> {
    pub(crate) fn new(ui: &'u Ui, what: impl Into<String>) -> Self {
        Self {
            ui,
            what: what.into(),
            began: Instant::now(),
            shown: Mutex::new(None),
        }
    }

    /// Shows the share of the work that is done, from 0 to 1.
    pub(crate) fn show(&self, share: f64) {
        let elapsed = self.began.elapsed();
        if let Some(columns) = self.ui.columns() {
            self.ui
                .status(format_line(&self.what, share, elapsed, columns));
            return;
        }
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if share < 1.0 && is_due(elapsed, *shown) {
            *shown = Some(elapsed);
            let line = format_line(&self.what, share, elapsed, usize::MAX);
            self.ui.line_with_time(&line);
        }
    }
}

/// Without a terminal, whether another line is due.
fn is_due(elapsed: Duration, shown: Option<Duration>) -> bool {
    elapsed >= shown.map_or(SHORT, |shown| shown.saturating_add(EVERY))
}

/// Formats the line, with at most this number of columns. The work's name is truncated first.
fn format_line(what: &str, share: f64, elapsed: Duration, columns: usize) -> String {
    let percent = (share.clamp(0.0, 1.0) * 100.0).floor();
    let mut line = format!("{percent}%");
    if elapsed >= SHORT && share > 0.01 && share < 1.0 {
        let left = elapsed.as_secs_f64() * (1.0 - share) / share;
        line.push_str(&format!(", about {} left", format_duration(left.ceil())));
    }
    let line = format!("{line}: {what}");
    console::truncate_str(&line, columns, "…").into_owned()
}

/// Reads a file and shows the progress.
pub(crate) struct ProgressReader<'u, R> {
    inner: R,
    line: ProgressLine<'u>,
    size: u64,
    read: u64,
    /// Position in bytes at which progress is shown next.
    next: u64,
}

impl<'u, R> ProgressReader<'u, R> {
    /// Creates a reader of this number of bytes. With 0 (unknown), it shows no progress.
    pub(crate) fn new(inner: R, size: u64, line: ProgressLine<'u>) -> Self {
        Self {
            inner,
            line,
            size,
            read: 0,
            next: size / 100,
        }
    }
}

impl<R: Read> Read for ProgressReader<'_, R> {
    #[expect(clippy::cast_precision_loss, reason = "a share for people")]
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.read += read as u64;
        if self.size > 0 && read > 0 && self.read >= self.next {
            self.next = self.read + self.size / 100;
            self.line.show(self.read as f64 / self.size as f64);
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_line_fits_the_terminal() {
        let what =
            "simulating 28d of the load in 10 phases under this policy and 9 others, with variants";
        let line = |columns| format_line(what, 0.25, SECOND * 30, columns);
        // A quarter took 30 s, so the rest takes 90 s.
        assert_eq!(line(40), "25%, about 1m 30s left: simulating 28d …");
        assert_eq!(
            line(80),
            "25%, about 1m 30s left: simulating 28d of the load in 10 phases under this poli…"
        );
        assert_eq!(line(200), format!("25%, about 1m 30s left: {what}"));
    }

    #[test]
    fn the_rest_is_only_estimated_when_it_can_be() {
        let line = |share, elapsed| format_line("reading", share, elapsed, 80);
        assert_eq!(line(0.5, SECOND), "50%: reading");
        assert_eq!(line(0.001, SECOND * 60), "0%: reading");
        assert_eq!(line(0.999, SECOND * 60), "99%, about 1s left: reading");
        assert_eq!(line(1.0, SECOND * 60), "100%: reading");
    }

    #[test]
    fn lines_come_every_ten_seconds_and_none_for_short_work() {
        assert!(!is_due(SECOND, None));
        assert!(is_due(SECOND * 2, None));
        assert!(!is_due(SECOND * 11, Some(SECOND * 2)));
        assert!(is_due(SECOND * 12, Some(SECOND * 2)));
    }

    #[test]
    fn a_reader_reads_what_is_there() {
        let ui = Ui::new();
        let bytes = vec![7; 100_000];
        let line = ProgressLine::new(&ui, "reading");
        let mut reader = ProgressReader::new(&*bytes, 100_000, line);
        let mut read = Vec::new();
        reader.read_to_end(&mut read).unwrap();
        assert_eq!(read, bytes);
    }
}
