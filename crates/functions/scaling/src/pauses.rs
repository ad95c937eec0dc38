//! The pauses of services, which people record in parameters of Systems Manager.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_ssm::Client;
use futures::future::join_all;
use lambda_kit::{Level, Log, in_time};
use scaling::Pause;
use serde_json::json;
use tokio::time::Instant;

/// Names that one GetParameters call takes.
///
/// Source: AWS Systems Manager API Reference, GetParameters.
const NAMES_PER_CALL: usize = 10;

/// How long a call can last. A function in a VPC without an endpoint for Systems Manager gets no answer, and must still scale.
const CALL: Duration = Duration::from_secs(2);

/// A service's pause, if it has one; or why that is unknown.
pub(crate) type PauseRead = Result<Option<Pause>, String>;

/// Reads the pauses that parameters of these names record. A parameter that doesn't exist is no pause.
pub(crate) async fn read_pauses(
    client: &Client,
    names: &[String],
    deadline: Instant,
) -> HashMap<String, PauseRead> {
    let deadline = deadline.min(Instant::now() + CALL);
    let calls = names.chunks(NAMES_PER_CALL).map(async |names| {
        let call = client
            .get_parameters()
            .set_names(Some(names.to_vec()))
            .send();
        let reply = in_time("GetParameters", deadline, call).await;
        names.iter().map(move |name| match &reply {
            Ok(reply) => {
                let mut found = reply.parameters().iter();
                let parameter = found.find(|one| one.name() == Some(name));
                (name.clone(), parse(parameter.map(|one| one.value())))
            }
            Err(error) => (name.clone(), Err(error.to_string())),
        })
    });
    join_all(calls).await.into_iter().flatten().collect()
}

/// Reads a parameter's value, if there is the parameter.
fn parse(value: Option<Option<&str>>) -> PauseRead {
    let Some(value) = value else { return Ok(None) };
    let pause = serde_json::from_str(value.unwrap_or_default());
    pause
        .map(Some)
        .map_err(|error| format!("the parameter records no pause: {error}"))
}

/// What this environment knows of a service's pause.
#[derive(Debug, Default)]
pub(crate) struct KnownPause {
    pause: Option<Pause>,
    /// Whether the latest reading failed.
    unread: bool,
}

/// What has changed since the check before.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PauseNews {
    Paused(Pause),
    Resumed,
    Unread(String),
}

impl KnownPause {
    /// The pause that holds at a moment since the Unix epoch.
    pub(crate) fn at(&self, now: Duration) -> Option<&Pause> {
        self.pause.as_ref().filter(|pause| pause.holds_at(now))
    }

    /// Learns what was read at a moment since the Unix epoch. What can't be read stays as it was known: without a reading,
    /// not paused.
    pub(crate) fn learn(&mut self, read: PauseRead, now: Duration) -> Option<PauseNews> {
        let read = match read {
            Ok(read) => read,
            Err(error) => {
                let known = std::mem::replace(&mut self.unread, true);
                let ended = self.end(now);
                return if known {
                    ended
                } else {
                    Some(PauseNews::Unread(error))
                };
            }
        };
        self.unread = false;
        match read.filter(|pause| pause.holds_at(now)) {
            Some(pause) if self.pause.as_ref() == Some(&pause) => None,
            Some(pause) => Some(PauseNews::Paused(self.pause.insert(pause).clone())),
            None => self.pause.take().map(|_| PauseNews::Resumed),
        }
    }

    /// Forgets a pause that has ended.
    fn end(&mut self, now: Duration) -> Option<PauseNews> {
        self.pause
            .take_if(|pause| !pause.holds_at(now))
            .map(|_| PauseNews::Resumed)
    }
}

/// A line for what has changed.
pub(crate) fn log_news(log: &mut Log<'_>, service: &str, news: &PauseNews) {
    match news {
        PauseNews::Paused(pause) => {
            let fields = json!({"service": service, "reason": pause.describe()});
            log.line(Level::Info, "paused", fields);
        }
        PauseNews::Resumed => log.line(Level::Info, "resumed", json!({"service": service})),
        PauseNews::Unread(error) => {
            let fields = json!({"service": service, "error": error});
            log.line(Level::Warn, "pause unknown", fields);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SINCE: Duration = Duration::from_secs(1_795_255_200);

    fn pause(until: Option<u64>) -> Pause {
        Pause {
            since: SINCE,
            until: until.map(|seconds| SINCE + Duration::from_secs(seconds)),
            by: "ada".to_owned(),
            reason: "incident".to_owned(),
            in_only: false,
        }
    }

    #[test]
    fn only_changes_are_news() {
        let mut known = KnownPause::default();
        assert_eq!(known.learn(Ok(None), SINCE), None);
        let open = pause(None);
        let paused = Some(PauseNews::Paused(open.clone()));
        assert_eq!(known.learn(Ok(Some(open.clone())), SINCE), paused);
        assert_eq!(known.learn(Ok(Some(open.clone())), SINCE), None);
        let longer = pause(Some(60));
        let changed = Some(PauseNews::Paused(longer.clone()));
        assert_eq!(known.learn(Ok(Some(longer)), SINCE), changed);
        assert_eq!(known.learn(Ok(None), SINCE), Some(PauseNews::Resumed));
        assert_eq!(known.learn(Ok(None), SINCE), None);
    }

    /// The last known state holds, but not beyond the end of the pause.
    #[test]
    fn what_cant_be_read_stays_until_it_ends() {
        let mut known = KnownPause::default();
        let failed = || Err("denied".to_owned());
        let unread = Some(PauseNews::Unread("denied".to_owned()));
        assert_eq!(known.learn(failed(), SINCE), unread);
        assert_eq!(known.at(SINCE), None);
        known.learn(Ok(Some(pause(Some(60)))), SINCE);
        assert_eq!(known.learn(failed(), SINCE), unread);
        assert_eq!(known.learn(failed(), SINCE), None);
        assert!(known.at(SINCE + Duration::from_secs(59)).is_some());
        let end = SINCE + Duration::from_secs(60);
        assert_eq!(known.at(end), None);
        assert_eq!(known.learn(failed(), end), Some(PauseNews::Resumed));
    }

    #[test]
    fn a_value_that_is_no_record_is_an_error() {
        assert_eq!(parse(None), Ok(None));
        assert!(parse(Some(Some("on"))).is_err());
        assert!(parse(Some(None)).is_err());
    }
}
