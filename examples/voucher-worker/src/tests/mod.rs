//! The whole worker, with a clock that the test controls.

mod drain;
mod load;
mod night;
mod protection;
mod sqs;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::check::{Check, CheckError, Message, VoucherCheck};
use crate::config::Config;
use crate::log::Log;
use crate::shutdown::{Stopper, stopper};
use crate::tests::sqs::Sqs;
use crate::worker::{Summary, run};

/// 2026-03-01T12:00:00Z.
const NOW: Duration = Duration::from_secs(1_772_366_400);

const SECOND: Duration = Duration::from_secs(1);

/// A worker at work.
struct Running {
    config: Config,
    stopper: Stopper,
    lines: Lines,
    task: JoinHandle<Summary>,
}

#[derive(Clone, Debug, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    /// A log whose clock is tokio's.
    fn log(&self) -> Log {
        let begin = Instant::now();
        Log::new(self.clone(), move || UNIX_EPOCH + NOW + begin.elapsed())
    }

    fn events(&self, event: &str) -> Vec<Value> {
        let bytes = self.0.lock().unwrap().clone();
        let text = String::from_utf8(bytes).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        lines
            .filter(|line: &Value| line["event"] == event)
            .collect()
    }
}

/// Configuration: a queue named vouchers, and these variables.
fn config(variables: &[(&str, &str)]) -> Config {
    let url = |name: &str| format!("https://sqs.us-east-1.amazonaws.com/111122223333/{name}");
    let own = variables.iter().map(|(name, value)| {
        let is_queue = name.starts_with("QUEUE_URL");
        let value = if is_queue {
            url(value)
        } else {
            (*value).to_owned()
        };
        ((*name).to_owned(), value)
    });
    let queue = ("QUEUE_URL".to_owned(), url("vouchers"));
    Config::from_variables(std::iter::once(queue).chain(own)).unwrap()
}

fn start(sqs: &Sqs, variables: &[(&str, &str)]) -> Running {
    let config = config(variables);
    let check = VoucherCheck::new(config.work_time);
    start_with(sqs, config, check)
}

fn start_with<C: Check>(sqs: &Sqs, config: Config, check: C) -> Running {
    let (stopper, stop) = stopper();
    let lines = Lines::default();
    let (log, client, own) = (lines.log(), sqs.client(), config.clone());
    let task = tokio::spawn(async move { run(&own, client, check, &log, stop).await });
    Running {
        config,
        stopper,
        lines,
        task,
    }
}

impl Running {
    /// As on SIGTERM; returns the summary, the log, and how long the end took.
    async fn stop(self) -> (Summary, Lines, Duration) {
        let begin = Instant::now();
        self.stopper.stop(self.config.stop_times());
        let summary = self.task.await.unwrap();
        (summary, self.lines, begin.elapsed())
    }

    /// The lines of messages: id and outcome.
    fn outcomes(&self) -> Vec<(String, String)> {
        outcomes(&self.lines)
    }
}

fn outcomes(lines: &Lines) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let lines = lines.events("message");
    lines
        .iter()
        .map(|line| (text(&line["message_id"]), text(&line["outcome"])))
        .collect()
}

/// Waits until the queue is empty.
async fn drained(sqs: &Sqs, bound: Duration) {
    let end = Instant::now() + bound;
    while sqs.count_messages() > 0 {
        assert!(
            Instant::now() < end,
            "{} messages are left",
            sqs.count_messages()
        );
        sleep(Duration::from_millis(10)).await;
    }
}

/// A check that follows its message's body.
struct Told;

impl Check for Told {
    async fn check(&self, message: Message) -> Result<(), CheckError> {
        match &*message.body {
            "panic" => panic!("as requested"),
            "fail" => Err(CheckError::Failed("as requested".to_owned())),
            "hang" => std::future::pending().await,
            millis => {
                sleep(Duration::from_millis(millis.parse().unwrap())).await;
                Ok(())
            }
        }
    }
}
