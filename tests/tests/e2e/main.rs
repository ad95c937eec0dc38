//! End-to-end tests that act like users: see each module.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "in a test they are the assertion; clippy.toml lets them pass in test functions only"
)]

mod acceptance;
mod adopt;
mod alarm_steps;
mod archive;
mod autoscaling;
mod calibrate;
mod demand;
mod demo;
mod deployed;
mod destroyed;
mod drift;
mod drift_network;
mod failure;
mod faults;
mod fleet;
mod guard;
mod hardened;
mod history;
mod import;
mod keys;
mod killed;
mod lambda;
mod live;
mod loss;
mod observe;
mod once;
mod operate;
mod output;
mod ownership;
mod pause;
mod reviewed;
mod rollback;
mod rule;
mod sandbox;
mod schedules;
mod shipped;
mod start;
mod surroundings;
mod together;
mod unscaled;
mod update;
mod upgrade;
mod why;
mod why_more;
mod width;
mod worker;
