//! One reconciliation of the service with its alarms.

use std::time::Duration;

use lambda_kit::{Level, Log};
use scaling::{
    AlarmScaling, AlarmStepsPolicy, Pause, PerSide, Situation, StateChange, StepDecision,
    StepRecord, Trigger, ringing, within_bounds,
};
use serde::Serialize;
use tokio::time::Instant;

use crate::alarms::Alarm;
use crate::answer::Cause;
use crate::service::{self, Service};
use crate::{Answer, Clients, Problem, ScalingOutcome, memory, metric};

/// The inputs of one reconciliation.
pub(crate) struct AlarmReconciliation<'a> {
    pub(crate) clients: &'a Clients,
    pub(crate) policy: &'a AlarmStepsPolicy,
    pub(crate) scaling: AlarmScaling<'a>,
    pub(crate) trigger: Trigger,
    /// The time now, since the Unix epoch.
    pub(crate) now: Duration,
    pub(crate) deadline: Instant,
    /// The service's pause, if it is paused now.
    pub(crate) pause: Option<Pause>,
}

#[derive(Serialize)]
struct Unmarked<'a> {
    alarm: &'a str,
    reason: String,
}

impl AlarmReconciliation<'_> {
    /// Applies the decision for the alarm that is in ALARM, if any.
    pub(crate) async fn reconcile(
        &self,
        alarms: &PerSide<Option<Alarm>>,
        states: PerSide<Option<StateChange>>,
        log: &mut Log<'_>,
    ) -> Result<Answer, Problem> {
        let rings = ringing(states).and_then(|(side, change)| {
            let alarm = alarms.get(side).as_ref()?;
            Some((side, change, alarm))
        });
        let Some((side, change, alarm)) = rings else {
            return self.quiet().await;
        };
        let cause = Cause {
            policy: self.policy,
            side,
            alarm: &alarm.name,
            change,
        };
        let (desired, deploying) =
            match service::describe(&self.clients.ecs, self.policy, self.deadline).await? {
                Service::Active {
                    desired, deploying, ..
                } => (desired, deploying),
                Service::Draining => {
                    return Ok(
                        cause.unscalable(ScalingOutcome::Draining, "the service is being deleted")
                    );
                }
                Service::Missing(what) => return Ok(answer_missing(&cause, &what)),
            };
        if let Some(answer) = self.within_bounds(desired, deploying).await? {
            return Ok(answer);
        }
        let cloudwatch = &self.clients.cloudwatch;
        let situation = Situation {
            now: self.now,
            trigger: self.trigger,
            side,
            change,
            period: alarm.period,
            desired,
            deploying,
            // Must come after the count: see `Situation::desired`.
            records: memory::recall(cloudwatch, alarms, self.deadline, log).await?,
        };
        let decision = self.decide_step(&situation, alarm).await?;
        if let StepDecision::Finish(step) | StepDecision::Step(step) = &decision
            && let Some(pause) = self.forbidding(desired, step.to)
        {
            // Without a record, so that the step is taken after the pause if the alarm is still in ALARM.
            return Ok(cause.paused(pause, desired, step.to));
        }
        match decision {
            StepDecision::Hold(hold) => Ok(cause.held(hold, desired)),
            StepDecision::Finish(step) => {
                self.apply_step(ScalingOutcome::Finished, step, alarm, &cause, log)
                    .await
            }
            StepDecision::Step(step) => {
                memory::remember(cloudwatch, alarm, &step, self.deadline).await?;
                self.apply_step(ScalingOutcome::Stepped, step, alarm, &cause, log)
                    .await
            }
        }
    }

    /// Brings the count within its bounds on a re-evaluation, if no alarm is in ALARM.
    async fn quiet(&self) -> Result<Answer, Problem> {
        if self.trigger != Trigger::ReEvaluation {
            return Ok(Answer::quiet(self.policy));
        }
        let gone = |outcome, what: &str| Answer::unscalable(self.policy, outcome, what);
        match service::describe(&self.clients.ecs, self.policy, self.deadline).await? {
            Service::Active {
                desired, deploying, ..
            } => {
                let bounded = self.within_bounds(desired, deploying).await?;
                Ok(bounded.unwrap_or_else(|| Answer::quiet(self.policy)))
            }
            Service::Draining => Ok(gone(
                ScalingOutcome::Draining,
                "the service is being deleted",
            )),
            Service::Missing(what) => Ok(gone(ScalingOutcome::Missing, &no_service(&what))),
        }
    }

    /// Brings the count within its bounds, once per minute. Setting a count twice is the same as setting it once,
    /// so this needs no record.
    async fn within_bounds(
        &self,
        desired: u32,
        deploying: bool,
    ) -> Result<Option<Answer>, Problem> {
        let Some(to) = within_bounds(desired, self.scaling.bounds, deploying)
            .filter(|_| self.trigger == Trigger::ReEvaluation)
            .filter(|to| self.forbidding(desired, *to).is_none())
        else {
            return Ok(None);
        };
        let ecs = &self.clients.ecs;
        let gone = service::set_desired(ecs, self.policy, to, self.deadline).await?;
        Ok(Some(match gone {
            Some(what) => {
                Answer::unscalable(self.policy, ScalingOutcome::Missing, &no_service(&what))
            }
            None => Answer::bounded(self.policy, desired, to),
        }))
    }

    /// The pause, if it forbids this change.
    fn forbidding(&self, from: u32, to: u32) -> Option<&Pause> {
        let pause = self.pause.as_ref();
        pause.filter(|pause| pause.allow(from, to) != to)
    }

    /// Decides on a step, for which the metric is read only if it matters.
    async fn decide_step(
        &self,
        situation: &Situation,
        alarm: &Alarm,
    ) -> Result<StepDecision, Problem> {
        if let Some(decision) = situation.decide_at_any_distance(&self.scaling) {
            return Ok(decision);
        }
        let cloudwatch = &self.clients.cloudwatch;
        let distance = metric::read_distance(cloudwatch, alarm, self.now, self.deadline).await?;
        Ok(situation.decide(&self.scaling, distance))
    }

    /// Sets the count, then marks the record as done.
    async fn apply_step(
        &self,
        outcome: ScalingOutcome,
        step: StepRecord,
        alarm: &Alarm,
        cause: &Cause<'_>,
        log: &mut Log<'_>,
    ) -> Result<Answer, Problem> {
        let ecs = &self.clients.ecs;
        if let Some(what) = service::set_desired(ecs, self.policy, step.to, self.deadline).await? {
            return Ok(answer_missing(cause, &what));
        }
        let done = StepRecord { done: true, ..step };
        let marked = memory::remember(&self.clients.cloudwatch, alarm, &done, self.deadline).await;
        if let Err(problem) = marked {
            // The step is applied. The count also shows it, unless another user changes it back.
            let fields = Unmarked {
                alarm: &alarm.name,
                reason: problem.to_string(),
            };
            log.line(
                Level::Warn,
                "the step was taken but not marked as done",
                fields,
            );
        }
        Ok(cause.stepped(outcome, &step))
    }
}

fn answer_missing(cause: &Cause<'_>, what: &str) -> Answer {
    cause.unscalable(ScalingOutcome::Missing, &no_service(what))
}

fn no_service(what: &str) -> String {
    format!("there is no service to scale ({what})")
}
