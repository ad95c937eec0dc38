//! The log driver `awslogs`: sends the lines that a container prints to its log group.

use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use aws_sdk_ecs::config::{Credentials, SharedCredentialsProvider};
use tokio::sync::oneshot;

use crate::emulators::log::log;

/// Time between two reads of a file. A delay of about two seconds is acceptable for logs, and the emulated loop
/// needs the machine's processors.
const EVERY: Duration = Duration::from_secs(2);
/// Maximum number of events per PutLogEvents call. Source: Amazon CloudWatch Logs API: at most 10,000.
const EVENTS: usize = 5_000;
/// Maximum number of bytes of a file to read at once, and therefore per call. Source: the same, at most 1 MiB.
const BYTES: u64 = 512 * 1024;

/// A container whose lines are shipped.
pub(crate) struct Shipping {
    pub endpoint_url: String,
    pub account: String,
    pub region: String,
    /// ARN of the task definition, which specifies the log group.
    pub task_definition: String,
    pub container: String,
    /// ID of the task.
    pub task: String,
    /// The container's output file.
    pub file: PathBuf,
}

/// The destination of the lines.
struct Stream {
    client: aws_sdk_cloudwatchlogs::Client,
    group: String,
    name: String,
}

impl Shipping {
    /// Ships the lines until `ended` is ready or dropped, and then the rest. Lines of a container without a log group
    /// aren't shipped. A failure never stops a task, because its file contains every line.
    pub(crate) async fn run(self, mut ended: oneshot::Receiver<()>) {
        let stream = match self.open().await {
            Ok(Some(stream)) => stream,
            Ok(None) => return,
            Err(reason) => return self.complain(&reason),
        };
        let mut position = 0;
        loop {
            let last = tokio::select! {
                _ = &mut ended => true,
                () = tokio::time::sleep(EVERY) => false,
            };
            loop {
                let (lines, next) = read_lines(&self.file, position, last);
                position = next;
                if lines.is_empty() {
                    break;
                }
                if let Err(reason) = stream.put(&lines).await {
                    return self.complain(&reason);
                }
            }
            if last {
                return;
            }
        }
    }

    fn complain(&self, reason: &str) {
        log(
            "tasks",
            &format!(
                "task {}: lines of {} are in its file only: {reason}",
                self.task, self.container
            ),
        );
    }

    /// Creates the log stream with the driver's name format: `PREFIX/CONTAINER/TASK`.
    async fn open(&self) -> Result<Option<Stream>, String> {
        let credentials = Credentials::new(&self.account, "test", None, None, "sandbox");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .retry_config(RetryConfig::standard())
            .region(Region::new(self.region.clone()))
            .endpoint_url(&self.endpoint_url)
            .build();
        let ecs = aws_sdk_ecs::Client::new(&config);
        let request = ecs.describe_task_definition();
        let sent = request.task_definition(&self.task_definition).send().await;
        let reply = sent.map_err(|error| format!("{error:?}"))?;
        let definition = reply.task_definition();
        let mut containers = definition
            .into_iter()
            .flat_map(|one| one.container_definitions());
        let container = containers.find(|one| one.name() == Some(&self.container));
        let options = container.and_then(|one| one.log_configuration()?.options());
        let option = |name: &str| options.and_then(|all| all.get(name)).cloned();
        let (Some(group), Some(prefix)) =
            (option("awslogs-group"), option("awslogs-stream-prefix"))
        else {
            return Ok(None);
        };
        let client = aws_sdk_cloudwatchlogs::Client::new(&config);
        let name = format!("{prefix}/{}/{}", self.container, self.task);
        let made = client.create_log_stream().log_group_name(&group);
        let made = made.log_stream_name(&name).send().await;
        made.map_err(|error| format!("{error:?}"))?;
        Ok(Some(Stream {
            client,
            group,
            name,
        }))
    }
}

impl Stream {
    async fn put(&self, lines: &[String]) -> Result<(), String> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = i64::try_from(now.unwrap_or_default().as_millis()).unwrap_or(i64::MAX);
        for lines in lines.chunks(EVENTS) {
            let event = |line: &String| {
                InputLogEvent::builder()
                    .timestamp(now)
                    .message(line)
                    .build()
            };
            let events: Result<Vec<_>, _> = lines.iter().map(event).collect();
            let request = self.client.put_log_events().log_group_name(&self.group);
            let request = request.log_stream_name(&self.name);
            let request = request.set_log_events(Some(events.map_err(|error| error.to_string())?));
            request.send().await.map_err(|error| format!("{error:?}"))?;
        }
        Ok(())
    }
}

/// Returns the complete, nonempty lines from a position on, and the position after them. With `last`, also returns an
/// incomplete last line.
fn read_lines(file: &Path, position: u64, last: bool) -> (Vec<String>, u64) {
    let mut bytes = Vec::new();
    let read = std::fs::File::open(file).and_then(|mut file| {
        file.seek(SeekFrom::Start(position))?;
        file.take(BYTES).read_to_end(&mut bytes)
    });
    if read.is_err() {
        return (Vec::new(), position);
    }
    // A line that is longer than one read is split.
    let whole = match bytes.iter().rposition(|byte| *byte == b'\n') {
        Some(end) => end + 1,
        None if last || bytes.len() as u64 == BYTES => bytes.len(),
        None => 0,
    };
    bytes.truncate(whole);
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines().filter(|line| !line.is_empty());
    (lines.map(str::to_owned).collect(), position + whole as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_lines_are_shipped_until_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("task.log");
        assert_eq!(read_lines(&file, 0, false), (Vec::new(), 0));
        std::fs::write(&file, "one\n\ntwo\nthr").unwrap();
        let lines = |all: &[&str]| -> Vec<String> { all.iter().map(|&line| line.into()).collect() };
        assert_eq!(read_lines(&file, 0, false), (lines(&["one", "two"]), 9));
        assert_eq!(read_lines(&file, 9, false), (Vec::new(), 9));
        assert_eq!(read_lines(&file, 9, true), (lines(&["thr"]), 12));
        assert_eq!(read_lines(&file, 12, true), (Vec::new(), 12));
    }
}
