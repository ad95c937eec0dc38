//! The workers' logs. Their files are read while they are being written.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Processing of one message, from its worker's log line at the end. Times are milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Worked {
    /// SQS's ID of the message.
    pub message_id: String,
    /// When SQS accepted the message.
    pub sent_at_ms: Option<u64>,
    /// When the worker started.
    pub began_at_ms: u64,
    /// When it ended.
    pub ended_at_ms: u64,
    /// The outcome.
    pub outcome: Processed,
    /// The number of the delivery.
    pub receive_count: Option<u32>,
    /// Milliseconds since the end of the task's previous message, if the message was already waiting: the
    /// time to delete the previous one and to receive this one.
    #[serde(skip)]
    pub fetched_in_ms: Option<u64>,
}

/// The outcome of processing a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Processed {
    /// The message was deleted.
    Done,
    /// SQS delivers the message again.
    Failed,
}

/// A line of a worker's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// About a message.
    Worked(Worked),
    /// A problem, in the worker's words.
    Problem(String),
    /// About something else.
    Other,
    /// Not a line of a worker: another output of the program, or half a line.
    Strange(String),
}

/// A growing log file.
#[derive(Debug, Default)]
struct Tail {
    /// Number of bytes read so far.
    read: u64,
    /// The start of an incomplete line.
    begun: Vec<u8>,
    /// When processing of the latest message ended, in milliseconds since 1970.
    ended_at_ms: Option<u64>,
}

/// The logs of a service's tasks.
#[derive(Debug)]
pub(crate) struct TaskLogs {
    folder: PathBuf,
    tails: BTreeMap<PathBuf, Tail>,
}

impl Line {
    fn of(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let Ok(value) = serde_json::from_str::<serde_json::Value>(&text) else {
            return Self::Strange(text.trim().to_owned());
        };
        match value["event"].as_str() {
            Some("message") => match serde_json::from_value(value) {
                Ok(worked) => Self::Worked(worked),
                Err(_) => Self::Strange(text.trim().to_owned()),
            },
            Some("problem") => {
                let said = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
                Self::Problem(format!("{}: {}", said("doing"), said("error")))
            }
            Some(_) => Self::Other,
            None => Self::Strange(text.trim().to_owned()),
        }
    }
}

impl Tail {
    /// Returns the lines that these bytes complete, and keeps the rest.
    fn feed(&mut self, bytes: &[u8]) -> Vec<Line> {
        self.read += bytes.len() as u64;
        self.begun.extend_from_slice(bytes);
        let Some(end) = self.begun.iter().rposition(|byte| *byte == b'\n') else {
            return Vec::new();
        };
        let rest = self.begun.split_off(end + 1);
        let whole = std::mem::replace(&mut self.begun, rest);
        let lines = whole.split(|byte| *byte == b'\n');
        lines
            .filter(|line| !line.trim_ascii().is_empty())
            .map(|line| self.after(Line::of(line)))
            .collect()
    }

    /// Completes a line with data from the previous lines.
    fn after(&mut self, mut line: Line) -> Line {
        if let Line::Worked(worked) = &mut line {
            let before = self.ended_at_ms.replace(worked.ended_at_ms);
            let waited = before.filter(|before| worked.sent_at_ms.is_some_and(|at| at < *before));
            // A message that started earlier was processed in parallel.
            worked.fetched_in_ms = waited.and_then(|before| worked.began_at_ms.checked_sub(before));
        }
        line
    }

    fn read(&mut self, file: &Path) -> io::Result<Vec<Line>> {
        let mut file = File::open(file)?;
        if file.metadata()?.len() <= self.read {
            return Ok(Vec::new());
        }
        file.seek(SeekFrom::Start(self.read))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(self.feed(&bytes))
    }
}

impl TaskLogs {
    /// The logs in this folder: `<task id>.log`.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            tails: BTreeMap::new(),
        }
    }

    /// Returns the lines that were written since the last call.
    pub(crate) fn read(&mut self) -> io::Result<Vec<Line>> {
        let mut lines = Vec::new();
        for file in list_entries(&self.folder)? {
            if file.extension().is_some_and(|ending| ending == "log") {
                lines.extend(self.tails.entry(file.clone()).or_default().read(&file)?);
            }
        }
        Ok(lines)
    }
}

