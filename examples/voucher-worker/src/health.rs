//! The health check: the worker touches a file, which grows old when the worker no longer runs its tasks.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use tokio::time::sleep;

use crate::log::{Event, Log};

const EVERY: Duration = Duration::from_secs(5);
const LIMIT: Duration = Duration::from_secs(60);

/// Touches the file every 5 s, and ends only by being dropped.
pub(crate) async fn report_health(file: PathBuf, log: Log) {
    loop {
        if let Err(error) = fs::write(&file, "") {
            log.write_line(&Event::Problem {
                doing: "writing the health file",
                error: error.to_string(),
                queue: None,
                message_id: None,
            });
        }
        sleep(EVERY).await;
    }
}

/// The health check of a container: success if the worker of this container has touched its `HEALTH_FILE` within the
/// last minute. Without such a file, it is enough that the check itself runs.
#[must_use]
pub fn check_health() -> ExitCode {
    let file = std::env::var_os("HEALTH_FILE").filter(|file| !file.is_empty());
    match file.is_none_or(|file| is_recent(Path::new(&file))) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn is_recent(file: &Path) -> bool {
    let touched = fs::metadata(file).and_then(|metadata| metadata.modified());
    // A moment in the future, after the clock was set back, has no age.
    touched.is_ok_and(|touched| touched.elapsed().unwrap_or_default() < LIMIT)
}
