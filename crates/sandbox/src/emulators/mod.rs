//! The emulators: a process next to LocalStack that does what AWS does between API calls.
//!
//! `tasks` turns a service's desired count into tasks, and `autoscaling` turns alarms into desired counts. Both
//! reach LocalStack through its public endpoint. If AWS has no API for something, they use the plugin's own
//! routes.

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

/// The settings of the emulators.
#[derive(Clone, Debug)]
pub struct EmulatorSettings {
    /// Endpoint of LocalStack.
    pub endpoint_url: String,
    /// How the sandbox behaves.
    pub behavior: Behavior,
    /// Folder for the output of tasks: `<service>/<task ID>.log`.
    pub logs: PathBuf,
    /// The command that runs [`reap`]: an executable and its arguments.
    pub reaper: Vec<std::ffi::OsString>,
}

/// Runs the emulators until `stopped` is ready, and then stops the running tasks. Each has its stop timeout.
///
/// If LocalStack is unreachable for some time, both wait and then continue.
pub async fn run(settings: EmulatorSettings, stopped: impl Future<Output = ()>) {
    let (stop, handle) = Stop::new();
    let tasks = async {
        tasks::run(&settings, stop.clone()).await;
        // It ended without a request because LocalStack is gone.
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
