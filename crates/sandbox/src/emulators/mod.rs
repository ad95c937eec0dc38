//! The emulators: a process beside LocalStack that does what AWS does between the calls of its APIs.
//!
//! `tasks` turns a service's desired count into tasks, `autoscaling` turns alarms into desired counts.
//! Both reach LocalStack as anybody does, through its endpoint; what AWS has no API for goes through the
//! plugin's own routes.

mod autoscaling;
#[cfg(test)]
mod golden;
mod log;
mod plugin;
mod reaper;
mod stop;
mod tasks;

use std::path::PathBuf;

use crate::behavior::Behavior;

pub(crate) use plugin::Plugin;
pub use reaper::reap;
pub(crate) use stop::Stop;

/// What the emulators need to know.
#[derive(Clone, Debug)]
pub struct EmulatorSettings {
    /// Endpoint of LocalStack.
    pub endpoint_url: String,
    /// How the sandbox behaves.
    pub behavior: Behavior,
    /// Folder for the output of tasks: `<service>/<task id>.log`.
    pub logs: PathBuf,
    /// The command that runs [`reap`]: an executable and its arguments.
    pub reaper: Vec<std::ffi::OsString>,
}

/// Runs the emulators until `stopped` is ready, and ends the tasks that run: each gets its stop timeout.
///
/// LocalStack may be away for a while: both wait, and go on.
pub async fn run(settings: EmulatorSettings, stopped: impl Future<Output = ()>) {
    let (stop, handle) = Stop::new();
    let tasks = async {
        tasks::run(&settings, stop.clone()).await;
        // It ends by itself when LocalStack is gone.
        handle.stop();
    };
    let ask = async {
        let mut ended = stop.clone();
        tokio::select! {
            () = stopped => handle.stop(),
            () = ended.wait() => {}
        }
    };
    tokio::join!(tasks, autoscaling::run(&settings, stop.clone()), ask);
}
