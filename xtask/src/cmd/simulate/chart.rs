//! The course of a simulation as a few lines of text.

use console::Style;
use simulator::{Report, length};

/// Columns of the chart.
const WIDTH: usize = 64;
/// Heights, from nothing upwards.
const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// One line of bars a figure, each column the highest of its time; what is over its limit is red on a
/// terminal.
pub(super) fn chart(report: &Report) -> String {
    let series = &report.outcome.series;
    if series.is_empty() {
        return String::new();
    }
    let column =
        |of: fn(&simulator::Point) -> f64| columns(&series.iter().map(of).collect::<Vec<f64>>());
    let (running, needed) = (column(|p| p.running), column(|p| p.needed));
    let most = highest(&running).max(highest(&needed));
    let load = column(|p| p.load);
    let backlog = column(|p| p.backlog_per_task);
    let wait = column(|p| p.worst_wait);
    let promise = report.outcome.promise;
    let mut lines = vec![
        Line::new(
            "load",
            &load,
            format!("at most {}/s", short(highest(&load))),
        ),
        Line::new(
            "backlog per task",
            &backlog,
            match report.outcome.target {
                Some(target) => format!(
                    "at most {}, target {}",
                    short(highest(&backlog)),
                    short(target)
                ),
                None => format!("at most {}", short(highest(&backlog))),
            },
        )
        .limited(report.outcome.target),
    ];
    for (label, values) in [("running tasks", &running), ("needed tasks", &needed)] {
        let said = format!("at most {}", short(highest(values)));
        lines.push(Line::new(label, values, said).scaled_to(most));
    }
    let said = format!(
        "at most {}, promised {}",
        length(highest(&wait)),
        length(promise)
    );
    lines.push(Line::new("longest wait", &wait, said).limited(Some(promise)));
    let mut text: String = lines.iter().map(Line::draw).collect();
    let wide = columns(&vec![0.0; series.len()]).len();
    let end = length(report.outcome.duration);
    text.push_str(&format!(
        "{:<18}0s{end:>width$}\n",
        "",
        width = wide.saturating_sub(2)
    ));
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

    fn limited(mut self, limit: Option<f64>) -> Self {
        self.limit = limit;
        self
    }

    fn scaled_to(mut self, highest: f64) -> Self {
        self.highest = highest;
        self
    }

    fn draw(&self) -> String {
        let over = Style::new().red();
        let bars: String = self
            .values
            .iter()
            .map(|value| {
                let bar = bar(*value, self.highest);
                match self.limit {
                    Some(limit) if *value > limit => over.apply_to(bar).to_string(),
                    _ => bar.to_string(),
                }
            })
            .collect();
        format!("{:<18}{bars}  {}\n", self.label, self.said)
    }
}

/// What is anything at all shows.
fn bar(value: f64, highest: f64) -> char {
    let eighths = if highest > 0.0 {
        (value / highest * 8.0).ceil()
    } else {
        0.0
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float outside of the range saturates, and 8 is the last bar"
    )]
    let index = (eighths as usize).min(BARS.len() - 1);
    BARS[index]
}

fn highest(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}

/// The highest of as many values as fall into one column.
fn columns(values: &[f64]) -> Vec<f64> {
    let columns = values.len().min(WIDTH);
    (0..columns)
        .map(|column| {
            let part = column * values.len() / columns..(column + 1) * values.len() / columns;
            highest(values.get(part).unwrap_or_default())
        })
        .collect()
}

fn short(value: f64) -> String {
    if value >= 100.0 || (value - value.round()).abs() < 0.05 {
        format!("{value:.0}")
    } else if value >= 1.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.3}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_shows_the_highest_of_its_time() {
        let values: Vec<f64> = (0..640).map(f64::from).collect();
        let found = columns(&values);
        assert_eq!((found.len(), found[0], found[63]), (64, 9.0, 639.0));
        assert_eq!(columns(&[1.0, 3.0]), [1.0, 3.0]);
        assert!(columns(&[]).is_empty());
        let odd: Vec<f64> = (0..100).map(f64::from).collect();
        assert_eq!(highest(&columns(&odd)), 99.0, "none is left out");
    }

    #[test]
    fn bars_rise_from_nothing_to_full() {
        assert_eq!(bar(0.0, 10.0), ' ');
        assert_eq!(bar(0.01, 10.0), '▁');
        assert_eq!(bar(5.0, 10.0), '▄');
        assert_eq!(bar(10.0, 10.0), '█');
        for odd in [f64::NAN, f64::INFINITY, -1.0] {
            bar(odd, 10.0);
            bar(1.0, odd);
        }
    }
}
