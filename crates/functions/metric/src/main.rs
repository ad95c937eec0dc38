//! Lambda binary of the metric function.

// One thread, because the function mostly waits, and a small function has a fraction of one processor.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    metric_function::serve().await
}
