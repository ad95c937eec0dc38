//! A view for output without cursor control: one line per change.

use super::draw::format_depth;
use super::view::{AlarmView, ServiceView, View};
use crate::words::{age, format_counts, number};

/// The state that was last printed, so that only changes are printed again.
#[derive(Debug, Default)]
pub(crate) struct Plain {
    told: Option<View>,
    /// When the depth of a queue was last printed, in seconds since 1970.
    depths_told: f64,
    /// Minimum time between two lines that show only depths, in seconds: a queue under load changes at every refresh.
    quiet: f64,
}

impl Plain {
    pub(crate) fn new(quiet: f64) -> Self {
        Self {
            quiet,
            ..Self::default()
        }
    }

    /// Returns a line for each change since the last lines.
    pub(crate) fn changes(&mut self, view: &View, now: f64) -> Vec<String> {
        let depths_due = now - self.depths_told >= self.quiet;
        let before = self.told.as_ref();
        let mut lines = Vec::new();
        if before.is_none_or(|before| before.status != view.status) {
            lines.push(format!("{}: {}", view.stack, view.status));
        }
        let headline = before.and_then(|before| before.headline.as_ref());
        if let Some(text) = view.headline.as_ref().filter(|text| headline != Some(text)) {
            lines.push(text.clone());
        }
        if let Some(text) = format_notice(before, view, now) {
            lines.push(text);
        }
        let mut depths_told = false;
        for service in &view.services {
            let known = before.and_then(|before| {
                let mut all = before.services.iter();
                all.find(|known| (&known.cluster, &known.name) == (&service.cluster, &service.name))
            });
            let (news, depths) = service_changes(known, service, depths_due);
            depths_told |= depths;
            lines.extend(news);
        }
        let known = before.map(|before| &*before.alarms).unwrap_or_default();
        lines.extend(alarm_changes(known, &view.alarms, before.is_none()));
        self.remember(view, depths_told, now);
        lines
    }

    /// A depth that wasn't printed is printed later.
    fn remember(&mut self, view: &View, depths_told: bool, now: f64) {
        let mut told = view.clone();
        if depths_told {
            self.depths_told = now;
        } else if let Some(before) = &self.told {
            for (service, known) in told.services.iter_mut().zip(&before.services) {
                if service.name == known.name {
                    service.queues.clone_from(&known.queues);
                }
            }
        }
        self.told = Some(told);
    }
}

fn format_notice(before: Option<&View>, view: &View, now: f64) -> Option<String> {
    let known = before.and_then(|before| before.notice.as_ref());
    match (known, &view.notice) {
        (known, Some(notice)) if known != Some(notice) => Some(format!(
            "{}: {notice} (the data is {} old)",
            view.stack,
            age(now - view.at)
        )),
        (Some(_), None) => Some(format!("{}: read again", view.stack)),
        _ => None,
    }
}

/// Returns the changes of a service, and whether they include its depths.
fn service_changes(
    known: Option<&ServiceView>,
    service: &ServiceView,
    depths_due: bool,
) -> (Vec<String>, bool) {
    let mut lines = Vec::new();
    let counts = |service: &ServiceView| (service.desired, service.running, service.pending);
    let depths = |service: &ServiceView| -> Vec<_> {
        let queues = service.queues.iter();
        queues
            .map(|q| (q.visible, q.in_flight, q.delayed))
            .collect()
    };
    let counted = known
        .is_none_or(|known| counts(known) != counts(service) || known.status != service.status);
    let filled = known.is_none_or(|known| depths(known) != depths(service));
    let told = counted || (filled && depths_due);
    if told {
        lines.push(summarize_service(service));
    }
    let paused = known.and_then(|known| known.paused.as_ref());
    match (&service.paused, paused) {
        (Some(now), before) if before != Some(now) => {
            lines.push(format!("{}: {now}", service.name));
        }
        (None, Some(_)) => lines.push(format!("{}: no longer paused", service.name)),
        _ => {}
    }
    let alarms = known.map(|known| &*known.alarms).unwrap_or_default();
    lines.extend(alarm_changes(alarms, &service.alarms, known.is_none()));
    let new = service.actions.iter().rev();
    let new = new.filter(|action| known.is_some_and(|known| !known.actions.contains(action)));
    lines.extend(new.map(|action| format!("{}: {} ({})", service.name, action.what, action.why)));
    (lines, told)
}

/// Formats the state of a service in one line.
fn summarize_service(service: &ServiceView) -> String {
    let counts = format_counts(service.running, service.pending, service.desired);
    let mut text = format!("{}: {counts}", service.name);
    if service.status != "ACTIVE" {
        text.push_str(&format!(", {}", service.status));
    }
    for queue in &service.queues {
        text.push_str(&format!("; {}: {}", queue.name, format_depth(queue)));
        if let Some(waiting) = queue.waiting_per_task {
            text.push_str(&format!(", {} a task", number(waiting)));
        }
        if let Some(target) = service.target {
            text.push_str(&format!(" (target {})", number(target)));
        }
        if let Some(oldest) = queue.oldest {
            text.push_str(&format!(", oldest {}", age(oldest.value)));
        }
    }
    text
}

/// Returns the alarms that aren't OK at first, and later every change.
fn alarm_changes(known: &[AlarmView], alarms: &[AlarmView], first: bool) -> Vec<String> {
    let state_of = |name: &str| {
        let mut known = known.iter();
        known
            .find(|alarm| alarm.name == name)
            .map(|alarm| &alarm.state)
    };
    let news = alarms.iter().filter(|alarm| match state_of(&alarm.name) {
        Some(before) => *before != alarm.state,
        None => !first || alarm.is_in_alarm(),
    });
    news.map(|alarm| {
        let what = match alarm.description.as_str() {
            "" => &alarm.condition,
            description => description,
        };
        let before = state_of(&alarm.name)
            .map(|before| format!("{before} → "))
            .unwrap_or_default();
        format!("alarm {before}{}: {what}", alarm.state)
    })
    .collect()
}
