//! How ECS replaces a service's tasks.

use super::parts::{default, optional, required};
use crate::shape::container_texts::{ALARM_NAME, HEALTHY_SHARE, MOST_SHARE};
use crate::shape::kind::{Form, Kind, List, Object};

/// Source: Amazon ECS API, `DeploymentConfiguration`.
pub(super) static DEPLOYMENT: Object = Object {
    what: "the replacement of tasks",
    fields: &[
        optional(
            "min_healthy",
            Kind::Text(&HEALTHY_SHARE),
            "Minimum share of the tasks that runs during a deployment, rounded up to whole tasks. Otherwise `100%`; on EC2 instances with several tasks, at least one of them can stop first.",
        ),
        optional(
            "max",
            Kind::Text(&MOST_SHARE),
            "Maximum share of the tasks that exists during a deployment, including the new ones, rounded down to whole tasks. Otherwise `200%`.",
        ),
        default(
            "alarms",
            Kind::List(&ALARMS),
            "[]",
            "Alarms that roll a deployment back if they go into ALARM: `oldest_message` and `dead_letters` of the service's queues, `load_balancer_errors` of its load balancer, and existing alarms by name. The deployment then also lasts for a time that ECS computes from them. Rollback because tasks don't start is always on.",
        ),
    ],
    rules: &[],
};

/// Source: Amazon ECS API, `DeploymentAlarms`.
static ALARMS: List = List {
    of: Kind::Either(&ALARM_FORMS),
    least: 0,
    most: 100,
    unique: true,
    rule: None,
};

static ALARM_FORMS: [Form; 4] = [
    Form::Word("oldest_message"),
    Form::Word("dead_letters"),
    Form::Word("load_balancer_errors"),
    Form::Object(&EXISTING_ALARM),
];

pub(crate) static EXISTING_ALARM: Object = Object {
    what: "an existing alarm",
    fields: &[required(
        "existing",
        Kind::Text(&ALARM_NAME),
        "Name of an alarm in the stack's account and region.",
    )],
    rules: &[],
};
