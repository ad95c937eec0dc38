//! Everything local.
//!
//! This room owns the sandbox: real LocalStack as a plain process in the checkout, its life cycle, and
//! the Python environments that it and the build tools live in. What LocalStack lacks is added by the
//! plugin in `localstack-plugin/`. Nothing here needs Docker, an AWS account or a hidden installation,
//! and nothing listens beyond the loopback interface.

mod error;
mod localstack;
mod lock;
mod port;
mod process;
mod provenance;
mod record;
mod venv;

pub use error::{Error, Result};
pub use localstack::{Running, Sandbox, Settings, Standing};
pub use venv::Venv;
