//! The course of a simulation as a few lines of text.

use console::{Style, measure_text_width};
use simulator::{Report, format_duration};

use crate::live::{bar, columns, highest};

/// Columns before the bars.
const LABEL: usize = 10;

/// Most columns of bars: more show nothing new.
const WIDEST: usize = 96;

/// One line of bars per value, each column the highest of its time, all lines equally wide; values over their limit are
/// red on a terminal.
pub(super) fn draw_charts(report: &Report, width: usize) -> String {
    let series = &report.outcome.series;
    if series.is_empty() {
        return String::new();
    }
    let all = |value: fn(&simulator::Point) -> f64| series.iter().map(value).collect::<Vec<f64>>();
    let (load, running) = (all(|p| p.load), all(|p| p.running));
    let (needed, wait) = (all(|p| p.needed), all(|p| p.worst_wait));
    let most = highest(&running).max(highest(&needed));
    let number = |values: &[f64]| format_short(highest(values));
    let lines = [
        Line::new(
            "load",
            &load,
            format!("at most {}", format_rate(highest(&load))),
        ),
        Line::new("tasks", &running, format!("at most {}", number(&running))).scaled_to(most),
        Line::new("needed", &needed, format!("at most {}", number(&needed))).scaled_to(most),
        Line::new(
            "wait",
            &wait,
            format!("at most {}", format_duration(highest(&wait))),
        )
        .limited(report.outcome.slo),
    ];
    let said = lines
        .iter()
        .map(|line| measure_text_width(&line.said))
        .max();
    let room = width.saturating_sub(LABEL + 2 + said.unwrap_or_default());
    let wide = series.len().min(room.clamp(8, WIDEST));
    let mut text: String = lines.iter().map(|line| line.draw(wide)).collect();
    let end = format_duration(report.outcome.duration);
    let gap = wide.saturating_sub(2);
    text.push_str(&format!("{:<LABEL$}0s{end:>gap$}\n", ""));
    text
}

struct Line<'a> {
    label: &'static str,
    values: &'a [f64],
    highest: f64,
    limit: Option<f64>,
    said: String,
}

impl<'a> Line<'a> {
    fn new(label: &'static str, values: &'a [f64], said: String) -> Self {
        Self {
            label,
            values,
            highest: highest(values),
            limit: None,
            said,
        }
    }

    fn limited(self, limit: f64) -> Self {
        Self {
            limit: Some(limit),
            ..self
        }
    }

    fn scaled_to(self, highest: f64) -> Self {
        Self { highest, ..self }
    }

    fn draw(&self, width: usize) -> String {
        let over = Style::new().red();
        let bars = columns(self.values, width).into_iter().map(|value| {
            let bar = bar(value, self.highest);
            match self.limit {
                Some(limit) if value > limit => over.apply_to(bar).to_string(),
                _ => bar.to_string(),
            }
        });
        let bars: String = bars.collect();
        format!(
            "  {:<label$}{bars}  {}\n",
            self.label,
            self.said,
            label = LABEL - 2
        )
    }
}

/// A rate of messages per second, or per minute or hour if there are few.
fn format_rate(rate: f64) -> String {
    let (unit, seconds) = match rate {
        rate if rate >= 1.0 || rate <= 0.0 => ("s", 1.0),
        rate if rate * 60.0 >= 1.0 => ("min", 60.0),
        _ => ("h", 3_600.0),
    };
    format!("{}/{unit}", format_short(rate * seconds))
}

/// A number in few characters.
pub(super) fn format_short(value: f64) -> String {
    if value >= 100.0 || (value - value.round()).abs() < 0.05 && (value >= 0.5 || value == 0.0) {
        format!("{value:.0}")
    } else if value >= 1.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.3}")
    }
}
