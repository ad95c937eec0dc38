//! The configuration: environment variables, read once, with all errors reported together.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::check::WorkTime;
use crate::log::Event;
use crate::shutdown::StopTimes;

/// Longest time that SQS hides a message for.
///
/// Source: SQS Developer Guide, Amazon SQS visibility timeout.
pub(crate) const LONGEST_HIDING: Duration = Duration::from_secs(12 * 3_600);

/// Longest that a poll can wait for messages.
///
/// Source: SQS API Reference, ReceiveMessage, `WaitTimeSeconds`.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// Part of a stop that is reserved for the messages of the last poll.
const AFTER_LAST_POLL: Duration = Duration::from_secs(2);

const MOST_AT_ONCE: usize = 1_000;

/// The settings of the worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Queues to take messages from, each once.
    pub queues: Vec<QueueAddress>,
    /// Maximum number of messages in parallel.
    pub concurrency: usize,
    /// How long the example's check takes.
    pub work_time: WorkTime,
    /// Longest time for the work on one message; then it has failed.
    pub work_limit: Duration,
    /// How long a message is hidden at a time; `None` for its queue's timeout.
    pub visibility: Option<Duration>,
    /// How long a poll waits for messages, in whole seconds.
    pub wait: Duration,
    /// Time between SIGTERM and SIGKILL.
    pub stop_timeout: Duration,
    /// Work that lasts longer than this is protected from scale-in and deployments.
    pub protect_after: Duration,
    /// The ECS agent's address, in a task.
    pub agent: Option<String>,
    /// The file that the worker touches while it is healthy.
    pub health_file: Option<PathBuf>,
}

/// A queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueAddress {
    /// The last part of its URL.
    pub name: String,
    /// Its URL.
    pub url: String,
}

/// Everything that is wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(Vec<String>);

impl std::error::Error for ConfigErrors {}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "voucher-worker: the configuration is invalid")?;
        for problem in &self.0 {
            write!(formatter, "\n  {problem}")?;
        }
        Ok(())
    }
}

impl Config {
    /// Reads environment variables.
    ///
    /// # Errors
    /// Every variable that is missing or wrong.
    pub fn from_variables(
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigErrors> {
        let mut reader = Reader {
            variables: variables.into_iter().collect(),
            problems: Vec::new(),
        };
        let second = Duration::from_secs(1);
        let stop_timeout = reader.duration("STOP_TIMEOUT", second..=LONGEST_HIDING);
        let stop_timeout = stop_timeout.unwrap_or(30 * second);
        let config = Self {
            queues: reader.queues(),
            concurrency: reader.concurrency(),
            work_time: reader.work_time(),
            work_limit: reader
                .duration("WORK_LIMIT", Duration::from_millis(1)..=LONGEST_HIDING)
                .unwrap_or(900 * second),
            visibility: reader.whole_seconds("VISIBILITY_TIMEOUT", second..=LONGEST_HIDING),
            wait: within_stop(
                reader
                    .whole_seconds("WAIT_TIME", Duration::ZERO..=LONGEST_WAIT)
                    .unwrap_or(LONGEST_WAIT),
                stop_timeout,
            ),
            stop_timeout,
            protect_after: reader
                .duration("PROTECT_AFTER", Duration::ZERO..=LONGEST_HIDING)
                .unwrap_or(second),
            agent: reader.text("ECS_AGENT_URI").map(str::to_owned),
            health_file: reader.text("HEALTH_FILE").map(PathBuf::from),
        };
        if reader.problems.is_empty() {
            Ok(config)
        } else {
            Err(ConfigErrors(reader.problems))
        }
    }

    /// How the time between SIGTERM and SIGKILL is used.
    #[must_use]
    pub fn stop_times(&self) -> StopTimes {
        StopTimes::within(self.stop_timeout)
    }

    /// The log's first line.
    #[must_use]
    pub fn start(&self) -> Event<'_> {
        let millis = |length: Duration| u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        Event::Start {
            queues: self.queues.iter().map(|queue| &*queue.name).collect(),
            concurrency: self.concurrency,
            wait_ms: millis(self.wait),
            stop_timeout_ms: millis(self.stop_timeout),
            protection: self.agent.is_some(),
        }
    }
}

