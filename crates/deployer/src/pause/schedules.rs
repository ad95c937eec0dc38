//! The schedules of a stack's pauses: each ends one on time, or reminds people of those without an end.

use std::time::Duration;

use aws_sdk_scheduler::operation::create_schedule::CreateScheduleError;
use aws_sdk_scheduler::types::{
    ActionAfterCompletion, FlexibleTimeWindow, FlexibleTimeWindowMode, Target,
};
use aws_smithy_types::DateTime;
use scaling::{Pause, format_timestamp};
use serde_json::json;
use template::contract::{read_reminded, types};
use template::names::{PAUSE_ROLE, PAUSE_SCHEDULES};
use tokio::time::Instant;

use super::outdated;
use super::subjects::{self, Subject};
use crate::deployed_stack::DeployedStack;
use crate::error::{Error, Result, aws};
use crate::session::Session;

/// How often people are reminded.
const REMINDED_EVERY: Duration = Duration::from_hours(24);

/// Most topics that are reminded. Source: an alarm, which notifies the same topics, has up to five actions (Amazon CloudWatch API
/// Reference, PutMetricAlarm).
const MOST_TOPICS: usize = 5;

/// How much later than now a schedule must be, so that it isn't over when Scheduler gets it.
const MARGIN: Duration = Duration::from_mins(1);

/// The group of the stack's schedules, and what they need.
#[derive(Clone, Debug)]
pub(super) struct Schedules {
    /// The group's name, and the ARN of the role for its schedules; `None` if the stack has none.
    means: Option<(String, String)>,
    /// ARNs of the topics that can be reminded.
    topics: Vec<String>,
    partition: String,
    /// A moment since the Unix epoch, and the same one on the clock that shows how long ago it was.
    clock: (Duration, Instant),
}

/// A schedule to make.
struct Planned {
    name: String,
    description: String,
    expression: String,
    start: Option<Duration>,
    /// ARN of what it invokes, and with what.
    target: (String, String),
    /// Whether it is deleted after it was carried out.
    once: bool,
}

impl Planned {
    fn build(&self, role: &str) -> Result<(Target, FlexibleTimeWindow)> {
        let (arn, input) = &self.target;
        let target = Target::builder().arn(arn).role_arn(role).input(input);
        let window = FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off);
        let built = target
            .build()
            .and_then(|target| Ok((target, window.build()?)));
        built.map_err(|error| Error::failed(format!("failed to create a schedule: {error}")))
    }

    fn start_date(&self) -> Option<DateTime> {
        let seconds = self.start?.as_secs();
        Some(DateTime::from_secs(
            i64::try_from(seconds).unwrap_or(i64::MAX),
        ))
    }

    fn after(&self) -> ActionAfterCompletion {
        match self.once {
            true => ActionAfterCompletion::Delete,
            false => ActionAfterCompletion::None,
        }
    }
}

impl Schedules {
    /// `now`: since the Unix epoch.
    pub(super) fn of(stack: &DeployedStack, now: Duration) -> Self {
        // `arn:PARTITION:cloudformation:REGION:ACCOUNT:stack/…`
        let mut arn = stack.stack.id.split(':');
        let partition = arn.nth(1).unwrap_or("aws").to_owned();
        let account = arn.nth(2).unwrap_or_default();
        let role = stack.find(types::ROLE, PAUSE_ROLE).map(|role| {
            let path = stack.property(PAUSE_ROLE, "Path").as_str().unwrap_or("/");
            format!(
                "arn:{partition}:iam::{account}:role{path}{}",
                role.physical_id
            )
        });
        let group = stack.find(types::SCHEDULE_GROUP, PAUSE_SCHEDULES);
        let topics = read_reminded(stack.resource(PAUSE_SCHEDULES)).into_iter();
        let topics = topics.filter_map(|topic| match topic.starts_with("arn:") {
            true => Some(topic.to_owned()),
            false => Some(stack.find(types::TOPIC, topic)?.physical_id.clone()),
        });
        Self {
            means: group.map(|group| group.physical_id.clone()).zip(role),
            topics: topics.collect(),
            partition,
            clock: (now, Instant::now()),
        }
    }

    /// The current time, since the Unix epoch.
    pub(super) fn now(&self) -> Duration {
        let (then, at) = self.clock;
        then + at.elapsed()
    }

    /// Whether there is someone to remind, and what does it.
    pub(super) fn can_remind(&self) -> bool {
        self.means.is_some() && !self.topics.is_empty()
    }

    /// # Errors
    /// If the stack has no group and role for schedules.
    pub(super) fn require_role(&self) -> Result<()> {
        match self.means {
            Some(_) => Ok(()),
            None => Err(outdated("the template")),
        }
    }

