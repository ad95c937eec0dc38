//! A run of the experiments.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use deployer::{Identity, Progress, Result, Session};
use simulator::calibration::{
    AlarmChange, CountSample, Design, Experiment, MINUTES_BEFORE, Observation, PublishedValue,
};

use crate::publish::{Datum, publish};
use crate::read::{Services, is_visible, unix};
use crate::stage::{Stage, TARGET, designs};

/// Minutes after which an experiment always ends: the low alarm's 15, the actions, and a few more.
const LONGEST: f64 = 25.0;

/// Number of reads per minute.
const READS_PER_MINUTE: f64 = 12.0;

/// When a datapoint is published within its minute, as a share of the minute.
const OFFSET: f64 = 0.05;

/// Number of consecutive failed reads that are tolerated.
const PATIENCE: u32 = 20;

/// Deploys the experiments, runs them, and returns the measurements. Doesn't delete the stack: see
/// [`crate::remove`].
///
/// # Errors
/// If the stack can't be deployed, or if AWS can't be reached for some time.
pub async fn run(
    session: &Session<'_>,
    stage: &Stage,
    identity: &Identity,
    measured: String,
) -> Result<Observation> {
    let mut run = Run::new(session, stage);
    run.publish_history().await?;
    run.note("deploying the experiments");
    // Metrics are published while CloudFormation is working, so that the alarms have data when they are
    // created.
    let stack_id = {
        let deploying = stage.deploy(session);
        tokio::pin!(deploying);
        loop {
            tokio::select! {
                deployed = &mut deploying => break deployed?,
                () = tokio::time::sleep(run.until_next_minute()) => run.publish_minute().await?,
            }
        }
    };
    let services = Services::find(session, &stack_id).await?;
    run.begin(&services).await?;
    run.watch(&services).await?;
    let starts = services.task_starts(session).await?;
    let mut observation = run.into_observation(starts);
    observation.measured = measured;
    observation.place = match stage.in_sandbox {
        true => "the sandbox".to_owned(),
        false => identity.region.clone(),
    };
    Ok(observation)
}

struct Run<'r, 's> {
    session: &'r Session<'s>,
    stage: &'r Stage,
    /// Origin of the observation's times: a whole minute of the loop, in seconds since 1970.
    origin: f64,
    /// The experiments, in the order of their designs.
    experiments: Vec<Experiment>,
    /// First minute of the metrics under test, counted from the origin.
    first: Option<i64>,
    published: i64,
}

fn now() -> f64 {
    unix(SystemTime::now())
}

impl<'r, 's> Run<'r, 's> {
    fn new(session: &'r Session<'s>, stage: &'r Stage) -> Self {
        let minute = stage.minute;
        let origin = ((now() / minute).floor() - f64::from(MINUTES_BEFORE)) * minute;
        let experiment = |design: &Design| Experiment::from_design(design, TARGET);
        Self {
            session,
            stage,
            origin,
            experiments: designs().iter().map(experiment).collect(),
            first: None,
            published: -1,
        }
    }

    fn note(&self, text: &str) {
        (self.session.progress)(Progress::Note { text: text.into() });
    }

    fn since_origin(&self) -> f64 {
        now() - self.origin
    }

    #[expect(clippy::cast_possible_truncation, reason = "minutes of a run")]
    fn minute_now(&self) -> i64 {
        (self.since_origin() / self.stage.minute).floor() as i64
    }

    fn until_next_minute(&self) -> Duration {
        let due = (self.published as f64 + 1.0 + OFFSET) * self.stage.minute;
        Duration::try_from_secs_f64(due - self.since_origin()).unwrap_or_default()
    }

    /// Publishes the minutes before the start.
    async fn publish_history(&mut self) -> Result<()> {
        let last = self.minute_now();
        for minute in 0..last {
            self.publish_at(minute, (minute as f64 + 0.5) * self.stage.minute)
                .await?;
        }
        self.published = last - 1;
        Ok(())
    }

    async fn publish_minute(&mut self) -> Result<()> {
        let minute = self.minute_now();
        if minute > self.published {
            self.published = minute;
            self.publish_at(minute, self.since_origin()).await?;
        }
        Ok(())
    }

    /// Publishes the datapoint of a minute, with a time in seconds since the origin.
    async fn publish_at(&mut self, minute: i64, at: f64) -> Result<()> {
        let since = self.first.map(|first| minute - first);
        let since = since.and_then(|since| usize::try_from(since).ok());
        let values = designs()
            .map(|design| TARGET * since.map_or(design.before, |since| design.multiple(since)));
        let time = UNIX_EPOCH + Duration::from_secs_f64(self.origin + at);
        let data: Vec<Datum<'_>> = self
            .experiments
            .iter()
            .zip(values)
            .map(|(one, value)| Datum {
                experiment: &one.name,
                at: time,
                value,
            })
            .collect();
        publish(self.session.clients, &self.stage.run, &data).await?;
        for (one, value) in self.experiments.iter_mut().zip(values) {
            one.published.push(PublishedValue {
                at,
                value,
                visible: None,
            });
        }
        Ok(())
    }

