//! Everything local.
//!
//! This crate owns the sandbox: real LocalStack as a plain process in the checkout, its life cycle, and the
//! Python environments for it and for the build tools. The plugin in `localstack-plugin/` adds features that
//! LocalStack lacks. The emulators, a process next to LocalStack, add tasks as real processes and Application
//! Auto Scaling. Nothing here needs Docker, an AWS account, or a hidden installation, and nothing listens
//! beyond the loopback interface.

mod behavior;
mod companion;
mod emulators;
mod error;
mod localstack;
mod lock;
mod port;
mod prepared;
mod process;
mod producer;
mod provenance;
mod record;
mod space;
mod strays;
mod venv;

pub use behavior::{Behavior, BehaviorError, Program, Speed, TaskStart, Tracking, Wanted};
pub use emulators::{EmulatorSettings, reap, run as run_emulators};
pub use error::{Error, Result};
pub use localstack::{Running, Sandbox, SandboxStatus, Settings};
pub use lock::Lock;
pub use prepared::prepare_folder;
pub use producer::{Due, Producer, Sending, SentMessage};
pub use space::{FULL, free_space};
pub use venv::Venv;
