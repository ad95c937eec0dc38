//! The course of a simulation as a few lines of text.

use console::Style;
use simulator::{Report, format_duration};

use crate::live::{bar, columns, highest};

/// Columns of the chart.
const WIDTH: usize = 64;

/// One line of bars a figure, each column the highest of its time; what is over its limit is red on a
/// terminal.
pub(super) fn draw_charts(report: &Report) -> String {
    let series = &report.outcome.series;
    if series.is_empty() {
        return String::new();
    }
    let column = |value: fn(&simulator::Point) -> f64| {
        columns(&series.iter().map(value).collect::<Vec<f64>>(), WIDTH)
    };
    let (running, needed) = (column(|p| p.running), column(|p| p.needed));
    let most = highest(&running).max(highest(&needed));
    let load = column(|p| p.load);
    let backlog = column(|p| p.backlog_per_task);
    let wait = column(|p| p.worst_wait);
    let slo = report.outcome.slo;
    let mut lines = vec![
        Line::new(
            "load",
            &load,
            format!("at most {}/s", format_short(highest(&load))),
        ),
        Line::new(
            "backlog per task",
            &backlog,
            match report.outcome.target {
                Some(target) => format!(
                    "at most {}, target {}",
                    format_short(highest(&backlog)),
                    format_short(target)
                ),
                None => format!("at most {}", format_short(highest(&backlog))),
            },
        )
        .limited(report.outcome.target),
    ];
    for (label, values) in [("running tasks", &running), ("needed tasks", &needed)] {
        let said = format!("at most {}", format_short(highest(values)));
        lines.push(Line::new(label, values, said).scaled_to(most));
    }
    let said = format!(
        "at most {}, objective {}",
        format_duration(highest(&wait)),
        format_duration(slo)
    );
    lines.push(Line::new("longest wait", &wait, said).limited(Some(slo)));
    let mut text: String = lines.iter().map(Line::draw).collect();
    let wide = series.len().min(WIDTH);
    let end = format_duration(report.outcome.duration);
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

fn format_short(value: f64) -> String {
    if value >= 100.0 || (value - value.round()).abs() < 0.05 {
        format!("{value:.0}")
    } else if value >= 1.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.3}")
    }
}