    /// Starts the experiments with the next minute. Earlier events aren't part of them. No task is removed while
    /// a service is being deployed, so they wait for the first tasks.
    async fn begin(&mut self, services: &Services) -> Result<()> {
        let end = self.since_origin() + LONGEST * self.stage.minute;
        let counts = loop {
            let counts = services.counts(self.session).await?;
            let is_settled = counts.values().all(|(desired, running)| desired == running);
            if is_settled || self.since_origin() > end {
                break counts;
            }
            self.pause().await?;
        };
        let at = self.since_origin();
        for one in &mut self.experiments {
            let (_, running) = counts.get(one.name.as_str()).copied().unwrap_or_default();
            one.start = at;
            one.running.push(CountSample { at, running });
        }
        self.first = Some(self.published + 1);
        self.note("running the experiments");
        Ok(())
    }

    async fn watch(&mut self, services: &Services) -> Result<()> {
        let end = self.since_origin() + LONGEST * self.stage.minute;
        let mut failures = 0;
        loop {
            match self.read(services).await {
                Ok(()) => failures = 0,
                Err(error) if failures >= PATIENCE => return Err(error),
                Err(_) => failures += 1,
            }
            let left = self.left();
            if left.is_empty() || self.since_origin() > end {
                if !left.is_empty() {
                    self.note(&format!("ended before all actions of {}", left.join(", ")));
                }
                return Ok(());
            }
            self.pause().await?;
        }
    }

    /// Waits until the next read, and publishes due datapoints.
    async fn pause(&mut self) -> Result<()> {
        let every = Duration::from_secs_f64(self.stage.minute / READS_PER_MINUTE);
        tokio::time::sleep(every.min(self.until_next_minute())).await;
        if self.until_next_minute().is_zero() {
            self.publish_minute().await?;
        }
        Ok(())
    }

    /// Returns the experiments whose alarms haven't acted often enough.
    fn left(&self) -> Vec<&'static str> {
        let designs = designs();
        let pairs = designs.iter().zip(&self.experiments);
        let left = pairs
            .filter(|(design, one)| one.count_actions(self.stage.minute) < design.actions as usize);
        left.map(|(design, _)| design.name).collect()
    }

    async fn read(&mut self, services: &Services) -> Result<()> {
        let counts = services.counts(self.session).await?;
        let alarms = services.alarms(self.session, &self.stage.run).await?;
        let mut activities = BTreeMap::new();
        for design in designs() {
            let found = services.activities(self.session, design.name).await?;
            activities.insert(design.name.to_owned(), found);
        }
        let (at, origin) = (self.since_origin(), self.origin);
        for one in &mut self.experiments {
            if let Some((_, running)) = counts.get(one.name.as_str())
                && one
                    .running
                    .last()
                    .is_none_or(|last| last.running != *running)
            {
                one.running.push(CountSample {
                    at,
                    running: *running,
                });
            }
            let found = activities.remove(&one.name).unwrap_or_default().into_iter();
            let since = found.map(|mut activity| {
                activity.at -= origin;
                activity
            });
            one.activities = since.collect();
            for alarm in &alarms {
                if alarm.experiment == one.name {
                    note_alarm(one, alarm, alarm.since - origin);
                }
            }
            one.end = at;
        }
        self.read_visibility(at).await
    }

    /// Records when the newest datapoint of the first experiment is returned.
    async fn read_visibility(&mut self, at: f64) -> Result<()> {
        // In a sandbox that runs faster than real time, a period of 60 s contains several minutes of the loop.
        if self.stage.minute < 60.0 {
            return Ok(());
        }
        let Some(one) = self.experiments.first_mut() else {
            return Ok(());
        };
        let Some(last) = one.published.last().filter(|last| last.visible.is_none()) else {
            return Ok(());
        };
        if is_visible(self.session, one, &self.stage.run, self.origin + last.at).await?
            && let Some(last) = one.published.last_mut()
        {
            last.visible = Some(at);
        }
        Ok(())
    }

    fn into_observation(self, task_starts: Vec<f64>) -> Observation {
        Observation {
            minute: self.stage.minute,
            image: Some(self.stage.image().to_owned()),
            experiments: self.experiments,
            task_starts,
            ..Observation::default()
        }
    }
}

fn note_alarm(one: &mut Experiment, alarm: &crate::read::AlarmNow, at: f64) {
    use simulator::calibration::AlarmSide;
    match alarm.side {
        AlarmSide::High => one.high_datapoints = alarm.datapoints,
        AlarmSide::Low => {
            one.low_datapoints = alarm.datapoints;
            one.low_threshold = alarm.threshold;
        }
    }
    let mut changes = one.alarms.iter().rev();
    let last = changes.find(|change| change.alarm == alarm.side);
    if last.map_or(alarm.is_alarm, |last| last.is_alarm != alarm.is_alarm) {
        one.alarms.push(AlarmChange {
            at,
            alarm: alarm.side,
            is_alarm: alarm.is_alarm,
        });
        one.alarms.sort_by(|one, other| one.at.total_cmp(&other.at));
    }
}
