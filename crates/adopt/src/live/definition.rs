//! The facts as a definition with comments.

use std::collections::BTreeSet;

use crate::document::{Item, Map};

use super::facts::Facts;
use super::names::{short_name, stack_name};
use super::number::{brief, count, seconds, written};
use super::readings::{QueueReading, Readings};

/// The writer of the definition, and the user's settings.
#[derive(Clone, Copy, Debug)]
pub struct Written<'a> {
    /// The command that writes it, as a user would type it.
    pub command: &'a str,
    /// The day, such as `2026-11-30`.
    pub day: &'a str,
    /// The latency objective, if the user set it.
    pub slo: Option<&'a str>,
}

/// Writes the definition. Without a latency objective, it isn't valid yet: a comment asks for one.
#[must_use]
pub fn write_definition(readings: &Readings, facts: &Facts, written: Written<'_>) -> String {
    let service = short_name(&readings.service.name);
    let mut map = Map::new();
    let name = stack_name(&service);
    let item = map.set("name", name);
    item.beside("guess: any name; the CloudFormation stack's");
    describe(item, readings, facts, written);
    map.set("account", readings.account.as_str());
    map.set("region", readings.region.as_str());
    let names = write_queues(map.map("queues"), readings);
    write_service(
        map.map("services").map(&service),
        readings,
        facts,
        (&names, written.slo),
    );
    map.note(
        "QUESTION: who is notified of the alarms? An email address, an SNS topic, or a Slack channel:\n\
         notify: [you@example.com]",
    );
    map.render()
}

/// The facts about the service, above all keys.
fn describe(item: &mut Item, readings: &Readings, facts: &Facts, written: Written<'_>) {
    item.above(format!(
        "Written by `{}` on {}, from the resources in AWS. Each number has its evidence; guesses are marked. \
         QUESTION marks values that only you know.",
        written.command, written.day
    ));
    item.above(format!("Now: {}.", describe_service(readings)));
    item.above(format!("Scaling now: {}.", facts.present.description));
    for note in &facts.present.notes {
        item.above(format!("{note}."));
    }
    if readings.target.is_some() {
        item.above(
            "The service is a scalable target. `actuator: none` observes next to it and sets nothing; `actuator: function` \
             suspends it and takes over: docs/observe.md shows the steps.",
        );
    }
    item.above(describe_traffic(readings, facts));
    for line in gaps(readings, facts) {
        item.above(line);
    }
}

fn describe_service(readings: &Readings) -> String {
    let (service, task) = (&readings.service, &readings.task);
    let images: Vec<&str> = task
        .containers
        .iter()
        .map(|one| one.image.as_str())
        .collect();
    let size = match (task.cpu, task.memory) {
        (Some(cpu), Some(memory)) => format!("{cpu} CPU units and {memory} MiB"),
        _ => "no size at task level".to_owned(),
    };
    let processor = if task.arm { "ARM" } else { "x86-64" };
    format!(
        "{} of {} tasks run {} with {size} on {processor}, on {}",
        service.running,
        service.desired,
        images.join(" and "),
        service.capacity()
    )
}

fn describe_traffic(readings: &Readings, facts: &Facts) -> String {
    let days = readings.history.days;
    let Some(traffic) = &facts.traffic else {
        return format!("Traffic: CloudWatch has no message sent in the last {days} days.");
    };
    let tasks = traffic
        .tasks
        .zip(facts.tasks_from.as_deref())
        .map_or_else(String::new, |(tasks, from)| {
            format!(" {} tasks ran on average ({from}).", brief(tasks))
        });
    let span = seconds(60.0 * count(traffic.minutes));
    format!(
        "Traffic of the last {days} days, with datapoints over {span}: {} messages per minute on average, p95 {}, at most {}.{tasks}",
        brief(traffic.mean),
        brief(traffic.p95),
        brief(traffic.most)
    )
}

/// The values that couldn't be read or measured.
fn gaps(readings: &Readings, facts: &Facts) -> Vec<String> {
    let mut lines = Vec::new();
    if facts.tasks_from.is_none() {
        let why = match readings.service.insights {
            Some(true) => "Container Insights has no RunningTaskCount of the service",
            _ => "Container Insights is off in the cluster",
        };
        lines.push(format!(
            "Gap: no history of running tasks exists, because {why}. So the concurrency isn't measured."
        ));
    }
    if let Some(undeleted) = facts.work.undeleted.filter(|share| *share >= 0.05) {
        lines.push(format!(
            "{:.0}% of the receipts led to no deletion, because of failures or because processing took longer than the \
             visibility timeout. Such messages count as in flight meanwhile, so the processing time is too long.",
            undeleted * 100.0
        ));
    }
    if readings.service.on_instances() {
        lines.push(
            "It runs on EC2 instances: a new task can wait for an instance, which is in no number below, and instances cost, \
             not tasks."
                .to_owned(),
        );
    }
    if readings.service.controller == "CODE_DEPLOY" {
        lines.push(
            "CodeDeploy deploys it. A change of the desired count during a deployment can make the deployment fail."
                .to_owned(),
        );
    }
    lines.extend(
        readings
            .unread
            .iter()
            .map(|what| format!("Not read: {what}.")),
    );
    lines
}

