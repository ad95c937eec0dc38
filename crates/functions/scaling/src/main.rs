//! Lambda binary of the scaling function: wires policy, clients, memory, clock and log to the handler.

use lambda_kit::{init_failed, serve};
use lambda_runtime::Error;
use scaling_function::{Clients, Memory, Policy, handle};
use tokio::sync::Mutex;

// One thread: the work is waiting, and a small function has a fraction of one processor.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let policy = match Policy::from_environment() {
        Ok(policy) => policy,
        Err(error) => return Err(init_failed(error.into()).await),
    };
    let clients = Clients::from_environment().await;
    let memory = Mutex::new(Memory::default());
    serve(async |event, invocation, log| {
        handle(&clients, &policy, &memory, event, invocation, log).await
    })
    .await
}
