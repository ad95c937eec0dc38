//! Definitions for services that run without ecs-scaler.
//!
//! This crate is pure: it reads no files, calls no services, and has no clock. [`document`] writes definitions with
//! comments, [`live`] makes one from the readings of a running service, and [`copilot`] makes one from AWS Copilot
//! manifests.

pub mod copilot;
pub mod document;
pub mod live;
