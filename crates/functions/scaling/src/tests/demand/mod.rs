//! Tests of complete invocations that follow demand, with SDK mocks on a paused clock.

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
