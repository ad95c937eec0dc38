//! Lambda binary of the scaling function.

// One thread: the work is waiting, and a small function has a fraction of one processor.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    scaling_function::serve().await
}
