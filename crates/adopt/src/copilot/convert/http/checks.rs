//! How the load balancer checks the tasks, and how it treats tasks that are being removed.

use super::target_group;
use crate::copilot::context::Context;
use crate::copilot::convert::{Draft, Target};
use crate::copilot::section::{Field, Section};
use crate::document::{Item, Map, Value};
use template::names;

/// The load balancer's check of the tasks.
pub(super) fn health_check(
    field: &Field<'_>,
    is_internal: bool,
    target: &Target<'_>,
    balancer: &mut Map,
    draft: &mut Draft,
    cx: &mut Context<'_>,
) {
    if !field.is_map() {
        if let Some(path) = field.text(cx) {
            balancer.set("health_check", path);
        }
        return;
    }
    let Some(mut section) = field.section(cx) else {
        return;
    };
    if let Some(path) = section.take("path").and_then(|field| field.text(cx)) {
        balancer.set("health_check", path);
    }
    properties(&mut section, &target_group(is_internal, target), draft, cx);
    if let Some(seconds) = section
        .take("grace_period")
        .and_then(|field| seconds(&field, cx))
    {
        draft.override_property(
            &names::service(target.name),
            &["HealthCheckGracePeriodSeconds"],
            seconds,
        );
    }
    section.finish(cx);
}

/// Settings of the target group that the format has no key for.
fn properties(section: &mut Section<'_>, group: &str, draft: &mut Draft, cx: &mut Context<'_>) {
    if let Some(port) = section.take("port").and_then(|field| field.text(cx)) {
        draft.override_property(group, &["HealthCheckPort"], port);
    }
    if let Some(codes) = section
        .take("success_codes")
        .and_then(|field| field.text(cx))
    {
        draft.override_property(group, &["Matcher", "HttpCode"], codes);
    }
    for (key, property) in [
        ("healthy_threshold", "HealthyThresholdCount"),
        ("unhealthy_threshold", "UnhealthyThresholdCount"),
    ] {
        if let Some(count) = section.take(key).and_then(|field| field.number(cx)) {
            draft.override_property(group, &[property], count);
        }
    }
    for (key, property) in [
        ("interval", "HealthCheckIntervalSeconds"),
        ("timeout", "HealthCheckTimeoutSeconds"),
    ] {
        if let Some(seconds) = section.take(key).and_then(|field| seconds(&field, cx)) {
            draft.override_property(group, &[property], seconds);
        }
    }
}

fn seconds(field: &Field<'_>, cx: &mut Context<'_>) -> Option<i64> {
    let milliseconds = field.milliseconds(cx)?;
    i64::try_from(milliseconds / 1_000).ok()
}

/// Attributes of the target group. They are a list, so an override sets all of them, or none.
pub(super) fn attributes(
    section: &mut Section<'_>,
    is_internal: bool,
    target: &Target<'_>,
    draft: &mut Draft,
    cx: &mut Context<'_>,
) {
    let delay = section
        .take("deregistration_delay")
        .and_then(|field| seconds(&field, cx));
    let sticky = section
        .take("stickiness")
        .and_then(|field| field.boolean(cx));
    if delay.is_none() && sticky.is_none() {
        return;
    }
    let mut pairs = vec![(
        "deregistration_delay.timeout_seconds",
        delay.unwrap_or(60).to_string(),
    )];
    if let Some(sticky) = sticky {
        pairs.push(("stickiness.enabled", sticky.to_string()));
        pairs.push(("stickiness.type", "lb_cookie".to_owned()));
    }
    let attribute = |(key, value): (&str, String)| {
        let mut attribute = Map::new();
        attribute.inline().set("Key", key);
        attribute.set("Value", value);
        Item::new(attribute)
    };
    let list = Value::List(pairs.into_iter().map(attribute).collect());
    draft.override_property(
        &target_group(is_internal, target),
        &["TargetGroupAttributes"],
        list,
    );
}