/// The queues, and their names in the definition.
fn write_queues(map: &mut Map, readings: &Readings) -> Vec<String> {
    let mut names = BTreeSet::new();
    let mut ordered = Vec::new();
    for queue in &readings.queues {
        let stem = short_name(queue.name.strip_suffix(".fifo").unwrap_or(&queue.name));
        let numbered = (2..).map(|number| format!("{stem}-{number}"));
        let name = std::iter::once(stem.clone())
            .chain(numbered)
            .find(|name| !names.contains(name));
        let name = name.unwrap_or(stem);
        names.insert(name.clone());
        let entry = map.map(&name);
        entry
            .set("existing", queue.arn.as_str())
            .above(describe_queue(queue));
        if let Some(key) = queue.key.as_deref().filter(|key| is_key_arn(key)) {
            entry.set("key", key);
        }
        ordered.push(name);
    }
    ordered
}

/// Whether it is the ARN of a key, and not of an alias, as the format requires.
fn is_key_arn(key: &str) -> bool {
    key.starts_with("arn:") && key.contains(":key/")
}

fn describe_queue(queue: &QueueReading) -> String {
    let dead_letters = match &queue.dead_letter {
        Some((after, arn)) => format!("moved to {arn} after {after} receipts"),
        None => "never moved to a dead-letter queue".to_owned(),
    };
    let delay = match queue.delay.is_zero() {
        true => String::new(),
        false => format!(", new ones hidden for {}", written(queue.delay)),
    };
    let key = match queue.key.as_deref() {
        Some(key) if !key.is_empty() && !is_key_arn(key) => {
            format!(" The KMS key {key} encrypts them: if it is yours, set `key` to its ARN.")
        }
        _ => String::new(),
    };
    format!(
        "From {}. Messages are hidden for {} once received, kept for {}, and {dead_letters}{delay}.{key}",
        queue.found,
        written(queue.visibility_timeout),
        written(queue.retention)
    )
}

fn write_service(
    map: &mut Map,
    readings: &Readings,
    facts: &Facts,
    (queues, slo): (&[String], Option<&str>),
) {
    let service = &readings.service;
    map.set("existing", format!("{}/{}", service.cluster, service.name));
    map.set("consumes", queues.to_vec());
    let oldest = describe_oldest(readings, facts);
    match slo {
        Some(slo) => {
            map.set("slo", slo).beside(format!("as given; {oldest}"));
        }
        None => {
            map.map("tasks");
            let item = map.item("tasks");
            item.above(format!(
                "QUESTION: how long can a message wait until its processing starts, and for which share of them? \
                 AWS has no data on that. For comparison: {oldest}."
            ));
            item.above("slo: 99% within 1m");
        }
    }
    let tasks = map.map("tasks");
    tasks
        .set("min", facts.min.value)
        .beside(facts.min.evidence.as_str());
    tasks
        .set("max", facts.max.value)
        .beside(facts.max.evidence.as_str());
    let demand = map.map("scaling").map("demand");
    write_demand(demand, facts);
    // If the permission to read it is missing, something might already scale it.
    if readings.target.is_some() || readings.scaling_unread.is_some() {
        demand
            .set("actuator", "none")
            .beside("observes, and sets nothing: `function` takes over");
    }
}

/// The age of the oldest message, to help choose an objective.
fn describe_oldest(readings: &Readings, facts: &Facts) -> String {
    let oldest = facts.traffic.as_ref().and_then(|traffic| traffic.oldest);
    let Some((p95, longest)) = oldest else {
        return "CloudWatch has no age of the oldest message".to_owned();
    };
    format!(
        "in {} days the oldest message was at most {} old; p95 of the minutes {}",
        readings.history.days,
        seconds(longest),
        seconds(p95)
    )
}

fn write_demand(demand: &mut Map, facts: &Facts) {
    match &facts.processing {
        Some(fact) => demand
            .set("processing_time", written(fact.value))
            .above(fact.evidence.as_str()),
        None => demand
            .set("processing_time", "measured")
            .above("Too few messages were in flight or deleted to measure it: the function measures it while it runs"),
    };
    demand
        .set("concurrency", facts.concurrency.value)
        .above(facts.concurrency.evidence.as_str());
    demand
        .set("task_start", written(facts.task_start.value))
        .above(facts.task_start.evidence.as_str());
}
