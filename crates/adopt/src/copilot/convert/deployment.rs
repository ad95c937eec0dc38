//! How ECS replaces tasks, and when it rolls back.

use super::{Draft, Target};
use crate::copilot::context::Context;
use crate::copilot::section::Field;
use crate::document::{Item, Map, Value};

pub(super) fn deployment(
    field: Option<Field<'_>>,
    target: &Target<'_>,
    draft: &mut Draft,
    cx: &mut Context<'_>,
) {
    let Some(mut section) = field.and_then(|field| field.section(cx)) else {
        return;
    };
    if let Some(field) = section.take("rolling") {
        match field
            .text(cx)
            .unwrap_or_default()
            .to_ascii_lowercase()
            .as_str()
        {
            // The default of both keys.
            "default" => {}
            "recreate" => {
                let deployment = draft.service(target.name).map("deployment").inline();
                deployment.set("min_healthy", "0%");
                deployment.set("max", "100%");
            }
            _ => field.reject("`default` or `recreate`", cx),
        }
    }
    if let Some(field) = section.take("rollback_alarms") {
        rollback_alarms(&field, target, draft, cx);
    }
    section.finish(cx);
}

fn rollback_alarms(
    field: &Field<'_>,
    target: &Target<'_>,
    draft: &mut Draft,
    cx: &mut Context<'_>,
) {
    if field.is_map() {
        for (name, threshold) in field.entries(cx) {
            let value = threshold.text(cx).unwrap_or_default();
            let message = format!(
                "Copilot creates the alarm {name} over {value} that rolls a deployment back; ecs-scaler doesn't"
            );
            let help = match name {
                "messages_delayed" => {
                    "list `oldest_message` or `dead_letters` in `deployment.alarms`"
                }
                _ => {
                    "add an `AWS::CloudWatch::Alarm` with an `AlarmName` by `overrides`, and list `{existing: NAME}` in `deployment.alarms`; the circuit breaker rolls back without it"
                }
            };
            cx.missing(&threshold, message, help);
        }
        return;
    }
    let alarms = field.texts(cx).into_iter().map(|name| {
        let mut alarm = Map::new();
        alarm.inline();
        alarm.set("existing", name);
        Item::new(alarm)
    });
    let alarms: Vec<Item> = alarms.collect();
    if !alarms.is_empty() {
        let deployment = draft.service(target.name).map("deployment").inline();
        deployment.set("alarms", Value::List(alarms));
    }
}
