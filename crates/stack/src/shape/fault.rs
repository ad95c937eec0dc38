//! What the check of a value finds.

/// Why a value isn't taken, and what would be.
#[derive(Debug, PartialEq)]
pub(super) struct Fault {
    pub(super) message: String,
    pub(super) label: &'static str,
    pub(super) help: String,
}
