//! From what runs elsewhere to a definition.
//!
//! This crate is pure: it reads no file, asks no service, and knows no clock. [`document`] writes definitions with
//! comments, [`live`] makes one of the readings of a running service, and [`copilot`] makes one of the manifests of AWS Copilot.

pub mod copilot;
pub mod document;
pub mod live;
