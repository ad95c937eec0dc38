//! Assumptions as on a command line: `KEY=VALUE`.

use std::time::Duration;

use crate::assumptions::Assumption;
use crate::compare::OtherPolicy;
use crate::random::Distribution;
use crate::scenario::Overrides;
use crate::time::{parse_duration, write_duration};

/// The key that a wrong one probably means, or else all of them.
fn describe_keys(wrong: &str) -> String {
    match stack::nearest(wrong, KEYS.iter().copied()) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("it is one of {}", KEYS.join(", ")),
    }
}

/// Why an assumption isn't valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssumeError {
    /// Not `KEY=VALUE`.
    #[error("\"{0}\" isn't a valid assumption: use KEY=VALUE")]
    Form(String),
    /// No such key.
    #[error("unknown assumption \"{0}\": {meant}", meant = describe_keys(.0))]
    Key(String),
    /// A value that isn't valid for the key.
    #[error("{key}={value}: write {form}")]
    Value {
        /// Key.
        key: String,
        /// Value.
        value: String,
        /// The valid format.
        form: &'static str,
    },
}

/// Keys of earlier versions with their current names.
const RENAMED: [(&str, &str); 1] = [("promise", "slo")];

/// All keys of assumptions.
pub(crate) const KEYS: [&str; 32] = [
    "slo",
    "processing_time",
    "concurrency",
    "batch",
    "prefetch",
    "deploy_every",
    "policy",
    "task_start",
    "instance_start",
    "launches_per_minute",
    "drains",
    "old_receipt",
    "rule_jitter",
    "publication_delay",
    "count_lag",
    "sqs_metric_delay",
    "evaluation_delay",
    "extra_datapoints",
    "high_datapoints",
    "low_datapoints",
    "low_share",
    "tracking_base",
    "tracking_cooldown",
    "tracking_datapoint",
    "tracking_scale_in",
    "tracking_flapping_guard",
    "action_delay",
    "function_delay",
    "keda_delay",
    "flap_window",
    "function_run",
    "ideal_interval",
];

const TIME: &str = "a duration such as 500ms, 90s, or 2h";
const SPREAD: &str = "a duration such as 200ms, or a distribution: fixed:200ms, \
                      uniform:23s..60s, exponential:200ms, lognormal:200ms,0.5 (mean, coefficient of \
                      variation)";

/// Returns the current name for a key of an earlier version. `None` for every other key.
#[must_use]
pub fn renamed_assumption(key: &str) -> Option<&'static str> {
    let found = RENAMED.iter().find(|(old, _)| *old == key);
    found.map(|(_, present)| *present)
}

impl Overrides {
    /// Sets an assumption such as `task_start=uniform:23s..60s`: `slo`, `processing_time`, `concurrency`, `batch`,
    /// `prefetch`, `deploy_every`, `policy`, or a field of [`crate::Assumptions`]. Also accepts keys of earlier versions: see
    /// [`renamed_assumption`].
    ///
    /// # Errors
    /// If the key doesn't exist, or the value isn't valid for it.
    pub fn assume(&mut self, text: &str) -> Result<(), AssumeError> {
        let short = |text: &str| text.chars().take(60).collect::<String>();
        let (key, value) = text
            .split_once('=')
            .ok_or_else(|| AssumeError::Form(short(text)))?;
        let (key, value) = (key.trim(), value.trim());
        let present = renamed_assumption(key).unwrap_or(key);
        if !KEYS.contains(&present) {
            return Err(AssumeError::Key(short(key)));
        }
        self.set(present, value).map_err(|form| AssumeError::Value {
            key: key.to_owned(),
            value: short(value),
            form,
        })
    }

    /// Lists, for people, the service's values that override the definition.
    pub(crate) fn list_given(&self) -> Vec<Assumption> {
        let time = write_duration;
        let values = [
            ("slo", "latency objective", self.slo.map(time)),
            (
                "processing_time",
                "processing time of a message",
                self.processing.map(|one| one.to_string()),
            ),
            (
                "concurrency",
                "messages that a task works on at once",
                self.concurrency.map(|one| one.to_string()),
            ),
            (
                "batch",
                "messages that a task receives at once",
                self.batch.map(|one| one.to_string()),
            ),
            (
                "prefetch",
                "tasks receive while they work",
                self.prefetch.map(|one| one.to_string()),
            ),
            (
                "deploy_every",
                "a deployment every",
                self.deploy_every.map(time),
            ),
            (
                "policy",
                "policy instead of the definition's",
                self.policy.map(|one| one.name().to_owned()),
            ),
        ];
        let evidence = self.assumptions.as_ref().map(|all| &all.evidence);
        let given = values.into_iter().filter_map(|(key, name, value)| {
            Some(Assumption {
                key,
                name,
                value: value?,
                source: "D",
                evidence: evidence.and_then(|all| all.get(key).cloned()),
            })
        });
        given.collect()
    }

