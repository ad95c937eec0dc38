//! The crate's tests, through its door.

mod document;
