//! The crate's tests, through its public interface.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "in a test they are the assertion; clippy.toml lets them pass in test functions only"
)]

mod copilot;
mod document;
