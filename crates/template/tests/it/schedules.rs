//! Schedules of `tasks`: as scheduled actions, or in the input of a function.

use serde_json::{Value, json};
use stack::Stack;
use template::contract::{TargetSchedule, read_schedule};
use template::{Template, synthesize};

fn stack(tasks: &str, scaling: &str) -> Stack {
    let text = format!(
        "name: a\nqueues: {{q: {{}}}}\nservices:\n  w:\n    image: 'w:1'\n    port: 80\n    load_balancer: {{}}\n    consumes: [q]\n    slo: 10m\n    tasks: {tasks}\n    scaling: {scaling}\n"
    );
    stack::parse("a.yaml", &text)
        .unwrap_or_else(|report| panic!("{report:?}"))
        .stack
}

fn template(tasks: &str, scaling: &str) -> Template {
    synthesize(&stack(tasks, scaling)).unwrap()
}

const OFFICE: &str = "{min: 1, max: 40, schedule: [{when: Mon-Fri 08:00-18:00, timezone: Europe/Berlin, min: 5}, {when: Sun, timezone: Europe/Berlin, max: 0, min: 0}]}";
const BACKLOG: &str = "{backlog_per_task: {processing_time: 2s}}";

fn resource<'t>(template: &'t Template, id: &str) -> &'t Value {
    &template.to_json()["Resources"][id]
}

#[test]
fn application_auto_scaling_has_scheduled_actions() {
    for scaling in [
        BACKLOG,
        "{cpu: {target: 50}}",
        "{demand: {processing_time: 2s, actuator: target_tracking}}",
        "{steps: {metric: request_count, scale_out: {above: 100, add: 1}}}",
    ] {
        let template = template(OFFICE, scaling);
        let target = resource(&template, "WScalableTarget");
        let action = |name: &str, cron: &str, min: u32, max: u32| {
            json!({
                "ScheduledActionName": name,
                "Schedule": cron,
                "Timezone": "Europe/Berlin",
                "ScalableTargetAction": { "MinCapacity": min, "MaxCapacity": max },
            })
        };
        let expected = json!([
            action("Sun 0000", "cron(0 0 ? * SUN *)", 0, 0),
            action("Mon 0000", "cron(0 0 ? * MON *)", 1, 40),
            action("Mon-Fri 0800", "cron(0 8 ? * MON-FRI *)", 5, 40),
            action("Mon-Fri 1800", "cron(0 18 ? * MON-FRI *)", 1, 40),
        ]);
        assert_eq!(
            target["Properties"]["ScheduledActions"], expected,
            "{scaling}"
        );
        // The widest that ever apply, so that no update ends the tasks of a period.
        assert_eq!(target["Properties"]["MinCapacity"], 0);
        assert_eq!(target["Properties"]["MaxCapacity"], 40);
    }
}

/// 2026-11-30 is a Monday: 08:00 in Berlin is 07:00Z, 1,796,022,000 s after 1970.
#[test]
fn readers_of_the_template_know_what_holds() {
    let template = template(OFFICE, BACKLOG);
    let schedules = template.list_schedules();
    let [(id, schedule)] = schedules.as_slice() else {
        panic!("{schedules:?}")
    };
    assert_eq!(id, "WScalableTarget");
    let min = |second| {
        schedule
            .bounds_at(std::time::Duration::from_secs(second))
            .min()
    };
    assert_eq!((min(1_796_021_999), min(1_796_022_000)), (1, 5));
    let resource = resource(&template, id);
    let read: Option<TargetSchedule> = read_schedule(resource);
    assert_eq!(read.as_ref(), Some(schedule));
    let mut garbled = resource.clone();
    garbled["Metadata"]["ecs-scaler:bounds"]["min"] = json!(41);
    assert_eq!(read_schedule(&garbled), None);
}

#[test]
fn a_period_without_a_task_brings_what_wakes_the_service() {
    let has_wake = |periods: &str| {
        let tasks = format!("{{min: 1, max: 4, schedule: [{periods}]}}");
        let scaling = "{backlog_per_task: {processing_time: 2s, count: [visible, in_flight]}}";
        let template = template(&tasks, scaling);
        template.resources().any(|(id, _)| id == "WWakePolicy")
    };
    assert!(has_wake("{when: Sun, min: 0}"));
    assert!(!has_wake("{when: Sun, min: 0, max: 0}"));
    assert!(!has_wake("{when: Sun, min: 2}"));
}

#[test]
fn a_function_is_told_the_schedule() {
    let schedule = r#""schedule":{"periods":[{"min":5,"when":"Mon-Fri 08:00-18:00"},{"max":0,"min":0,"when":"Sun 00:00-24:00"}],"timezone":{"name":"Europe/Berlin","rule":"CET-1CEST,M3.5.0,M10.5.0/3"}}"#;
    let count = |template: &Template, text: &str| {
        let escaped = text.replace('"', "\\\"");
        template.body().matches(&escaped).count()
    };
    let demand = template(OFFICE, "{demand: {processing_time: 2s}}");
    assert_eq!(count(&demand, schedule), 1);
    let steps = "{alarm_steps: {metric: request_count, scale_out: {above: 100, add: 1}}}";
    let steps = template(OFFICE, steps);
    assert_eq!(count(&steps, schedule), 1);
    for template in [demand, steps] {
        assert!(
            template
                .resources()
                .all(|(id, _)| !id.ends_with("ScalableTarget"))
        );
    }
}

/// CloudFormation might keep actions that a template no longer contains.
#[test]
fn a_schedule_that_ends_leaves_no_action() {
    let before = template(OFFICE, BACKLOG);
    let after = template("{min: 1, max: 40}", BACKLOG);
    let adapted = after.adapt_to(before.to_json()).unwrap();
    let actions = &resource(&adapted, "WScalableTarget")["Properties"]["ScheduledActions"];
    assert_eq!(*actions, json!([]));
    assert!(adapted.list_schedules().is_empty());
}
