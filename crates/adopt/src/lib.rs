//! From what runs elsewhere to a definition.
//!
//! This crate is pure: it reads no file, asks no service, and knows no clock. [`document`] writes definitions with
//! comments, and [`live`] makes one of the readings of a running service.

pub mod document;
pub mod live;
