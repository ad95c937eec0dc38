//! A pause: someone keeps the policies of a service from changing its count, for a while or until someone resumes it.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{format_timestamp, parse_timestamp};

/// Beginning of the names of the parameters that record the pauses of all stacks.
const PREFIX: &str = "/ecs-scaler/";
/// End of the name of a parameter that records a pause.
const NAME: &str = "/pause";

/// Path of the parameters that record the pauses of a stack's services.
#[must_use]
pub fn pause_path(stack: &str) -> String {
    format!("{PREFIX}{stack}/")
}

/// Name of the parameter that records the pause of a service, by its name in the definition. It isn't a part of the stack: a
/// deploy neither makes nor deletes it.
#[must_use]
pub fn pause_parameter(stack: &str, service: &str) -> String {
    format!("{}{service}{NAME}", pause_path(stack))
}

/// The service whose pause the parameter of this name records. `None` if it records no pause of this stack.
#[must_use]
pub fn paused_service<'n>(stack: &str, name: &'n str) -> Option<&'n str> {
    let service = name.strip_prefix(&pause_path(stack))?.strip_suffix(NAME)?;
    (!service.is_empty() && !service.contains('/')).then_some(service)
}

/// Who paused a service, since when, why, and how far. A parameter holds it as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// When it was first paused, since the Unix epoch.
    #[serde(serialize_with = "write_moment", deserialize_with = "read_moment")]
    pub since: Duration,
    /// When the pause ends, since the Unix epoch. `None`: when someone resumes the service.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "write_some_moment",
        deserialize_with = "read_some_moment"
    )]
    pub until: Option<Duration>,
    /// Who paused it: the end of the ARN of their identity.
    pub by: String,
    /// Why, in their words.
    pub reason: String,
    /// Whether only scale-in is paused.
    #[serde(default)]
    pub in_only: bool,
}

impl Pause {
    /// Whether it holds at a moment since the Unix epoch.
    #[must_use]
    pub fn holds_at(&self, now: Duration) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    /// The count that a policy may set where it would go from `from` to `to`.
    #[must_use]
    pub fn allow(&self, from: u32, to: u32) -> u32 {
        match self.in_only {
            true => to.max(from),
            false => from,
        }
    }

    /// The pause in a clause: `paused by USER since TIME: REASON, until TIME`.
    #[must_use]
    pub fn describe(&self) -> String {
        let what = match self.in_only {
            true => "scale-in paused",
            false => "paused",
        };
        let Self { by, reason, .. } = self;
        let since = format_timestamp(self.since);
        let until = self.until.map_or_else(String::new, |at| {
            format!(", until {}", format_timestamp(at))
        });
        format!("{what} by {by} since {since}: {reason}{until}")
    }
}

fn write_moment<S: Serializer>(moment: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format_timestamp(*moment))
}

fn write_some_moment<S: Serializer>(
    moment: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match moment {
        Some(moment) => write_moment(moment, serializer),
        None => serializer.serialize_none(),
    }
}

fn read_moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    let moment = parse_timestamp(&text);
    moment.ok_or_else(|| de::Error::custom(format!("{text:?} is not a time")))
}

fn read_some_moment<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    read_moment(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 2026-11-21T10:00:00Z and two hours later, as the other tests of times have it.
    const SINCE: Duration = Duration::from_secs(1_795_255_200);
    const UNTIL: Duration = Duration::from_secs(1_795_262_400);

    fn pause() -> Pause {
        Pause {
            since: SINCE,
            until: Some(UNTIL),
            by: "ops/ada".to_owned(),
            reason: "the database is slow".to_owned(),
            in_only: false,
        }
    }

    #[test]
    fn the_record_is_readable_and_comes_back() {
        let text = serde_json::to_string(&pause()).unwrap();
        assert_eq!(
            text,
            r#"{"since":"2026-11-21T10:00:00Z","until":"2026-11-21T12:00:00Z","by":"ops/ada","reason":"the database is slow","in_only":false}"#
        );
        assert_eq!(serde_json::from_str::<Pause>(&text).unwrap(), pause());
        let open = r#"{"since":"2026-11-21T10:00:00Z","by":"ops/ada","reason":"r","later":1}"#;
        let open: Pause = serde_json::from_str(open).unwrap();
        assert_eq!((open.until, open.in_only), (None, false));
    }

    #[test]
    fn what_is_no_record_is_an_error() {
        for text in [
            "",
            "on",
            r#"{"since":"today","by":"a","reason":"r"}"#,
            r#"{"since":"2026-11-21T10:00:00Z","by":"a","reason":"r","until":null}"#,
        ] {
            assert!(serde_json::from_str::<Pause>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn it_ends_on_time() {
        let second = Duration::from_secs(1);
        assert!(pause().holds_at(UNTIL - second));
        assert!(!pause().holds_at(UNTIL));
        let open = Pause {
            until: None,
            ..pause()
        };
        assert!(open.holds_at(Duration::MAX));
    }

    #[test]
    fn its_sentence_has_everything() {
        assert_eq!(
            pause().describe(),
            "paused by ops/ada since 2026-11-21T10:00:00Z: the database is slow, until 2026-11-21T12:00:00Z"
        );
        let in_only = Pause {
            until: None,
            in_only: true,
            ..pause()
        };
        assert_eq!(
            in_only.describe(),
            "scale-in paused by ops/ada since 2026-11-21T10:00:00Z: the database is slow"
        );
    }

    #[test]
    fn only_a_name_of_this_stack_leads_to_a_service() {
        let name = pause_parameter("shop", "worker");
        assert_eq!(name, "/ecs-scaler/shop/worker/pause");
        assert_eq!(paused_service("shop", &name), Some("worker"));
        for (stack, name) in [
            ("sho", name.as_str()),
            ("shop-2", name.as_str()),
            ("shop", "/ecs-scaler/shop//pause"),
            ("shop", "/ecs-scaler/shop/a/b/pause"),
            ("shop", "/ecs-scaler/shop/worker/other"),
            ("shop", "/ecs-scaler/shop/pause"),
        ] {
            assert_eq!(paused_service(stack, name), None, "{stack} {name}");
        }
    }

    proptest! {
        #[test]
        fn a_pause_lets_nothing_through_that_it_forbids(from in 0u32..1_000, to in 0u32..1_000) {
            prop_assert_eq!(pause().allow(from, to), from);
            let in_only = Pause { in_only: true, ..pause() };
            let allowed = in_only.allow(from, to);
            prop_assert!(allowed >= from);
            prop_assert_eq!(allowed, if to > from { to } else { from });
        }
    }
}
