//! Processes on this machine.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// Sends a signal to one process.
///
/// # Panics
/// If the process doesn't exist.
pub(crate) fn send_signal(id: u32, signal: Signal) {
    let id = i32::try_from(id).unwrap();
    kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
}

/// Sends a signal to the LocalStack that `local start` reported.
///
/// # Panics
/// If it isn't running.
pub fn signal_localstack(running: &Value, signal: Signal) {
    let id = running["pid"].as_u64().unwrap();
    send_signal(id.try_into().unwrap(), signal);
}

/// Returns the IDs of the processes whose command line and environment contain these texts.
///
/// # Panics
/// If the system doesn't list its processes.
#[must_use]
pub fn find_processes(command: &str, environment: &str) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let has = |id: &u32, file: &str, text: &str| {
        let bytes = fs::read(format!("/proc/{id}/{file}")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).contains(text)
    };
    ids.filter(|id| has(id, "cmdline", command) && has(id, "environ", environment))
        .collect()
}
