//! Draws a view as lines for a terminal.

use console::{Style, measure_text_width, truncate_str};

use scaling::AlarmState;

use crate::escape::{Keep, escape};
use crate::words::{age, fold, format_counts, number};

use super::actions::Action;
use super::bars::{bar, columns, highest};
use super::view::{AlarmView, QueueView, ServiceView, View};

/// The area to draw on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Canvas {
    pub columns: usize,
    pub rows: usize,
    pub colour: bool,
}

/// Width of the labels.
const LABEL: usize = 10;
/// Maximum width of the history.
const HISTORY: usize = 64;
/// Number of actions that fit on a usual screen.
const ACTIONS: usize = 3;

/// Draws the view at `now` (seconds since 1970), within the width and height of the canvas.
pub(crate) fn draw(view: &View, now: f64, canvas: Canvas) -> Vec<String> {
    let pen = Pen { canvas };
    let mut lines = vec![pen.heading(view, now)];
    if let Some(keys) = &view.keys {
        let folded = fold(keys, canvas.columns.max(1));
        lines.extend(folded.iter().map(|line| pen.dim(line)));
    }
    if let Some(headline) = &view.headline {
        lines.push(pen.cyan(headline));
    }
    if let Some(notice) = &view.notice {
        lines.push(pen.yellow(&format!("! {notice}")));
    }
    for service in &view.services {
        lines.push(String::new());
        lines.extend(pen.service(service, now));
    }
    if view.services.is_empty() {
        lines.push("no service is measured or scaled".to_owned());
    }
    lines.push(String::new());
    for queue in &view.others {
        lines.push(label_text(
            "queue",
            &format!("{}: {}", queue.name, format_depth(queue)),
        ));
    }
    lines.extend(pen.operational(&view.alarms));
    let keep = Keep::line(canvas.colour);
    let cut = |line: String| truncate_str(&escape(&line, keep), canvas.columns, "…").into_owned();
    let mut lines: Vec<String> = lines.into_iter().map(cut).collect();
    if lines.len() > canvas.rows {
        let left_out = lines.len() - canvas.rows.saturating_sub(1);
        lines.truncate(canvas.rows.saturating_sub(1));
        lines.push(cut(format!(
            "… {left_out} more lines: the window isn't tall enough"
        )));
    }
    lines
}

struct Pen {
    canvas: Canvas,
}

impl Pen {
    fn style(&self) -> Style {
        Style::new().force_styling(self.canvas.colour)
    }

    fn bold(&self, text: &str) -> String {
        self.style().bold().apply_to(text).to_string()
    }

    fn yellow(&self, text: &str) -> String {
        self.style().yellow().apply_to(text).to_string()
    }

    fn cyan(&self, text: &str) -> String {
        self.style().cyan().apply_to(text).to_string()
    }

    fn dim(&self, text: &str) -> String {
        self.style().dim().apply_to(text).to_string()
    }

    fn state(&self, alarm: &AlarmView) -> String {
        let style = if alarm.is_in_alarm() || alarm.is_gone() {
            self.style().red().bold()
        } else if alarm.state.is(AlarmState::Ok) {
            self.style().green()
        } else {
            self.style().yellow()
        };
        style.apply_to(&alarm.state).to_string()
    }

    fn heading(&self, view: &View, now: f64) -> String {
        let old = now - view.at;
        let read = if old < 1.5 {
            "now".to_owned()
        } else {
            format!("{} ago", age(old))
        };
        let name = self.bold(&view.stack);
        format!("{name}: {}, as of {read}", view.status)
    }

    fn service(&self, service: &ServiceView, now: f64) -> Vec<String> {
        let mut lines = vec![
            self.bold(&format!(
                "{} in cluster {}: {}",
                service.name, service.cluster, service.status
            )),
            self.tasks(service),
        ];
        if let Some(paused) = &service.paused {
            lines.push(label_text("scaling", paused));
        }
        if let Some(why) = &service.why {
            let folded = fold(why, self.canvas.columns.saturating_sub(LABEL).max(LABEL));
            let labels = std::iter::once("why").chain(std::iter::repeat(""));
            lines.extend(
                labels
                    .zip(folded)
                    .map(|(label, line)| label_text(label, &line)),
            );
        }
        for queue in &service.queues {
            lines.push(label_text(
                "queue",
                &format!("{}: {}", queue.name, format_depth(queue)),
            ));
            lines.push(self.per_task(queue, service.target, now));
            lines.push(label_text("oldest", &format_oldest(queue, now)));
        }
        lines.extend(self.history(service));
        lines.extend(service.alarms.iter().map(|alarm| {
            let state = self.state(alarm);
            label_text("alarm", &format!("{}  {state}", alarm.condition))
        }));
        for action in service.actions.iter().take(ACTIONS) {
            lines.push(label_text(
                "action",
                &format!("{}{}", format_age(action, now), action.what),
            ));
            lines.push(label_text("", &self.dim(&action.why)));
        }
        lines
    }

