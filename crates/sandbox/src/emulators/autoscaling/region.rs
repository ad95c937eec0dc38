//! One account and region: checks the alarms there, and scales.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_ecs::error::DisplayErrorContext;
use futures::{StreamExt, stream};
use scaling::TrackingBehavior;
use serde::Serialize;

use super::activity::Activity;
use super::clients::Clients;
use super::convert;
use super::decide::{Memory, ScalingDecision, decide};
use super::model::{Alarm, Target};
use super::read::{self, AT_ONCE, ReadError, Registered};
use super::scheduled;
use crate::emulators::Plugin;
use crate::emulators::log::log;

/// The known state of an account and region.
#[derive(Debug)]
pub(super) struct Region {
    account: String,
    region: String,
    clients: Clients,
    plugin: Plugin,
    memory: Memory,
    /// Activities that ECS is carrying out, one per service.
    open: BTreeMap<String, Activity>,
    /// Time until which scheduled actions have run, since 1970. Missed ones aren't repeated.
    scheduled: Option<Duration>,
    /// Problems that are already in the log.
    logged: BTreeSet<String>,
}

/// An activity to send to the plugin.
#[derive(Serialize)]
struct Recorded<'a> {
    account: &'a str,
    region: &'a str,
    activity: &'a Activity,
}

impl Region {
    /// An account and region without any state.
    pub(super) fn new(endpoint_url: &str, plugin: Plugin, account: &str, region: &str) -> Self {
        Self {
            account: account.to_owned(),
            region: region.to_owned(),
            clients: Clients::new(endpoint_url, account, region),
            plugin,
            memory: Memory::default(),
            open: BTreeMap::new(),
            scheduled: None,
            logged: BTreeSet::new(),
        }
    }

    /// The same with this behavior of target tracking.
    #[must_use]
    pub(super) fn with_behavior(self, behavior: TrackingBehavior) -> Self {
        Self {
            memory: Memory::new(behavior),
            ..self
        }
    }

    /// Checks alarms and services once. `now` is the loop's time, and `unix` the real time since 1970.
    ///
    /// # Errors
    /// If a request fails. In that case, the check records nothing as done.
    pub(super) async fn check(
        &mut self,
        registered: &Registered,
        now: Duration,
        unix: impl Fn() -> Duration,
    ) -> Result<(), ReadError> {
        self.memory.keep(&registered.targets);
        self.follow_up(unix()).await?;
        self.follow_schedules(unix()).await?;
        let ringing = read::read_alarms(&self.clients).await?;
        let due = self.memory.due(now, &ringing);
        let targets = if due.is_empty() {
            Vec::new()
        } else {
            self.read_targets(&registered.targets, &due, &ringing)
                .await?
        };
        let before = self.memory.clone();
        let worth: Vec<Target> = targets.iter().filter(|t| t.may_change()).cloned().collect();
        let decisions = decide(now, &worth, &mut self.memory);
        self.memory.fire(now, &ringing, &targets);
        self.carry_out(decisions, &before, unix).await;
        Ok(())
    }

    /// Reads the targets whose policies are in the actions of due alarms, with all of their alarms in ALARM.
    /// Reads alarms' values only for targets that can change.
    async fn read_targets(
        &mut self,
        registered: &BTreeSet<String>,
        due: &[&Alarm],
        ringing: &[Alarm],
    ) -> Result<Vec<Target>, ReadError> {
        let policies = read::read_policies(&self.clients, registered).await?;
        let due: BTreeSet<&str> = due
            .iter()
            .flat_map(|alarm| &alarm.policies)
            .map(String::as_str)
            .collect();
        let ids: BTreeSet<String> = policies
            .iter()
            .filter(|(_, policies)| policies.iter().any(|p| due.contains(p.policy_arn())))
            .map(|(id, _)| id.clone())
            .collect();
        let registrations = read::read_targets(&self.clients, &ids).await?;
        let services = read::read_services(&self.clients, &ids).await?;
        let mut targets = Vec::new();
        for (resource_id, registration) in registrations {
            let (bounds, suspended) = match registration {
                Ok(registration) => registration,
                Err(why) => {
                    self.log_once(&resource_id, &why);
                    continue;
                }
            };
            let (Some(of_target), Some(service)) =
                (policies.get(&resource_id), services.get(&resource_id))
            else {
                continue;
            };
            let mut followed = Vec::new();
            for policy in of_target {
                match convert::convert_policy(policy) {
                    Ok(policy) => followed.push(policy),
                    Err(why) => self.log_once(policy.policy_arn(), &why),
                }
            }
            let names = |alarm: &&Alarm| {
                let mut policies = followed.iter();
                policies.any(|policy| alarm.policies.contains(&policy.arn))
            };
            targets.push(Target {
                alarms: ringing.iter().filter(names).cloned().collect(),
                resource_id,
                bounds,
                suspended,
                policies: followed,
                service: *service,
            });
        }
        let worth = targets.iter_mut().filter(|target| target.may_change());
        let alarms = worth.flat_map(|target| &mut target.alarms).collect();
        read::read_values(&self.plugin, alarms).await?;
        Ok(targets)
    }

