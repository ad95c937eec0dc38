//! Lambda binary of the metric function: wires clients, clock and log to the handler.

use std::time::{Duration, SystemTime};

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use metric_function::{Clients, Invocation, Log, handle};
use serde_json::Value;

// One thread: the work is waiting, and a small function has a fraction of one processor.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        return Err("this program runs in AWS Lambda: AWS_LAMBDA_RUNTIME_API is not set".into());
    }
    let clients = Clients::from_environment().await;
    let clients = &clients;
    run(service_fn(move |event: LambdaEvent<Value>| async move {
        let LambdaEvent { payload, context } = event;
        let now = SystemTime::now();
        let deadline = SystemTime::UNIX_EPOCH + Duration::from_millis(context.deadline);
        let invocation = Invocation {
            request_id: context.request_id,
            now,
            time_left: deadline.duration_since(now).unwrap_or_default(),
        };
        let mut stdout = std::io::stdout();
        let mut log = Log::new(&mut stdout, &invocation.request_id, now);
        handle(clients, payload, &invocation, &mut log).await
    }))
    .await
}