    fn tasks(&self, service: &ServiceView) -> String {
        let bounds = service
            .bounds
            .map(|bounds| format!(" ({} to {})", bounds.min(), bounds.max()))
            .unwrap_or_default();
        let counts = format_counts(service.running, service.pending, service.desired);
        label_text("tasks", &format!("{counts}{bounds}"))
    }

    fn per_task(&self, queue: &QueueView, target: Option<f64>, now: f64) -> String {
        let mut text = match queue.waiting_per_task {
            None => "unknown".to_owned(),
            Some(waiting) => {
                let over = target.is_some_and(|target| waiting > target);
                let shown = number(waiting);
                if over {
                    self.style().red().apply_to(shown).to_string()
                } else {
                    shown
                }
            }
        };
        if let Some(target) = target {
            text.push_str(&format!(", target {}", number(target)));
        }
        if let Some(point) = queue.published {
            text.push_str(&format!(
                "; published {} {} ago",
                number(point.value),
                age(now - seconds(point.at))
            ));
        }
        label_text("per task", &text)
    }

    fn history(&self, service: &ServiceView) -> Vec<String> {
        let samples = &service.history;
        let (Some(first), Some(last)) = (samples.first(), samples.last()) else {
            return Vec::new();
        };
        if samples.len() < 2 {
            return Vec::new();
        }
        #[expect(clippy::cast_precision_loss, reason = "no queue holds 2^53 messages")]
        let backlog: Vec<f64> = samples.iter().map(|sample| sample.visible as f64).collect();
        let running: Vec<f64> = samples.iter().map(|sample| sample.running.into()).collect();
        let mut lines = Vec::new();
        if !service.queues.is_empty() {
            lines.push(self.bars("waiting", &backlog));
        }
        lines.push(self.bars("running", &running));
        let width = self.width(samples.len());
        let past = format!("{} ago", age(last.at - first.at));
        let gap = width.saturating_sub(measure_text_width(&past));
        let axis = if gap > "now".len() {
            format!("{past}{:>gap$}", "now")
        } else {
            format!("since {past}")
        };
        lines.push(label_text("", &self.dim(&axis)));
        lines
    }

    fn bars(&self, label: &str, values: &[f64]) -> String {
        let columns = columns(values, self.width(values.len()));
        let most = highest(&columns);
        let bars: String = columns.iter().map(|value| bar(*value, most)).collect();
        label_text(label, &format!("{bars}  at most {}", number(most)))
    }

    /// Returns the columns of the history. The rest of the line is for the text next to it.
    fn width(&self, looks: usize) -> usize {
        let room = self.canvas.columns.saturating_sub(LABEL + 18);
        looks.min(HISTORY).min(room.max(8))
    }

    fn operational(&self, alarms: &[AlarmView]) -> Vec<String> {
        let noisy: Vec<&AlarmView> = alarms.iter().filter(|a| a.is_in_alarm()).collect();
        let count = format!(
            "{} of {} operational alarms in ALARM",
            noisy.len(),
            alarms.len()
        );
        let mut lines = vec![label_text("alarms", &count)];
        lines.extend(noisy.iter().map(|alarm| {
            let what = match alarm.description.as_str() {
                "" => &alarm.name,
                description => description,
            };
            label_text("", &self.style().red().apply_to(what).to_string())
        }));
        lines
    }
}

pub(super) fn format_depth(queue: &QueueView) -> String {
    match (queue.visible, queue.in_flight, queue.delayed) {
        (Some(visible), Some(in_flight), delayed) => {
            let delayed = delayed
                .filter(|delayed| *delayed > 0)
                .map(|delayed| format!(", {delayed} delayed"))
                .unwrap_or_default();
            format!("{visible} waiting, {in_flight} in flight{delayed}")
        }
        _ => "can't be read: it might have been deleted".to_owned(),
    }
}

pub(super) fn format_oldest(queue: &QueueView, now: f64) -> String {
    match queue.oldest {
        Some(point) => {
            let old = now - seconds(point.at);
            let measured = if old < 5.0 {
                String::new()
            } else {
                format!(" (measured {} ago)", age(old))
            };
            format!("message has waited {}{measured}", age(point.value))
        }
        None => "message: no ApproximateAgeOfOldestMessage in CloudWatch".to_owned(),
    }
}

fn format_age(action: &Action, now: f64) -> String {
    match action.at {
        Some(at) => format!("{} ago: ", age(now - at)),
        None => String::new(),
    }
}

fn label_text(label: &str, text: &str) -> String {
    format!("{label:<LABEL$}{text}")
}

#[expect(clippy::cast_precision_loss, reason = "seconds since 1970")]
fn seconds(at: i64) -> f64 {
    at as f64
}
