//! The worker's program: configuration, signals, client and log for [`run`].

use std::process::ExitCode;
use std::time::SystemTime;

use crate::{Config, Event, Log, VoucherCheck, client, run, stop_on_signals, stopper};

/// Exit code of a program that was called with invalid arguments, as shells use it.
const BAD_CONFIGURATION: u8 = 2;

/// Runs the worker with the configuration of the environment until a signal ends it.
#[must_use]
pub fn run_program() -> ExitCode {
    let variables = std::env::vars_os().map(|(name, value)| {
        let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        (text(name), text(value))
    });
    let config = match Config::from_variables(variables) {
        Ok(config) => config,
        Err(errors) => {
            eprintln!("{errors}");
            return ExitCode::from(BAD_CONFIGURATION);
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("voucher-worker: failed to start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(work(config));
    // A check that blocks a thread doesn't keep the process from ending in time.
    runtime.shutdown_background();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("voucher-worker: failed to listen for signals: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn work(config: Config) -> std::io::Result<()> {
    let log = Log::new(std::io::stdout(), SystemTime::now);
    // First: a container's first process receives SIGTERM only if it has a handler.
    let (stopper, stop) = stopper();
    stop_on_signals(stopper, config.stop_times(), log.clone())?;
    log.write_line(&config.start());
    let client = client(&config).await;
    let check = VoucherCheck::new(config.work_time);
    let summary = run(&config, client, check, &log, stop).await;
    log.write_line(&Event::End(summary));
    Ok(())
}
