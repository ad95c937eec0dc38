//! Schedules of a service.

use scaling::{Period, Schedule, Zone};

use super::fields::Fields;
use crate::shape::tables::PERIOD;
use crate::yaml::Node;

/// Reads the schedule of a service's tasks; `None` if a part was refused.
pub(super) fn schedule(tasks: Fields<'_>) -> Option<Schedule> {
    let items = tasks.items("schedule");
    let zone = Fields::new(&PERIOD, items.first()).text("timezone");
    let periods = items.iter().map(period).collect::<Option<Vec<_>>>()?;
    let timezone = Zone::named(&zone).ok().filter(|_| !periods.is_empty())?;
    Some(Schedule { timezone, periods })
}

fn period(node: &Node) -> Option<Period> {
    let fields = Fields::new(&PERIOD, Some(node));
    Some(Period {
        when: fields.text("when").parse().ok()?,
        min: fields.optional_whole("min"),
        max: fields.optional_whole("max"),
    })
}
