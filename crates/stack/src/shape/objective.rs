//! Problems with latency objectives.

use super::fault::Fault;
use super::kind::Time;
use super::meant;
use super::times::time_fault;
use crate::duration;
use crate::slo;
use crate::text::shorten;

/// The form of a latency objective.
pub(super) const OBJECTIVE_HELP: &str =
    "write a duration, such as `10s`, or a share of the messages with it, such as `99% within 10s`";

pub(super) fn objective_fault(time: &Time, found: &str) -> Option<Fault> {
    let (share, latency) = slo::split(found);
    let wrong_share = share.filter(|share| slo::share(share).is_none());
    if let Some(share) = wrong_share {
        return Some(Fault {
            message: format!("`{}` isn't a share of the messages", shorten(share)),
            label: "not valid here",
            help: "write a percentage over 0% and up to 100%, such as `99.9% within 10s`"
                .to_owned(),
        });
    }
    if share.is_none() && duration::parse(latency).is_none() && meant::time(latency).is_none() {
        return Some(Fault {
            message: format!("`{}` isn't a latency objective", shorten(found)),
            label: "not valid here",
            help: OBJECTIVE_HELP.to_owned(),
        });
    }
    time_fault(time, latency)
}
