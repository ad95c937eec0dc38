//! The number of tasks, and the policies that scale it.

use super::{Draft, ServiceKind, Target};
use crate::copilot::context::Context;
use crate::copilot::duration;
use crate::copilot::finding::Kind;
use crate::copilot::section::{Field, Section};
use crate::document::{Map, Value};

/// Cooldowns of a policy in milliseconds, if the manifest sets them.
#[derive(Clone, Copy, Default)]
struct Cooldown {
    out: Option<u64>,
    in_: Option<u64>,
}

/// Copilot's default after a scale-in, in milliseconds; after a scale-out it is the same as ours.
const DEFAULT_IN: u64 = 120_000;

pub(super) fn count(
    field: Option<Field<'_>>,
    target: &Target<'_>,
    draft: &mut Draft,
    cx: &mut Context<'_>,
) {
    let service = draft.service(target.name);
    let Some(field) = field else {
        service.map("tasks").inline().set("min", 1);
        return;
    };
    if !field.is_map() {
        let count = field.number(cx).unwrap_or(1);
        service.map("tasks").inline().set("min", count);
        return;
    }
    let Some(mut section) = field.section(cx) else {
        return;
    };
    advanced(&mut section, target, service, cx);
    section.finish(cx);
    if service.get("tasks").is_none() {
        service.map("tasks").inline().set("min", 1);
    }
}

/// Takes Spot, the range, and the policies.
fn advanced(
    section: &mut Section<'_>,
    target: &Target<'_>,
    service: &mut Map,
    cx: &mut Context<'_>,
) {
    if let Some(spot) = section.take("spot").and_then(|field| field.number(cx)) {
        service.map("capacity").inline().set("spot", "100%");
        service.map("tasks").inline().set("min", spot);
    }
    let range = section.take("range");
    let max = range.as_ref().and_then(|range| bounds(range, service, cx));
    let common = cooldown(section.take("cooldown"), Cooldown::default(), cx);
    let scales = policies(section, common, target, service, cx);
    match (max, range, scales) {
        (Some(max), _, true) => {
            service.map("tasks").inline().set("max", max);
        }
        (_, Some(range), false) => {
            let message =
                "a range without anything that scales: the count is fixed at its lower bound";
            cx.report(
                &range,
                Kind::Different,
                message,
                "add `tasks.max` and `scaling`",
            );
        }
        _ => {}
    }
}

/// Takes the range's lower bound and Spot, and returns its upper bound.
fn bounds(range: &Field<'_>, service: &mut Map, cx: &mut Context<'_>) -> Option<u32> {
    if range.is_map() {
        let mut section = range.section(cx)?;
        let mut number = |key: &str| section.take(key).and_then(|field| field.number(cx));
        let (min, max, spot_from) = (number("min"), number("max"), number("spot_from"));
        section.finish(cx);
        if let Some(from) = spot_from {
            let capacity = service.map("capacity").inline();
            capacity.set("spot", "100%");
            capacity.set("base", from.saturating_sub(1));
            service
                .item("capacity")
                .beside(format!("spot_from: {from}"));
        }
        service.map("tasks").inline().set("min", min.unwrap_or(1));
        return max;
    }
    let text = range.text(cx)?;
    let parsed = text.split_once('-').and_then(|(min, max)| {
        Some((
            min.trim().parse::<u32>().ok()?,
            max.trim().parse::<u32>().ok()?,
        ))
    });
    let Some((min, max)) = parsed else {
        range.reject("two numbers, such as 1-10", cx);
        return None;
    };
    service.map("tasks").inline().set("min", min);
    Some(max)
}

fn cooldown(field: Option<Field<'_>>, default: Cooldown, cx: &mut Context<'_>) -> Cooldown {
    let Some(mut section) = field.and_then(|field| field.section(cx)) else {
        return default;
    };
    let out = section.take("out").and_then(|field| field.milliseconds(cx));
    let in_ = section.take("in").and_then(|field| field.milliseconds(cx));
    section.finish(cx);
    Cooldown {
        out: out.or(default.out),
        in_: in_.or(default.in_),
    }
}

/// Writes values that differ from our defaults, and Copilot's default after a scale-in, which is shorter than ours.
fn write_cooldown(cooldown: Cooldown, policy: &mut Map) {
    let written = policy.map("cooldown").inline();
    if let Some(out) = cooldown.out {
        written.set("out", duration::render(out));
    }
    written.set("in", duration::render(cooldown.in_.unwrap_or(DEFAULT_IN)));
}