/// Limits a poll's wait: a stop waits for the poll in progress, which must therefore end within the
/// stop.
fn within_stop(wait: Duration, stop_timeout: Duration) -> Duration {
    let left = StopTimes::within(stop_timeout)
        .work
        .saturating_sub(AFTER_LAST_POLL);
    wait.min(Duration::from_secs(left.as_secs()))
}

struct Reader {
    variables: BTreeMap<String, String>,
    problems: Vec<String>,
}

impl Reader {
    /// The variable's value; an empty one counts as none, as in most programs.
    fn text(&self, name: &str) -> Option<&str> {
        let value = self.variables.get(name).map(|value| value.trim());
        value.filter(|value| !value.is_empty())
    }

    fn wrong(&mut self, name: &str, expected: &str) {
        let value = self.text(name).unwrap_or_default();
        let problem = format!("{name} is {value:?}: expected {expected}");
        self.problems.push(problem);
    }

    fn queues(&mut self) -> Vec<QueueAddress> {
        let is_queue = |name: &str| name == "QUEUE_URL" || name.starts_with("QUEUE_URL_");
        let names: Vec<String> = self.variables.keys().cloned().collect();
        let mut queues: Vec<QueueAddress> = Vec::new();
        for name in names.iter().filter(|name| is_queue(name)) {
            let Some(url) = self.text(name).map(str::to_owned) else {
                continue;
            };
            let last = url.rsplit('/').next().unwrap_or_default().to_owned();
            let is_http = url.starts_with("https://") || url.starts_with("http://");
            if !is_http || last.is_empty() || url.contains(char::is_whitespace) {
                self.wrong(name, "the URL of a queue");
            } else if queues.iter().all(|queue| queue.url != url) {
                queues.push(QueueAddress { name: last, url });
            }
        }
        if queues.is_empty() && self.problems.is_empty() {
            let problem = "QUEUE_URL is not set: expected the URL of a queue, in it or in QUEUE_URL_NAME for each of several";
            self.problems.push(problem.to_owned());
        }
        queues
    }

    fn concurrency(&mut self) -> usize {
        let Some(text) = self.text("CONCURRENCY") else {
            return 1;
        };
        let number = text.parse().ok();
        number
            .filter(|number| (1..=MOST_AT_ONCE).contains(number))
            .unwrap_or_else(|| {
                self.wrong("CONCURRENCY", "a whole number from 1 to 1000");
                1
            })
    }

    fn work_time(&mut self) -> WorkTime {
        let default = WorkTime::Fixed(Duration::from_millis(100));
        let Some(text) = self.text("WORK_TIME") else {
            return default;
        };
        let read = match text.split_once(':') {
            Some(("exponential", mean)) => duration(mean).map(WorkTime::Exponential),
            Some(_) => None,
            None => duration(text).map(WorkTime::Fixed),
        };
        read.unwrap_or_else(|| {
            self.wrong(
                "WORK_TIME",
                "a duration such as 100ms, or exponential:100ms for its mean",
            );
            default
        })
    }

    fn duration(
        &mut self,
        name: &str,
        range: std::ops::RangeInclusive<Duration>,
    ) -> Option<Duration> {
        let text = self.text(name)?;
        let read = duration(text).filter(|length| range.contains(length));
        if read.is_none() {
            let shown = |length: &Duration| humantime::format_duration(*length).to_string();
            let (least, most) = (shown(range.start()), shown(range.end()));
            self.wrong(
                name,
                &format!("a duration such as 30s, from {least} to {most}"),
            );
        }
        read
    }

    /// SQS has only whole seconds.
    fn whole_seconds(
        &mut self,
        name: &str,
        range: std::ops::RangeInclusive<Duration>,
    ) -> Option<Duration> {
        let length = self.duration(name, range)?;
        if length.subsec_nanos() != 0 {
            self.wrong(name, "whole seconds");
        }
        Some(length)
    }
}

fn duration(text: &str) -> Option<Duration> {
    humantime::parse_duration(text.trim()).ok()
}

#[cfg(test)]
mod tests;
