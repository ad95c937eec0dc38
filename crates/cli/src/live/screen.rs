//! The terminal: redraws in place if possible, otherwise prints one line per change.

use std::io::ErrorKind;
use std::time::{SystemTime, UNIX_EPOCH};

use console::Term;

use crate::escape::{Keep, escape};
use crate::layout::{lay_out, width};
use crate::output::{Format, format_json_line};

use super::draw::{Canvas, draw};
use super::plain::Plain;
use super::view::View;
use super::watch::Moment;

/// The prefix of a line.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stamp {
    /// The time of day in UTC.
    Utc,
    /// Seconds since then.
    Since(SystemTime),
}

/// Where a view is shown.
pub(crate) struct Screen {
    term: Term,
    way: Way,
}

enum Way {
    /// Redrawn in place, with the number of lines on the screen.
    InPlace { lines: usize, colour: bool },
    /// One line per change.
    Lines { plain: Box<Plain>, stamp: Stamp },
    /// One JSON document per refresh.
    Json,
}

/// Minimum time between two lines that show only depths, in seconds.
const QUIET: f64 = 2.0;

impl Screen {
    /// Creates a screen on this terminal or its substitute. `plain`: never move the cursor.
    pub(crate) fn new(term: Term, format: Format, plain: bool, stamp: Stamp) -> Self {
        let way = if format == Format::Json {
            Way::Json
        } else if plain || !can_redraw(&term) {
            let plain = Box::new(Plain::new(QUIET));
            Way::Lines { plain, stamp }
        } else {
            // If no one sees it, it doesn't matter.
            let _ = term.hide_cursor();
            let colour =
                term.features().colors_supported() && std::env::var_os("NO_COLOR").is_none();
            Way::InPlace { lines: 0, colour }
        };
        Self { term, way }
    }

    /// Whether it redraws in place, on a terminal.
    pub(crate) fn is_in_place(&self) -> bool {
        matches!(self.way, Way::InPlace { .. })
    }

    /// Shows a view. `false`: the reader has closed its end, as after `| head`.
    pub(crate) fn show(&mut self, view: &View, now: SystemTime, moment: Moment) -> bool {
        let seconds = now
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs_f64();
        let text = match (&mut self.way, moment) {
            (Way::InPlace { lines, colour }, _) => {
                let (rows, columns) = self.term.size();
                let canvas = Canvas {
                    columns: columns.into(),
                    rows: usize::from(rows).saturating_sub(1).max(1),
                    colour: *colour,
                };
                let drawn = draw(view, seconds, canvas);
                let text = in_place(*lines, &drawn);
                *lines = drawn.len();
                // Its lines are as wide as the canvas.
                lay_out(&text, usize::MAX)
            }
            (_, Moment::Waiting) => return true,
            (Way::Lines { plain, stamp }, Moment::Looked) => {
                let changes = plain.changes(view, seconds);
                let before = stamp.text(now);
                changes
                    .iter()
                    .map(|line| format!("{before} {}", escape(line, Keep::NOTHING)))
                    .map(|line| format!("{}\n", lay_out(&line, width())))
                    .collect()
            }
            (Way::Json, Moment::Looked) => format_json_line(view),
        };
        let written = self.term.write_str(&text).and_then(|()| self.term.flush());
        !matches!(written, Err(error) if error.kind() == ErrorKind::BrokenPipe)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if let Way::InPlace { .. } = self.way {
            let _ = self.term.show_cursor();
            // The terminal is buffered.
            let _ = self.term.flush();
        }
    }
}

impl Stamp {
    fn text(self, now: SystemTime) -> String {
        match self {
            Self::Utc => humantime::format_rfc3339_seconds(now).to_string(),
            Self::Since(begin) => {
                let since = now.duration_since(begin).unwrap_or_default();
                format!("{:>6.1}s", since.as_secs_f64())
            }
        }
    }
}

/// Whether lines can be redrawn. Not in a pipe, on a terminal without cursor control, or in a pipeline's log.
fn can_redraw(term: &Term) -> bool {
    let dumb = std::env::var_os("TERM").is_none_or(|name| name == "dumb");
    let pipeline =
        std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
    term.is_term() && !dumb && !pipeline
}

/// Returns control sequences and text that replace the lines on the screen with `lines`. Overwrites each line
/// and clears the rest of the old one, so that nothing flickers.
fn in_place(standing: usize, lines: &[String]) -> String {
    let mut text = String::new();
    if standing > 0 {
        text.push_str(&format!("\x1b[{standing}A\r"));
    }
    for line in lines {
        text.push_str(&format!("{line}\x1b[K\n"));
    }
    text.push_str("\x1b[J");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stood_there_is_overwritten() {
        let lines = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| (*text).to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(in_place(0, &lines(&["a", "b"])), "a\x1b[K\nb\x1b[K\n\x1b[J");
        assert_eq!(in_place(2, &lines(&["c"])), "\x1b[2A\rc\x1b[K\n\x1b[J");
    }
}