/// Takes the policies. Returns whether there are any.
fn policies(
    section: &mut Section<'_>,
    common: Cooldown,
    target: &Target<'_>,
    service: &mut Map,
    cx: &mut Context<'_>,
) -> bool {
    let mut scaling = Map::new();
    if target.kind == ServiceKind::Worker
        && let Some(field) = section.take("queue_delay")
    {
        queue_delay(&field, common, &mut scaling, cx);
    }
    for (theirs, ours) in [("cpu_percentage", "cpu"), ("memory_percentage", "memory")] {
        if let Some(field) = section.take(theirs) {
            let (value, cooldown) = value_and_cooldown(&field, common, cx);
            if let Some(value) = value.and_then(|value| value.number(cx)) {
                let policy = scaling.map(ours).inline();
                policy.set("target", value);
                write_cooldown(cooldown, policy);
            }
        }
    }
    if target.kind != ServiceKind::Worker {
        load_balancer_policies(section, common, &mut scaling, cx);
    }
    let scales = !scaling.is_empty();
    if scales {
        let tracked = scaling.get("target_tracking").is_some();
        let item = service.set("scaling", scaling);
        if tracked {
            item.above("Copilot tracks a metric of the load balancer, which the format has no key for. Write another policy instead, such as `steps` with `metric: request_count`.");
        }
    }
    scales
}

fn queue_delay(field: &Field<'_>, common: Cooldown, scaling: &mut Map, cx: &mut Context<'_>) {
    let Some(mut section) = field.section(cx) else {
        return;
    };
    let policy = scaling.map("backlog_per_task");
    for (theirs, ours) in [
        ("acceptable_latency", "acceptable_latency"),
        ("msg_processing_time", "processing_time"),
    ] {
        let value = section.take(theirs).and_then(|field| field.duration(cx));
        policy.set(ours, value.unwrap_or_else(|| "<DURATION>".to_owned()));
    }
    let own = cooldown(section.take("cooldown"), common, cx);
    write_cooldown(own, policy);
    section.finish(cx);
}

/// A policy's value, alone or with a cooldown.
fn value_and_cooldown<'n>(
    field: &Field<'n>,
    common: Cooldown,
    cx: &mut Context<'_>,
) -> (Option<Field<'n>>, Cooldown) {
    if !field.is_map() {
        let own = Field {
            path: field.path.clone(),
            line: field.line,
            node: field.node,
        };
        return (Some(own), common);
    }
    let Some(mut section) = field.section(cx) else {
        return (None, common);
    };
    let value = section.take("value");
    let cooldown = cooldown(section.take("cooldown"), common, cx);
    section.finish(cx);
    (value, cooldown)
}

/// Target tracking on the load balancer's metrics, which has no key.
fn load_balancer_policies(
    section: &mut Section<'_>,
    common: Cooldown,
    scaling: &mut Map,
    cx: &mut Context<'_>,
) {
    let mut found = Vec::new();
    for key in ["requests", "response_time"] {
        let Some(field) = section.take(key) else {
            continue;
        };
        let (value, cooldown) = value_and_cooldown(&field, common, cx);
        let value = value.and_then(|value| value.text(cx)).unwrap_or_default();
        let metric = if key == "requests" {
            "requests per task and minute"
        } else {
            "response time"
        };
        let (out, in_) = (
            duration::render(cooldown.out.unwrap_or(60_000)),
            duration::render(cooldown.in_.unwrap_or(DEFAULT_IN)),
        );
        let message = format!(
            "no target tracking on the {metric} (target {value}, cooldown out {out}, in {in_})"
        );
        let help = "scale by `steps` with `metric: request_count` or a metric of `AWS/ApplicationELB`, or add an `AWS::ApplicationAutoScaling::ScalingPolicy` with `overrides`";
        let kind = if scaling.is_empty() {
            Kind::Incomplete
        } else {
            Kind::Missing
        };
        found.push(format!("{key}: {value}"));
        cx.report(&field, kind, message, help);
    }
    // A service that scaled must not silently get a fixed count.
    if scaling.is_empty() && !found.is_empty() {
        scaling
            .inline()
            .set("target_tracking", Value::from(found.join(", ")));
    }
}
