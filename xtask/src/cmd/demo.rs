//! x
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}
pub(crate) async fn run(_: Args, _: crate::output::Format) -> crate::failure::Result<()> {
    Ok(())
}
