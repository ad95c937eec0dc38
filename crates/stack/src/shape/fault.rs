//! The result of checking a value.

/// Why a value isn't valid, and what would be.
#[derive(Debug, PartialEq)]
pub(super) struct Fault {
    pub(super) message: String,
    pub(super) label: &'static str,
    pub(super) help: String,
}