    /// Sets an assumption. The error is the valid format.
    pub(crate) fn set(&mut self, key: &str, value: &str) -> Result<(), &'static str> {
        if let Some(assumed) = &mut self.assumptions {
            assumed.evidence.remove(key);
        }
        match key {
            "policy" => self.policy = Some(OtherPolicy::parse(value)?),
            "slo" => self.slo = Some(parse_time(value)?),
            "processing_time" => {
                self.processing = Some(parse_distribution(value, Distribution::Exponential)?);
            }
            "concurrency" => self.concurrency = Some(parse_whole(value)?),
            "batch" => self.batch = Some(parse_whole(value)?),
            "prefetch" => self.prefetch = Some(value.parse().map_err(|_| "true or false")?),
            "deploy_every" => self.deploy_every = Some(parse_time(value)?),
            _ => return self.set_constant(key, value),
        }
        Ok(())
    }

    fn set_constant(&mut self, key: &str, value: &str) -> Result<(), &'static str> {
        let assumed = self.assumptions.get_or_insert_default();
        match key {
            "task_start" => assumed.task_start = parse_distribution(value, Distribution::Fixed)?,
            "instance_start" => assumed.instance_start = parse_time(value)?,
            "launches_per_minute" => assumed.launches_per_minute = parse_whole(value)?,
            "drains" => assumed.drains = value.parse().map_err(|_| "true or false")?,
            "old_receipt" => assumed.old_receipt = value.parse()?,
            "rule_jitter" => assumed.rule_jitter = parse_time(value)?,
            "publication_delay" => assumed.publication_delay = parse_time(value)?,
            "count_lag" => assumed.count_lag = parse_time(value)?,
            "sqs_metric_delay" => assumed.sqs_metric_delay = parse_time(value)?,
            "evaluation_delay" => assumed.evaluation_delay = parse_time(value)?,
            "extra_datapoints" => assumed.extra_datapoints = parse_datapoints(value)?,
            "high_datapoints" => assumed.high_datapoints = parse_datapoints(value)?,
            "low_datapoints" => assumed.low_datapoints = parse_datapoints(value)?,
            "low_share" => assumed.low_share = parse_fraction(value)?,
            "action_delay" => assumed.action_delay = parse_time(value)?,
            "function_delay" => assumed.function_delay = parse_time(value)?,
            "keda_delay" => assumed.keda_delay = parse_time(value)?,
            "flap_window" => assumed.flap_window = parse_time(value)?,
            "function_run" => assumed.function_run = parse_time(value)?,
            "ideal_interval" => assumed.ideal_interval = parse_time(value)?,
            _ => {
                let part = key.strip_prefix("tracking_").ok_or("another key")?;
                assumed.tracking.set(part, value)?;
            }
        }
        Ok(())
    }
}

fn parse_time(text: &str) -> Result<Duration, &'static str> {
    // Longer than any load, and short enough to be added to one.
    let most = Duration::from_secs(10 * 365 * 86_400);
    parse_duration(text)
        .filter(|time| *time <= most)
        .ok_or(TIME)
}

fn parse_whole(text: &str) -> Result<u32, &'static str> {
    let number: Option<u32> = text.parse().ok();
    number
        .filter(|number| *number > 0)
        .ok_or("a whole number from 1")
}

fn parse_datapoints(text: &str) -> Result<u32, &'static str> {
    let number: Option<u32> = text.parse().ok();
    number
        .filter(|number| *number <= 100)
        .ok_or("a whole number up to 100")
}

fn parse_fraction(text: &str) -> Result<f64, &'static str> {
    let number: Option<f64> = text.parse().ok();
    number
        .filter(|number| (0.0..=1.0).contains(number))
        .ok_or("a number from 0 to 1")
}

