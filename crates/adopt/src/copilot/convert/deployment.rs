//! How ECS replaces tasks, and when it rolls back.

use super::{Draft, Target};
use crate::copilot::context::Context;
use crate::copilot::section::Field;
use crate::document::Map;
use template::names;

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
            let help = "add an `AWS::CloudWatch::Alarm` with `overrides`, and name it in `DeploymentConfiguration.Alarms` of the service; the circuit breaker rolls back without it";
            cx.missing(&threshold, message, help);
        }
        return;
    }
    let names = field.texts(cx);
    if names.is_empty() {
        return;
    }
    let mut alarms = Map::new();
    alarms.inline();
    alarms.set("AlarmNames", names);
    alarms.set("Enable", true);
    alarms.set("Rollback", true);
    draft.override_property(
        &names::service(target.name),
        &["DeploymentConfiguration", "Alarms"],
        alarms,
    );
}