    /// Makes the schedule that ends the pause of a scalable target on time. Bounds that a schedule of the service holds then are
    /// registered with it, because Application Auto Scaling doesn't make up for scheduled actions that it missed.
    pub(super) async fn end_at(
        &self,
        session: &Session<'_>,
        subject: &Subject,
        target: &subjects::Target,
        until: Duration,
    ) -> Result<()> {
        let end = until.max(self.now() + MARGIN);
        let mut input = json!({
            "ServiceNamespace": "ecs",
            "ScalableDimension": "ecs:service:DesiredCount",
            "ResourceId": subject.ecs.resource_id(),
            "SuspendedState": {
                "DynamicScalingInSuspended": false,
                "DynamicScalingOutSuspended": false,
                "ScheduledScalingSuspended": false,
            },
        });
        if let Some(bounds) = target.bounds_at(end) {
            input["MinCapacity"] = bounds.min().into();
            input["MaxCapacity"] = bounds.max().into();
        }
        let call = "aws-sdk:applicationautoscaling:registerScalableTarget";
        let planned = Planned {
            name: subject.name.clone(),
            description: format!("Resumes scaling of {}", subject.name),
            expression: format!("at({})", write_local(end)),
            start: None,
            target: (
                format!("arn:{}:scheduler:::{call}", self.partition),
                input.to_string(),
            ),
            once: true,
        };
        self.put(session, planned).await
    }

    /// Makes or deletes the schedules that remind people of the pauses without an end. Gives the topics.
    pub(super) async fn remind(
        &self,
        session: &Session<'_>,
        stack: &str,
        open: &[(&str, &Pause)],
    ) -> Result<Vec<String>> {
        // A service's name has no such character.
        let name = |place: usize| format!("reminder.{}", place + 1);
        let first = open.iter().map(|(_, pause)| pause.since).min();
        let reminded = match first {
            Some(_) if self.means.is_some() => self.topics.as_slice(),
            _ => &[],
        };
        for (place, topic) in reminded.iter().enumerate() {
            let planned = Planned {
                name: name(place),
                description: format!("Reminds people that scaling of stack {stack} is paused"),
                expression: "rate(1 day)".to_owned(),
                start: first.map(|first| next_reminder(first, self.now())),
                target: (topic.clone(), write_reminder(stack, open)),
                once: false,
            };
            self.put(session, planned).await?;
        }
        // Deletes the reminders of topics that the template no longer has.
        for place in reminded.len()..MOST_TOPICS {
            self.delete(session, &name(place)).await?;
        }
        Ok(reminded.to_vec())
    }

    /// Makes a schedule, or changes the one of this name.
    async fn put(&self, session: &Session<'_>, planned: Planned) -> Result<()> {
        let Some((group, role)) = &self.means else {
            return Ok(());
        };
        let doing = format!("create the schedule {} in {group}", planned.name);
        let (target, window) = planned.build(role)?;
        let client = &session.clients.scheduler;
        let made = client
            .create_schedule()
            .group_name(group)
            .name(&planned.name)
            .description(&planned.description)
            .schedule_expression(&planned.expression)
            .set_start_date(planned.start_date())
            .target(target.clone())
            .flexible_time_window(window.clone())
            .action_after_completion(planned.after())
            .client_token(session.token())
            .send()
            .await;
        let error = match made {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        let known = error.as_service_error();
        if !known.is_some_and(CreateScheduleError::is_conflict_exception) {
            return Err(aws(doing)(error));
        }
        let changed = client
            .update_schedule()
            .group_name(group)
            .name(&planned.name)
            .description(&planned.description)
            .schedule_expression(&planned.expression)
            .set_start_date(planned.start_date())
            .target(target)
            .flexible_time_window(window)
            .action_after_completion(planned.after())
            .client_token(session.token())
            .send()
            .await;
        changed.map(drop).map_err(aws(doing))
    }

    /// Deletes the schedule of this name, if there is one. The one that ends a pause has the name of the service.
    pub(super) async fn delete(&self, session: &Session<'_>, name: &str) -> Result<()> {
        let Some((group, _)) = &self.means else {
            return Ok(());
        };
        let request = session.clients.scheduler.delete_schedule();
        match request.group_name(group).name(name).send().await {
            Ok(_) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_resource_not_found_exception()) =>
            {
                Ok(())
            }
            Err(error) => Err(aws(format!("delete the schedule {name} in {group}"))(error)),
        }
    }
}

/// A moment in the form of `at(…)`: UTC without a zone, in whole seconds, not earlier.
pub(super) fn write_local(moment: Duration) -> String {
    let whole = Duration::from_secs(moment.as_secs() + u64::from(moment.subsec_nanos() > 0));
    format_timestamp(whole).trim_end_matches('Z').to_owned()
}

/// When people are reminded next: whole days after the first pause.
pub(super) fn next_reminder(first: Duration, now: Duration) -> Duration {
    let days = now.saturating_sub(first).as_secs() / REMINDED_EVERY.as_secs() + 1;
    first + REMINDED_EVERY * u32::try_from(days).unwrap_or(u32::MAX)
}

/// The message of a reminder.
pub(super) fn write_reminder(stack: &str, open: &[(&str, &Pause)]) -> String {
    let lines = open
        .iter()
        .map(|(service, pause)| format!("- {service}: {}\n", pause.describe()));
    format!(
        "Scaling of stack {stack} is paused, without an end:\n{}To end it: ecs-scaler resume {stack}\nYou get this reminder every day until then.\n",
        lines.collect::<String>()
    )
}
