//! Requirements for templates of every stack: see each module.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "in a test they are the assertion; clippy.toml lets them pass in test functions only"
)]

mod capacity;
mod cfn_lint;
mod copilot;
mod demand;
mod errors;
mod fuzz;
mod graph;
mod iam;
mod invariants;
mod kinds;
mod limits;
mod load_balancers;
mod log_router;
mod matrix;
mod not_needed;
mod overrides;
mod permissions;
mod scaling_function;
mod schedule;
mod schedules;
mod security;
mod senders;
mod snapshots;
mod stacks;
mod templates;
mod update;
mod volumes;
