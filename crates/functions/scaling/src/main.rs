//! Lambda binary of the scaling function.

// One thread, because the function mostly waits, and a small function has a fraction of one processor.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    scaling_function::serve().await
}
