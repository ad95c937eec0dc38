//! The services of a stack that policies scale, and so can be paused.

use std::time::Duration;

use scaling::{Bounds, paused_service};
use serde_json::Value;
use template::contract::{TargetSchedule, types};
use template::names::scalable_target;

use super::outdated;
use crate::deployed_stack::DeployedStack;
use crate::error::Result;
use crate::functions::{FunctionKind, ServiceName, functions};
use crate::session::Session;

/// A service that something scales.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    /// Its name in the definition.
    pub(super) name: String,
    pub(super) ecs: ServiceName,
    /// Its scalable target of the stack, if Application Auto Scaling scales it.
    pub(super) target: Option<Target>,
    /// Whether a function scales it that doesn't look for pauses.
    outdated: bool,
}

/// A scalable target of the stack.
#[derive(Clone, Debug)]
pub(super) struct Target {
    schedule: Option<TargetSchedule>,
}

impl Target {
    /// The bounds that its schedule, if it has one, holds at a moment since the Unix epoch.
    pub(super) fn bounds_at(&self, moment: Duration) -> Option<Bounds> {
        Some(self.schedule.as_ref()?.bounds_at(moment))
    }
}

impl Subject {
    /// # Errors
    /// If a function scales it that doesn't look for pauses.
    pub(super) fn require_known_pauses(&self) -> Result<()> {
        match self.outdated {
            true => Err(outdated("a scaling function")),
            false => Ok(()),
        }
    }
}

/// The services of a stack that functions or Application Auto Scaling scale.
///
/// # Errors
/// If AWS can't be reached.
pub(super) async fn list_subjects(
    session: &Session<'_>,
    stack: &DeployedStack,
) -> Result<Vec<Subject>> {
    let mut subjects = by_targets(stack);
    for function in functions(session, &stack.resources).await? {
        let FunctionKind::Scaling(setup) = function.kind else {
            continue;
        };
        for (ecs, parameter) in setup.acting() {
            let name = parameter.and_then(|name| paused_service(&stack.stack.name, name));
            subjects.push(Subject {
                name: name.unwrap_or(&ecs.service).to_owned(),
                outdated: name.is_none(),
                target: None,
                ecs,
            });
        }
    }
    subjects.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(subjects)
}

/// How the logical ID of a scalable target ends.
const TARGET: &str = "ScalableTarget";

fn by_targets(stack: &DeployedStack) -> Vec<Subject> {
    let definition = stack.definition();
    let targets = stack.of_type(types::SCALABLE_TARGET);
    let subjects = targets.filter_map(|target| {
        Some(Subject {
            name: name_target(&definition, &target.logical_id),
            ecs: ServiceName::of_target(&target.physical_id)?,
            target: Some(Target {
                schedule: stack.schedule_of(&target.logical_id),
            }),
            outdated: false,
        })
    });
    subjects.collect()
}

/// The name that the definition has for the service of a scalable target; without a definition, the start of its
/// logical ID, which is as unique.
fn name_target(definition: &Value, logical_id: &str) -> String {
    let services = definition.pointer("/definition/services");
    let names = services.and_then(Value::as_object).into_iter().flatten();
    let mut names = names.map(|(name, _)| name);
    let name = names.find(|name| scalable_target(name) == logical_id);
    let stem = || logical_id.strip_suffix(TARGET).unwrap_or(logical_id);
    name.map_or_else(stem, String::as_str).to_owned()
}
