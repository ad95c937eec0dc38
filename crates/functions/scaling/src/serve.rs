//! The function as a program: connects policy, clients, memory, clock, and log with the handler.

use lambda_kit::init_failed;
use tokio::sync::Mutex;

use crate::{Clients, Memory, Policy, handle};

/// Handles one event after the other until Lambda ends the process.
///
/// # Errors
/// If the environment contains no valid policy, the program doesn't run in Lambda, or its Runtime API fails.
pub async fn serve() -> Result<(), lambda_runtime::Error> {
    let policy = match Policy::from_environment() {
        Ok(policy) => policy,
        Err(error) => return Err(init_failed(error.into()).await),
    };
    let clients = Clients::from_environment().await;
    let memory = Mutex::new(Memory::default());
    lambda_kit::serve(async |event, invocation, log| {
        handle(&clients, &policy, &memory, event, invocation, log).await
    })
    .await
}
