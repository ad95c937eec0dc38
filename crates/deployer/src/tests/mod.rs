//! The engine with mock clients, in paused time.

mod adopt;
mod assets;
pub(crate) mod cloud;
mod cloudformation;
mod count_history;
mod dead_letters;
mod deletion_protection;
mod deploy;
mod deploy_stack;
mod deploys;
mod destroy;
mod diff;
mod doubt;
mod drift;
mod fixed_counts;
mod flips;
mod follow;
mod history;
mod import;
mod inspect;
mod instances;
mod invoke;
mod keys;
mod measure;
mod operated;
mod overtaken;
mod ownership;
mod pauses;
mod plan;
mod preflight;
mod proof;
mod recover;
mod registered;
mod released;
mod remains;
mod reviewed;
mod schedules;
mod serialize;
mod stray_tasks;
mod suspension;
mod verify;

use crate::Error;

/// An error as users see it.
pub(crate) fn told(error: &Error) -> String {
    let mut text = format!("{:?}: {error}\n", error.kind());
    for hint in error.hints() {
        text.push_str(&format!("  hint: {hint}\n"));
    }
    text
}
