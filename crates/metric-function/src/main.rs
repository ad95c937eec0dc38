//! Lambda binary of the metric function: wires clients, clock and log to the handler.

use lambda_kit::serve;
use lambda_runtime::Error;
use metric_function::{Clients, handle};

// One thread: the work is waiting, and a small function has a fraction of one processor.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let clients = Clients::from_environment().await;
    serve(async |event, invocation, log| handle(&clients, event, invocation, log).await).await
}
