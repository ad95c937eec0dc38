//! The function as a program: connects clients, memory, clock, and log with the handler.

use tokio::sync::Mutex;

use crate::{Clients, Memory, handle};

/// Handles one event after the other until Lambda ends the process.
///
/// # Errors
/// If the program doesn't run in Lambda, or its Runtime API fails.
pub async fn serve() -> Result<(), lambda_runtime::Error> {
    let clients = Clients::from_environment().await;
    let memory = Mutex::new(Memory::default());
    lambda_kit::serve(async |event, invocation, log| {
        handle(&clients, &memory, event, invocation, log).await
    })
    .await
}
