//! The installed program `ecs-scaler`.

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::install(Box::new(cli::Installed));
    match cli::parse(cli::command()) {
        Ok(matches) => cli::run(&matches),
        Err(code) => code,
    }
}
