//! Lambda binary of the metric function: wires clients, memory, clock and log to the handler.

use lambda_kit::serve;
use lambda_runtime::Error;
use metric_function::{Clients, Memory, handle};
use tokio::sync::Mutex;

// One thread: the work is waiting, and a small function has a fraction of one processor.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let clients = Clients::from_environment().await;
    let memory = Mutex::new(Memory::default());
    serve(async |event, invocation, log| handle(&clients, &memory, event, invocation, log).await)
        .await
}
