//! The harness of the end-to-end tests.
//!
//! A test runs `xtask` as a process, as users do, and checks the result through each service's own API. This
//! crate provides both: [`Bench`] is a test's environment, [`TestStack`] a stack that is deleted regardless of
//! how the test ends, and [`Cloud`] contains the clients and everything that is read with them. Expected
//! results are in the tests, not here.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "whatever goes wrong in the harness fails the test that uses it"
)]

mod bench;
mod cloud;
mod definition;
mod inventory;
mod metric;
mod network;
mod own_sandbox;
mod poll;
mod process;
mod test_stack;
mod worker;
mod xtask;

pub use bench::{Bench, unique_name};
pub use cloud::{Cloud, Resources};
pub use definition::{edited, long_to_create, small, worker};
pub use inventory::{Inventory, inventory};
pub use metric::{Minute, minutes};
pub use network::DefaultNetwork;
pub use own_sandbox::OwnSandbox;
pub use poll::until;
pub use process::{find_processes, signal_localstack};
pub use test_stack::TestStack;
pub use worker::{Language, Worker};
pub use xtask::{Ended, Run, Started};
