//! Services, created and existing.

use std::collections::BTreeMap;

use super::container::{
    container, deployment, log_router, permissions, sidecars, storage, volumes,
};
use super::fields::Fields;
use super::scaling::scaling;
use super::schedule::schedule;
use super::shared::architecture;
use crate::model::{
    ConsumedQueue, LoadBalancer, Provider, Service, ServiceSource, ServiceSpec, Spot, TaskCapacity,
    Tasks,
};
use crate::shape::tables::{CONSUMED_QUEUE, EXISTING_SERVICE, PROVIDER_ITEM, SERVICE, SHARES};
use crate::slo;
use crate::yaml::Node;

/// Default ports of a listener.
const HTTP: u16 = 80;
const HTTPS: u16 = 443;

pub(super) fn services(stack: Fields<'_>) -> BTreeMap<String, Service> {
    let entries = stack.entries("services");
    entries
        .map(|(key, node)| (key.to_owned(), service(node)))
        .collect()
}

fn service(node: &Node) -> Service {
    let (fields, source) = if node.has("existing") {
        let fields = Fields::new(&EXISTING_SERVICE, Some(node));
        (fields, existing(&fields.text("existing")))
    } else {
        let fields = Fields::new(&SERVICE, Some(node));
        (fields, ServiceSource::Create(Box::new(spec(fields))))
    };
    let slo = fields.optional_text("slo").as_deref().and_then(slo::parse);
    let items = fields.items("consumes");
    let consumes: Vec<String> = items.iter().map(consumed_queue).collect();
    let own = items.iter().filter(|item| item.as_str().is_none());
    let queue_settings: BTreeMap<String, ConsumedQueue> = own
        .map(|item| (consumed_queue(item), own_settings(item)))
        .filter(|(_, own)| *own != ConsumedQueue::default())
        .collect();
    let aim = slo.or_else(|| shortest_of_all(&consumes, &queue_settings));
    Service {
        source,
        slo,
        consumes,
        queue_settings,
        protect: fields.flag("protect"),
        heartbeat: fields.flag("heartbeat"),
        tasks: tasks(fields.object("tasks")),
        schedule: schedule(fields.object("tasks")),
        scaling: fields
            .given("scaling")
            .map(|_| scaling(fields.object("scaling"), aim)),
    }
}

/// The name of a queue in `consumes`; empty if it is invalid, so that the indexes of the others don't change.
fn consumed_queue(item: &Node) -> String {
    match item.as_str() {
        Some(name) => name.to_owned(),
        None => Fields::new(&CONSUMED_QUEUE, Some(item)).text("queue"),
    }
}

fn own_settings(item: &Node) -> ConsumedQueue {
    let fields = Fields::new(&CONSUMED_QUEUE, Some(item));
    ConsumedQueue {
        slo: fields.optional_text("slo").as_deref().and_then(slo::parse),
        processing_time: fields.optional_duration("processing_time"),
    }
}

/// The latency that the policy of a service without an objective aims at, if each of its queues has one.
fn shortest_of_all(consumes: &[String], own: &BTreeMap<String, ConsumedQueue>) -> Option<slo::Slo> {
    let slos: Option<Vec<slo::Slo>> = consumes
        .iter()
        .map(|queue| own.get(queue).and_then(|own| own.slo))
        .collect();
    slos?.into_iter().min_by_key(|slo| slo.latency)
}

fn existing(text: &str) -> ServiceSource {
    let (cluster, service) = text.split_once('/').unwrap_or_default();
    ServiceSource::Existing {
        cluster: cluster.to_owned(),
        service: service.to_owned(),
    }
}

fn spec(fields: Fields<'_>) -> ServiceSpec {
    ServiceSpec {
        name: fields.optional_text("name"),
        image: fields.text("image"),
        cpu: fields.whole("cpu"),
        memory: fields.whole("memory"),
        architecture: architecture(fields),
        capacity: fields.given("capacity").map(capacity),
        command: fields.texts("command"),
        environment: fields.text_entries("environment"),
        secrets: fields.text_entries("secrets"),
        container: container(fields),
        sidecars: sidecars(fields),
        log_router: log_router(fields.object("logs")),
        exec: fields.flag("exec"),
        copilot: fields.given("compat").is_some(),
        deployment: deployment(fields),
        storage: storage(fields),
        volumes: volumes(fields),
        permissions: permissions(fields),
        sends: fields.texts("sends"),
        publishes: fields.texts("publishes"),
        task_role: fields.optional_text("task_role"),
        execution_role: fields.optional_text("execution_role"),
        stop_timeout: fields.duration("stop_timeout"),
        port: port(fields, "port"),
        service_connect: fields.optional_text("service_connect"),
        load_balancer: fields
            .given("load_balancer")
            .map(|_| load_balancer(fields.object("load_balancer"))),
    }
}

/// The word `fargate` stands for a Spot share of 0.
fn capacity(node: &Node) -> TaskCapacity {
    if let Some(list) = node.get("providers") {
        return TaskCapacity::Providers(list.items().iter().map(provider).collect());
    }
    let fields = Fields::new(&SHARES, Some(node));
    let share = fields.optional_text("spot");
    let share = share.and_then(|text| text.strip_suffix('%')?.parse().ok());
    TaskCapacity::Fargate(Spot {
        share: share.unwrap_or_default(),
        base: fields.whole("base"),
    })
}

fn provider(node: &Node) -> Provider {
    let fields = Fields::new(&PROVIDER_ITEM, Some(node));
    Provider {
        name: fields.text("name"),
        base: fields.whole("base"),
        weight: fields.whole("weight"),
    }
}

/// Without `max`, the number of tasks is fixed.
fn tasks(fields: Fields<'_>) -> Tasks {
    let min = fields.whole("min");
    Tasks {
        min,
        max: fields.optional_whole("max").unwrap_or(min),
    }
}

fn load_balancer(fields: Fields<'_>) -> LoadBalancer {
    let certificate = fields.optional_text("certificate");
    let usual = if certificate.is_some() { HTTPS } else { HTTP };
    LoadBalancer {
        listener: port(fields, "listener").unwrap_or(usual),
        health_check: fields.text("health_check"),
        certificate,
        internal: fields.flag("internal"),
        subnets: fields.texts("subnets"),
        allow_from: fields.texts("allow_from"),
        redirect_http: fields.flag("redirect_http"),
        tls_policy: fields.optional_text("tls_policy"),
        waf: fields.optional_text("waf"),
        access_logs: fields.optional_text("access_logs"),
        deletion_protection: fields.flag("deletion_protection"),
    }
}

fn port(fields: Fields<'_>, name: &str) -> Option<u16> {
    u16::try_from(fields.optional_whole(name)?).ok()
}
