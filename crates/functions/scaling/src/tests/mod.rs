//! Tests of whole invocations against SDK mocks that share one world; each file is one theme.

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