/// Lists entries in order. A missing folder has none, because no task has started yet.
fn list_entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let found = match std::fs::read_dir(folder) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut paths: Vec<PathBuf> = found
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()?;
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const DONE: &str = r#"{"event":"message","message_id":"m-1","sent_at_ms":1000,"began_at_ms":1500,"ended_at_ms":1600,"outcome":"done","receive_count":1,"queue":"vouchers","at_ms":1600}"#;

    fn done() -> Line {
        Line::Worked(Worked {
            message_id: "m-1".into(),
            sent_at_ms: Some(1_000),
            began_at_ms: 1_500,
            ended_at_ms: 1_600,
            outcome: Processed::Done,
            receive_count: Some(1),
            fetched_in_ms: None,
        })
    }

    #[test]
    fn lines_are_told_apart() {
        assert_eq!(Line::of(DONE.as_bytes()), done());
        let failed = DONE.replace("done", "failed").replace("1000", "null");
        let Line::Worked(failed) = Line::of(failed.as_bytes()) else {
            panic!("no message: {failed}");
        };
        assert_eq!(
            (failed.outcome, failed.sent_at_ms),
            (Processed::Failed, None)
        );
        assert_eq!(Line::of(br#"{"event":"start","queues":[]}"#), Line::Other);
        let problem = br#"{"event":"problem","doing":"receive","error":"timed out"}"#;
        assert_eq!(
            Line::of(problem),
            Line::Problem("receive: timed out".into())
        );
    }

    #[test]
    fn what_no_worker_writes_is_strange_and_no_failure() {
        let texts = [
            "thread 'main' panicked",
            "{\"event\":\"message\",\"message_id\":7}",
            "{}",
            "null",
            &DONE[..40],
            &DONE.replace("done", "lost"),
        ];
        for text in texts {
            assert_eq!(Line::of(text.as_bytes()), Line::Strange(text.into()));
        }
        assert!(matches!(Line::of(b"\xff\xfe"), Line::Strange(_)));
    }

    #[test]
    fn a_line_counts_when_it_is_whole() {
        let text = format!("{DONE}\n{DONE}\n");
        // Wherever a write is cut: never half a line, and none twice.
        for cut in 0..=text.len() {
            let mut tail = Tail::default();
            let mut lines = tail.feed(&text.as_bytes()[..cut]);
            lines.extend(tail.feed(&text.as_bytes()[cut..]));
            assert_eq!(lines, [done(), done()], "cut at {cut}");
            assert!(tail.begun.is_empty());
        }
        let mut tail = Tail::default();
        assert_eq!(tail.feed(DONE.as_bytes()), []);
        assert_eq!(tail.feed(b"\n\n \n"), [done()]);
    }

    #[test]
    fn what_a_task_needs_to_fetch_a_message_is_told_where_one_waited() {
        let line = |sent: u64, began: u64| {
            let text = DONE.replace("1000", &sent.to_string());
            let text = text.replace("1500", &began.to_string());
            text.replace(
                "\"ended_at_ms\":1600",
                &format!("\"ended_at_ms\":{}", began + 100),
            ) + "\n"
        };
        let mut tail = Tail::default();
        let text = [line(1_000, 1_500), line(1_200, 1_620), line(2_000, 2_010)].concat();
        let fetched = tail
            .feed(text.as_bytes())
            .into_iter()
            .map(|line| match line {
                Line::Worked(worked) => worked.fetched_in_ms,
                other => panic!("{other:?}"),
            });
        // The first message has none before it. The third was sent while its task was idle.
        assert_eq!(fetched.collect::<Vec<_>>(), [None, Some(20), None]);
    }

    #[test]
    fn files_are_followed_as_they_come_and_grow() {
        let folder = tempfile::tempdir().unwrap();
        let mut logs = TaskLogs::new(folder.path().join("tasks/worker"));
        assert_eq!(logs.read().unwrap(), [], "no task has started");
        let service = folder.path().join("tasks/worker");
        std::fs::create_dir_all(&service).unwrap();
        let append = |name: &str, text: &str| {
            let mut file = File::options()
                .create(true)
                .append(true)
                .open(service.join(name))
                .unwrap();
            file.write_all(text.as_bytes()).unwrap();
        };
        append("a.log", &format!("{DONE}\n{}", &DONE[..10]));
        append("notes.txt", "not a log\n");
        assert_eq!(logs.read().unwrap(), [done()]);
        assert_eq!(logs.read().unwrap(), []);
        append("a.log", &format!("{}\n", &DONE[10..]));
        append("b.log", &format!("{DONE}\n"));
        assert_eq!(logs.read().unwrap(), [done(), done()]);
    }
}
