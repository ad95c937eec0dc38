//! Tests of whole invocations that follow demand, against SDK mocks on paused time.

mod cloud;
mod events;
mod failures;
mod looks;
mod measured;
mod objectives;
mod observing;
mod pauses;
mod schedules;
mod warm;
