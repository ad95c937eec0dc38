//! Tests of complete invocations with SDK mocks that share one `World`; each file has one topic.

mod baton;
mod cloud;
mod demand;
mod events;
mod failures;
mod fuzz;
mod interleaving;
mod metric;
mod pauses;
mod policies;
mod scenarios;
mod world;
