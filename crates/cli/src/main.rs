//! The installed program `ecs-scaler`.

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::install(Box::new(cli::Installed));
    cli::run(&cli::command().get_matches())
}