/// Parses a distribution. `alone` turns a single duration into one.
fn parse_distribution(
    text: &str,
    alone: fn(Duration) -> Distribution,
) -> Result<Distribution, &'static str> {
    let length = |text: &str| parse_time(text.trim()).map_err(|_| SPREAD);
    let Some((name, rest)) = text.split_once(':') else {
        return length(text).map(alone);
    };
    match name.trim() {
        "fixed" => length(rest).map(Distribution::Fixed),
        "exponential" => length(rest).map(Distribution::Exponential),
        "uniform" => {
            let (from, to) = rest.split_once("..").ok_or(SPREAD)?;
            let (from, to) = (length(from)?, length(to)?);
            if from > to {
                return Err(SPREAD);
            }
            Ok(Distribution::Uniform(from, to))
        }
        "lognormal" => {
            let (mean, cv) = rest.split_once(',').ok_or(SPREAD)?;
            let cv: f64 = cv.trim().parse().map_err(|_| SPREAD)?;
            if !(0.0..=100.0).contains(&cv) {
                return Err(SPREAD);
            }
            Ok(Distribution::Lognormal {
                mean: length(mean)?,
                cv,
            })
        }
        _ => Err(SPREAD),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assumptions::Assumptions;

    fn assumed(texts: &[&str]) -> Result<Overrides, AssumeError> {
        let mut overrides = Overrides::default();
        for text in texts {
            overrides.assume(text)?;
        }
        Ok(overrides)
    }

    #[test]
    fn assumptions_are_read() {
        let seconds = Duration::from_secs;
        let found = assumed(&[
            "slo=30s",
            "processing_time = lognormal: 200ms, 0.5",
            "concurrency=4",
            "task_start=uniform:20s..1m",
            "low_share=0.8",
            "drains=false",
        ]);
        let expected = Overrides {
            slo: Some(seconds(30)),
            processing: Some(Distribution::Lognormal {
                mean: Duration::from_millis(200),
                cv: 0.5,
            }),
            concurrency: Some(4),
            assumptions: Some(Assumptions {
                task_start: Distribution::Uniform(seconds(20), seconds(60)),
                low_share: 0.8,
                drains: false,
                ..Assumptions::default()
            }),
            ..Overrides::default()
        };
        assert_eq!(found.unwrap(), expected);
        let found = assumed(&["processing_time=2s", "task_start=30s"]).unwrap();
        assert_eq!(
            found.processing,
            Some(Distribution::Exponential(seconds(2)))
        );
        assert_eq!(
            found.assumptions.unwrap().task_start,
            Distribution::Fixed(seconds(30))
        );
    }

    #[test]
    fn a_key_of_an_earlier_version_means_its_present_one() {
        assert_eq!(assumed(&["promise=30s"]), assumed(&["slo=30s"]));
        assert_eq!(renamed_assumption("promise"), Some("slo"));
        assert_eq!(renamed_assumption("slo"), None);
    }

    #[test]
    fn every_constant_has_a_key() {
        let list = Assumptions::default().list();
        let keys: Vec<_> = list.iter().map(|one| one.key).collect();
        assert_eq!(KEYS[7..], keys);
    }

    /// Every key of the list has an effect, and reports its valid format for an invalid value.
    #[test]
    fn every_key_takes_a_value_and_refuses_nonsense() {
        for key in KEYS {
            let taken = [
                "7s", "7", "0.7", "false", "running", "blocks", "average", "5%", "off", "deletes",
                "keda",
            ]
            .iter()
            .any(|value| {
                assumed(&[&format!("{key}={value}")]).unwrap_or_default() != Overrides::default()
            });
            assert!(taken, "{key}");
            let error = assumed(&[&format!("{key}=nonsense")]).unwrap_err();
            let AssumeError::Value { form, .. } = &error else {
                panic!("{error}")
            };
            assert_ne!(*form, "another key", "{key}");
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        let error_message = |text: &str| assumed(&[text]).unwrap_err().to_string();
        assert_eq!(
            error_message("task_start"),
            "\"task_start\" isn't a valid assumption: use KEY=VALUE"
        );
        assert!(
            error_message("anything=3s")
                .starts_with("unknown assumption \"anything\": it is one of slo,")
        );
        assert_eq!(
            error_message("taskstart=3s"),
            "unknown assumption \"taskstart\": did you mean task_start?"
        );
        assert_eq!(
            error_message("concurrency=0"),
            "concurrency=0: write a whole number from 1"
        );
        for value in [
            "uniform:60s..23s",
            "uniform:3s",
            "lognormal:3s,-1",
            "lognormal:3s",
            "beta:3s",
            "",
            "99999999d",
        ] {
            assert!(
                error_message(&format!("task_start={value}")).contains("write a duration"),
                "{value}"
            );
        }
    }
}
