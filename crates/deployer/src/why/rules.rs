//! The rule that runs a function for a service, whether the rule is enabled, and the state of the function.

use std::collections::{BTreeSet, HashMap};
use std::time::SystemTime;

use aws_sdk_eventbridge::types::RuleState;
use futures::future::try_join;
use futures::stream::{self, StreamExt, TryStreamExt};

use super::facts::{Feed, Task};
use super::logs::{self, FunctionLog};
use super::read::Sources;
use crate::error::{Error, Result, aws};
use crate::function_logs::group_of;
use crate::functions::{Function, FunctionKind, ServiceName};
use crate::inspect::{ServiceState, Unread};
use crate::session::Session;
use crate::targets::Target;

/// Concurrent requests.
const AT_ONCE: usize = 4;

/// The rules and functions of a stack.
#[derive(Default)]
pub(super) struct Feeds {
    /// Whether a rule is enabled.
    rules: HashMap<String, bool>,
    /// By the functions' ARNs.
    logs: HashMap<String, FunctionLog>,
}

pub(super) async fn read(
    session: &Session<'_>,
    sources: &Sources<'_>,
    unread: &Unread,
    now: SystemTime,
) -> Result<Feeds> {
    let targets = sources.functions.iter().flat_map(|one| &one.targets);
    let names: BTreeSet<&str> = targets.map(|target| &*target.rule).collect();
    let rules = unread.or_nothing("states of rules", read_rules(session, names));
    let logs = unread.or_nothing("logs of functions", read_logs(session, sources, now));
    let (rules, logs) = try_join(rules, logs).await?;
    Ok(Feeds { rules, logs })
}

async fn read_rules(session: &Session<'_>, names: BTreeSet<&str>) -> Result<HashMap<String, bool>> {
    let client = &session.clients.eventbridge;
    stream::iter(names)
        .map(|name| async move {
            let reply = client.describe_rule().name(name).send().await;
            let reply = reply.map_err(aws(format!("read the rule {name}")))?;
            let enabled = reply.state() != Some(&RuleState::Disabled);
            Ok::<_, Error>((name.to_owned(), enabled))
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

async fn read_logs(
    session: &Session<'_>,
    sources: &Sources<'_>,
    now: SystemTime,
) -> Result<HashMap<String, FunctionLog>> {
    let groups = sources.functions.iter().filter_map(|function| {
        let group = group_of(function, sources.resources)?;
        Some((function.arn.clone(), group))
    });
    stream::iter(groups)
        .map(|(arn, group)| async move {
            let log = logs::read(session, group, now).await?;
            Ok::<_, Error>((arn, log))
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

impl Feeds {
    /// Returns the rule and the function of a service, if any.
    pub(super) fn of(&self, service: &ServiceState, functions: &[Function]) -> Option<Feed> {
        let name = service.name();
        let (target, function) = functions.iter().find_map(|function| {
            let mut targets = function.targets.iter();
            let target = targets.find(|target| serves(target, function, &name))?;
            Some((target, function))
        })?;
        let log = self.logs.get(&function.arn);
        let error = log.and_then(|log| log.failed.get(&name).or(log.error.as_ref()));
        Some(Feed {
            rule: target.rule.clone(),
            enabled: self.rules.get(&target.rule).copied(),
            function: function.name.clone(),
            does: task(function),
            newest: newest(service),
            error: error.cloned(),
            check: log.and_then(|log| log.checks.get(&name).cloned()),
        })
    }
}

/// Whether a target makes its function run for the service. The metric function has several rules if its services don't
/// fit into the input of one.
fn serves(target: &Target, function: &Function, name: &ServiceName) -> bool {
    if !function.services().contains(name) {
        return false;
    }
    match &function.kind {
        FunctionKind::Metric(_) => target.request().is_ok_and(|request| {
            let mut services = request.services.iter();
            services.any(|one| one.cluster == name.cluster && one.service == name.service)
        }),
        FunctionKind::Scaling(_) => true,
    }
}

fn task(function: &Function) -> Task {
    match &function.kind {
        FunctionKind::Metric(_) => Task::Measures,
        FunctionKind::Scaling(setup) if setup.alarm_steps().is_some() => Task::ReEvaluates,
        FunctionKind::Scaling(_) => Task::Scales,
    }
}

/// Returns the time of the newest datapoint that one of our functions published for the service.
fn newest(service: &ServiceState) -> Option<u64> {
    let need = service.demand.iter().filter_map(|demand| demand.need);
    let backlogs = service.queues.iter();
    let backlogs = backlogs.filter_map(|queue| queue.backlog_per_task);
    let newest = need.chain(backlogs).map(|point| point.at).max()?;
    u64::try_from(newest).ok()
}