    async fn carry_out(
        &mut self,
        decisions: Vec<ScalingDecision>,
        before: &Memory,
        unix: impl Fn() -> Duration,
    ) {
        let mut counts = Vec::new();
        for decision in decisions {
            match decision {
                ScalingDecision::SetDesiredCount {
                    resource_id,
                    from,
                    to,
                    cause,
                } => {
                    log(
                        "autoscaling",
                        &format!("{resource_id}: desired count {from} → {to}: {cause}"),
                    );
                    counts.push(Activity::begin(&resource_id, to, &cause, unix()));
                }
                ScalingDecision::ReportProblem { policy, why } => self.log_once(&policy, &why),
            }
        }
        let done: Vec<_> = stream::iter(counts)
            .map(|activity| set_desired_count(&self.clients, activity))
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        for (activity, failure) in done {
            let id = activity.resource_id.clone();
            if let Some(earlier) = self.open.remove(&id) {
                self.record(&earlier.overridden(unix())).await;
            }
            if let Some(why) = failure {
                eprintln!(
                    "{id}: failed to set the desired count to {}: {why}",
                    activity.to
                );
                self.memory.undo(before, &id);
                self.record(&activity.failed(&why, unix())).await;
            } else {
                self.record(&activity).await;
                self.open.insert(id, activity);
            }
        }
    }

    /// Runs the scheduled actions of the minutes since the last time.
    async fn follow_schedules(&mut self, unix: Duration) -> Result<(), ReadError> {
        let minute = Duration::from_secs(unix.as_secs() / 60 * 60);
        let after = *self.scheduled.get_or_insert(minute);
        if after == minute {
            return Ok(());
        }
        let actions = scheduled::read_actions(&self.clients).await?;
        let (due, problems) = scheduled::list_due(&actions, after, minute);
        for (name, why) in problems {
            self.log_once(&format!("scheduled action {name}"), &why);
        }
        for action in due {
            if scheduled::carry_out(&self.clients, &action).await? {
                let (id, name) = (&action.resource_id, &action.name);
                log(
                    "autoscaling",
                    &format!("{id}: carried out scheduled action {name}"),
                );
            }
        }
        self.scheduled = Some(minute);
        Ok(())
    }

    /// Ends the activities that ECS has completed, or that another change of the count has overridden.
    async fn follow_up(&mut self, unix: Duration) -> Result<(), ReadError> {
        if self.open.is_empty() {
            return Ok(());
        }
        let ids = self.open.keys().cloned().collect();
        let services = read::read_services(&self.clients, &ids).await?;
        let ended: Vec<Activity> = self
            .open
            .iter()
            .filter_map(|(id, activity)| {
                let counts = services
                    .get(id)
                    .map(|service| (service.desired, service.running));
                activity.observe(counts, unix)
            })
            .collect();
        for activity in ended {
            self.open.remove(&activity.resource_id);
            self.record(&activity).await;
        }
        Ok(())
    }

    /// Records an activity. If that fails, logs it.
    async fn record(&self, activity: &Activity) {
        let recorded = Recorded {
            account: &self.account,
            region: &self.region,
            activity,
        };
        if let Err(error) = self.plugin.post("activities", &recorded).await {
            log("autoscaling", &format!("{}: {error}", activity.resource_id));
        }
    }

    /// Logs each problem once.
    fn log_once(&mut self, what: &str, why: &str) {
        if self.logged.insert(format!("{what} {why}")) {
            log("autoscaling", &format!("{what}: {why}"));
        }
    }
}

/// Sets the count. The result contains the reason if ECS refuses.
async fn set_desired_count(clients: &Clients, activity: Activity) -> (Activity, Option<String>) {
    let Some((cluster, service)) = read::split_resource_id(&activity.resource_id) else {
        return (
            activity,
            Some("the resource id names no service".to_owned()),
        );
    };
    let request = clients
        .ecs
        .update_service()
        .cluster(cluster)
        .service(service);
    let count = i32::try_from(activity.to).unwrap_or(i32::MAX);
    let sent = request.desired_count(count).send().await;
    let failure = sent
        .err()
        .map(|error| DisplayErrorContext(error).to_string());
    (activity, failure)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulators::golden::Exchange;

    /// `activity-*.json`, which the plugin's tests check from its side.
    #[tokio::test]
    async fn records_activities_of_every_status() {
        let begun = Activity::begin(
            "service/voucher/worker",
            3,
            "monitor alarm a in state ALARM triggered policy p",
            Duration::from_millis(1_795_000_000_250),
        );
        let end = Duration::from_millis(1_795_000_060_500);
        for (name, activity) in [
            ("activity-in-progress", begun.clone()),
            ("activity-successful", begun.clone().fulfilled(end)),
            ("activity-overridden", begun.clone().overridden(end)),
            ("activity-failed", begun.failed("denied", end)),
        ] {
            let exchange = Exchange::serve(name);
            let plugin = exchange.plugin.clone();
            let region = Region::new("http://127.0.0.1:1", plugin, "111122223333", "eu-west-3");
            region.record(&activity).await;
            exchange.check();
        }
    }
}
