//! The schedule of a scalable target, in the metadata of its resource. CloudFormation keeps it with the template
//! and passes it to no other service, so readers of the deployed template know which bounds apply at a time.

use std::time::Duration;

use scaling::{Bounds, Schedule};
use serde_json::{Value, json};

use super::types;

/// The key in the metadata of a scalable target.
const KEY: &str = "ecs-scaler:bounds";

/// Bounds of a scalable target that change with the hours of the week.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetSchedule {
    /// The bounds outside of the schedule's periods.
    pub base: Bounds,
    /// The schedule.
    pub schedule: Schedule,
}

impl TargetSchedule {
    /// The bounds that apply at a time since the Unix epoch.
    #[must_use]
    pub fn bounds_at(&self, at: Duration) -> Bounds {
        self.schedule.bounds_at(self.base, at)
    }
}

/// The metadata of a scalable target with a schedule.
pub(crate) fn schedule_metadata(base: Bounds, schedule: &Schedule) -> Value {
    json!({ KEY: { "min": base.min(), "max": base.max(), "schedule": schedule } })
}

/// Reads the schedule of a resource of a template; `None` if it isn't a scalable target, or has no readable
/// schedule.
#[must_use]
pub fn read_schedule(resource: &Value) -> Option<TargetSchedule> {
    if resource.get("Type")?.as_str()? != types::SCALABLE_TARGET {
        return None;
    }
    let written = resource.get("Metadata")?.get(KEY)?;
    let bound = |name: &str| u32::try_from(written.get(name)?.as_u64()?).ok();
    let base = Bounds::new(bound("min")?, bound("max")?).ok()?;
    let schedule: Schedule = serde_json::from_value(written.get("schedule")?.clone()).ok()?;
    schedule.check(base).ok()?;
    Some(TargetSchedule { base, schedule })
}
