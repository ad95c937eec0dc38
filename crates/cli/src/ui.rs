//! Standard error: progress and errors. Color, a spinner, and cursor control only on a terminal; otherwise one
//! line per change.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant, SystemTime};

use console::{Style, Term};
use deployer::Progress;
use indicatif::{ProgressBar, ProgressStyle};
use miette::{GraphicalReportHandler, GraphicalTheme, ThemeCharacters, ThemeStyles};
use stack::Report;

use crate::escape::{Keep, escape};
use crate::layout::{error_width, is_capable, lay_out};
use crate::plan::format_plan;

/// Columns for the spinner and the elapsed time.
const SPINNER_COLUMNS: usize = 8;

/// Shows progress.
pub(crate) struct Ui {
    spinner: Option<ProgressBar>,
    started: Instant,
}

impl Ui {
    pub(crate) fn new() -> Self {
        let spinner = is_capable(&std::io::stderr()).then(|| {
            let bar = ProgressBar::new_spinner();
            let style = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self {
            spinner,
            started: Instant::now(),
        }
    }

    /// Reports that a step starts, or that a decision was made.
    pub(crate) fn note(&self, text: &str) {
        self.line_with_time(text);
        self.status(text.to_owned());
    }

    /// Returns the columns next to the spinner and the time, on a terminal.
    pub(crate) fn columns(&self) -> Option<usize> {
        let columns = usize::from(Term::stderr().size().1);
        let room = columns.saturating_sub(SPINNER_COLUMNS);
        self.spinner.is_some().then_some(room)
    }

    /// Shows the current operation next to the spinner. Without a terminal, does nothing.
    pub(crate) fn status(&self, text: String) {
        if let Some(spinner) = &self.spinner {
            spinner.set_message(escape(&text, Keep::NOTHING).into_owned());
        }
    }

    /// Prints a line with the time since the start.
    pub(crate) fn line_with_time(&self, text: &str) {
        self.line(&format!("{} {text}", self.elapsed()));
    }

    /// Receives progress from the deployer's sessions.
    pub(crate) fn progress(&self, progress: Progress) {
        match progress {
            Progress::Note { text } => self.note(&text),
            Progress::Planned { plan } => self.block(&format_plan(&plan)),
            // Notes describe them.
            Progress::Step { .. } | Progress::GoingBack { .. } | Progress::Repair { .. } => {}
            Progress::Resource {
                logical_id,
                resource_type,
                status,
                reason,
                ..
            } => {
                self.resource(&logical_id, &resource_type, &status, reason.as_deref());
            }
        }
    }

    /// Prints one line for each completed resource. Resources in progress are shown only in the spinner.
    fn resource(&self, logical_id: &str, resource_type: &str, status: &str, reason: Option<&str>) {
        let failed = status.ends_with("_FAILED");
        if status.ends_with("_IN_PROGRESS") {
            self.status(format!("{status} {logical_id}"));
            return;
        }
        let style = Style::new().for_stderr();
        let style = if failed { style.red() } else { style.green() };
        let reason = reason
            .filter(|_| failed)
            .map(|r| format!(": {r}"))
            .unwrap_or_default();
        let status = style.apply_to(format!("{status:<22}"));
        self.line(&format!(
            "{} {status} {resource_type} {logical_id}{reason}",
            self.elapsed()
        ));
    }

    /// Returns when it started.
    pub(crate) fn began(&self) -> SystemTime {
        SystemTime::now() - self.started.elapsed()
    }

    fn elapsed(&self) -> String {
        format!("{:>6.1}s", self.started.elapsed().as_secs_f64())
    }

    fn line(&self, text: &str) {
        self.suspend(|| print_line(text));
    }

    /// Hides the spinner while an action writes to the terminal.
    pub(crate) fn suspend<T>(&self, action: impl FnOnce() -> T) -> T {
        match &self.spinner {
            Some(spinner) => spinner.suspend(action),
            None => action(),
        }
    }

    /// Prints text that users must read before they answer.
    pub(crate) fn block(&self, text: &str) {
        self.line(text.trim_end());
    }

    /// Prompts on the terminal. Returns `None` without a terminal.
    pub(crate) fn confirm(&self, question: &str) -> Option<bool> {
        if !can_ask() {
            return None;
        }
        let ask = || {
            dialoguer::Confirm::new()
                .with_prompt(escape(question, Keep::NOTHING))
                .default(false)
                .interact_on(&Term::stderr())
        };
        Some(self.suspend(ask).unwrap_or(false))
    }

    /// Removes the spinner before the result is printed.
    pub(crate) fn finish(&self) {
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
        }
    }
}

impl Drop for Ui {
    fn drop(&mut self) {
        self.finish();
    }
}

/// Whether there is a user at a terminal who can answer.
pub(crate) fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Prints a definition's problems with their lines.
pub(crate) fn print_report(report: &Report) {
    let terminal = is_capable(&std::io::stderr()) && console::colors_enabled_stderr();
    print_unfolded(&render(report, terminal, error_width()));
}

/// Prints one line per warning.
pub(crate) fn print_warnings(report: &Report) {
    for problem in report.problems() {
        warn(&format!(
            "{}:{}: {}",
            report.source(),
            problem.line(),
            problem.message()
        ));
    }
}

/// A definition's problems with their lines, as text.
pub(crate) fn render(report: &Report, color: bool, width: usize) -> String {
    let styles = if color {
        ThemeStyles::ansi()
    } else {
        ThemeStyles::none()
    };
    let theme = GraphicalTheme {
        characters: ThemeCharacters::unicode(),
        styles,
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(width)
        .with_context_lines(1);
    let mut text = String::new();
    for problem in report.problems() {
        let mut one = String::new();
        if handler.render_report(&mut one, problem).is_err() {
            one = problem.to_string();
        }
        text.push_str(&format!("{}\n", one.trim_end()));
    }
    text
}

pub(crate) fn print_error(message: &str, hints: &[String]) {
    let style = Style::new().for_stderr();
    let word = style.clone().red().bold().apply_to("error");
    print_line(&format!("{word}: {message}"));
    let word = style.cyan().apply_to("hint");
    for hint in hints {
        print_line(&format!("  {word}: {hint}"));
    }
}

/// Reports an additional action that isn't part of the result.
pub(crate) fn note(message: &str) {
    print_line(message);
}

/// Prints text on standard error, as wide as the terminal. Every text for people goes through here.
fn print_line(text: &str) {
    write_error(text, error_width());
}

/// The same with whole lines, for lines of a file.
pub(crate) fn print_unfolded(text: &str) {
    write_error(text, usize::MAX);
}

/// If nobody reads standard error any more (`2>&1 | head`), the command continues.
fn write_error(text: &str, width: usize) {
    let text = escape(text, Keep::lines(console::colors_enabled_stderr()));
    let _ = writeln!(std::io::stderr(), "{}", lay_out(&text, width));
}

/// Prints a warning on standard error.
pub fn warn(message: &str) {
    let word = Style::new().for_stderr().yellow().apply_to("warning");
    print_line(&format!("{word}: {message}"));
}
