//! Whether the ARNs name resources within the stack's reach: its account, region, and partition.

use super::texts::{path_of, path_of_router};
use crate::arn::{Arn, partition_of};
use crate::findings::{Finding, Findings};
use crate::model::{
    Capacity, Cluster, Encryption, ExistingQueue, Queue, Recipient, ServiceSource, ServiceSpec,
    Stack,
};
use crate::path;

const CONNECT: &str = ".service_connect";
const VOLUME_KEY: &str = "cluster.capacity.ec2.volume_key";

pub(super) fn check(stack: &Stack, findings: &mut Findings) {
    existing_queues(stack, findings);
    check_permissions_boundary(stack, findings);
    let found = collect_arns(stack);
    check_regions(stack, &found, findings);
    check_certificates(stack, &found, findings);
    check_topics(stack, &found, findings);
    for (path, arn) in &found {
        check_partition(path, *arn, findings);
    }
}

/// The metric function reads the queues, and its role and endpoint belong to one account and region.
fn existing_queues(stack: &Stack, findings: &mut Findings) {
    let existing = || {
        stack.queues.iter().filter_map(|(key, queue)| match queue {
            Queue::Existing(queue) => Some((format!("queues.{key}.existing"), queue)),
            Queue::Create(_) => None,
        })
    };
    let first = existing().next();
    let home = |given: Option<&str>, name: &str, of: fn(&ExistingQueue) -> &str| match given {
        Some(given) => Some((name.to_owned(), given.to_owned())),
        None => first
            .as_ref()
            .map(|(path, queue)| (path.clone(), of(queue).to_owned())),
    };
    let region = home(stack.region.as_deref(), "region", |queue| {
        queue.region.as_str()
    });
    let account = home(stack.account.as_deref(), "account", |queue| {
        queue.account.as_str()
    });
    for (path, queue) in existing() {
        check_account_and_region(&path, &queue.region, region.as_ref(), "region", findings);
        check_account_and_region(&path, &queue.account, account.as_ref(), "account", findings);
    }
}

fn check_account_and_region(
    path: &str,
    own: &str,
    home: Option<&(String, String)>,
    what: &str,
    findings: &mut Findings,
) {
    let Some((home_path, home)) = home.filter(|(_, home)| home != own) else {
        return;
    };
    let finding = Finding::error(format!("the queue is in another {what} than the stack"))
        .at(path, format!("{what} {own}"))
        .at(home_path.as_str(), format!("{what} {home}"))
        .help(format!("the metric function reads only queues in its own {what}: scale this queue's consumers with a stack in {what} {own}"));
    findings.report(finding);
}

/// IAM accepts a boundary from the role's own account, or one that AWS manages.
fn check_permissions_boundary(stack: &Stack, findings: &mut Findings) {
    let (old, new) = ("permissions_boundary", "roles.boundary");
    if findings.is_given(old) && findings.is_given(new) {
        let finding = Finding::error("the roles' permissions boundary is set twice")
            .at(old, "by its older name")
            .at(new, "and here")
            .help(format!("remove `{old}`: it means the same"));
        findings.report(finding);
    }
    let arn = stack.permissions_boundary.as_deref().and_then(Arn::split);
    let (Some(arn), Some(account)) = (arn, stack.account.as_deref()) else {
        return;
    };
    if arn.account != account && arn.account != "aws" {
        let path = if findings.is_given(new) { new } else { old };
        let finding = Finding::error("the permissions boundary belongs to another account")
            .at(path, format!("account {}", arn.account))
            .at("account", format!("account {account}"))
            .help("IAM accepts only a policy from the role's own account, or one that AWS manages");
        findings.report(finding);
    }
}

/// What works only with resources of its own region.
fn check_regions(stack: &Stack, found: &[(String, Arn<'_>)], findings: &mut Findings) {
    let Some(region) = stack.region.as_deref() else {
        return;
    };
    for (path, arn) in found.iter().filter(|(_, arn)| arn.region != region) {
        let Some((message, reason)) = regional(path, *arn) else {
            continue;
        };
        let finding = Finding::error(message)
            .at(path.as_str(), format!("region {}", arn.region))
            .at("region", format!("region {region}"))
            .help(format!("{reason}: use one in {region}"));
        findings.report(finding);
    }
}

/// The problem of an ARN in another region, and the reason. `None` if its user reaches other regions.
fn regional(path: &str, arn: Arn<'_>) -> Option<(String, String)> {
    if arn.service == "kms" {
        let (user, service) = match path {
            "encryption" => ("stack", "AWS"),
            "logs.key" => ("stack", "CloudWatch Logs"),
            VOLUME_KEY => ("instances", "EBS"),
            _ => ("queue", "SQS"),
        };
        return Some((
            format!("the KMS key is in another region than the {user}"),
            format!("{service} accepts only keys in its own region"),
        ));
    }
    let (message, reason) = if path.starts_with("notify[") {
        (
            "the topic is in another region than the alarms",
            "CloudWatch can publish only to topics in its own region",
        )
    } else if path.ends_with(CONNECT) {
        // A namespace of another account can be shared with the stack's.
        (
            "the namespace is in another region than the service",
            "Service Connect reaches only namespaces of its own region",
        )
    } else {
        return None;
    };
    Some((message.to_owned(), reason.to_owned()))
}

/// A load balancer accepts only certificates of its own region and account; IAM certificates have no region.
fn check_certificates(stack: &Stack, found: &[(String, Arn<'_>)], findings: &mut Findings) {
    let certificates = found
        .iter()
        .filter(|(path, _)| path.ends_with(".certificate") || path.ends_with(".waf"));
    for (path, arn) in certificates {
        let name = match arn.service {
            "wafv2" => "web ACL",
            _ => "certificate",
        };
        let parts = [
            ("region", arn.region, stack.region.as_deref()),
            ("account", arn.account, stack.account.as_deref()),
        ];
        for (what, own, home) in parts {
            let Some(home) = home.filter(|home| !own.is_empty() && own != *home) else {
                continue;
            };
            let message = format!("the {name} is in another {what} than the load balancer");
            let finding = Finding::error(message)
                .at(path.as_str(), format!("{what} {own}"))
                .at(what, format!("{what} {home}"))
                .help(format!("use a {name} in {what} {home}"));
            findings.report(finding);
        }
    }
}

/// A topic of another account must allow this one to subscribe; only AWS knows whether it does.
fn check_topics(stack: &Stack, found: &[(String, Arn<'_>)], findings: &mut Findings) {
    let Some(account) = stack.account.as_deref() else {
        return;
    };
    let topics = found
        .iter()
        .filter(|(path, arn)| arn.service == "sns" && path.starts_with("queues."));
    for (path, arn) in topics.filter(|(_, arn)| arn.account != account) {
        let finding = Finding::warning("the topic belongs to another account")
            .at(path.as_str(), format!("account {}", arn.account))
            .at("account", format!("account {account}"))
            .help(format!("the deploy fails unless the topic's policy lets account {account} use `sns:Subscribe`"));
        findings.report(finding);
    }
}

fn check_partition(path: &str, arn: Arn<'_>, findings: &mut Findings) {
    let right = partition_of(arn.region);
    // The regions of the isolated partitions usually aren't published.
    let known = ["aws", "aws-cn", "aws-us-gov"].contains(&arn.partition);
    if known && !arn.region.is_empty() && arn.partition != right {
        let message = format!(
            "region {} isn't in the partition `{}`",
            arn.region, arn.partition
        );
        let finding = Finding::error(message)
            .at(path, "wrong partition")
            .help(format!("the ARN starts with `arn:{right}:`"));
        findings.report(finding);
    }
}

/// The secrets and environment files of a service's containers. A parameter can be named without an ARN.
fn container_arns<'s>(service: &str, spec: &'s ServiceSpec) -> Vec<(String, &'s str)> {
    let containers = spec.containers().flat_map(|container| {
        let outer = path_of(service, container);
        let secrets = path::entries(format!("{outer}.secrets"), container.secrets);
        let secrets = secrets.map(|(path, _, arn)| (path, arn.as_str()));
        let files = container.container.environment_files.iter().enumerate();
        let files = files.map({
            let list = format!("{outer}.environment_files");
            move |(index, arn)| (path::item(&list, index), arn.as_str())
        });
        secrets.chain(files)
    });
    let options = spec.log_router.iter().flat_map(|router| {
        let outer = format!("{}.secrets", path_of_router(service));
        path::entries(outer, &router.secrets).map(|(path, _, arn)| (path, arn.as_str()))
    });
    containers.chain(options).collect()
}

/// Every ARN with its path.
fn collect_arns(stack: &Stack) -> Vec<(String, Arn<'_>)> {
    let mut found = Vec::new();
    // Log groups and queues without their own key use the stack's key.
    let common = |arn: &String| stack.key.as_ref() == Some(arn);
    let log_key = stack.log_key.as_ref().filter(|arn| !common(arn));
    for (path, arn) in [("encryption", stack.key.as_ref()), ("logs.key", log_key)] {
        found.extend(arn.map(|arn| (path.to_owned(), arn.as_str())));
    }
    if let Cluster::Create {
        capacity: Capacity::Ec2 {
            volume_key: Some(arn),
            ..
        },
        ..
    } = &stack.cluster
    {
        found.push((VOLUME_KEY.to_owned(), arn.as_str()));
    }
    for (index, recipient) in stack.notify.iter().enumerate() {
        if let Recipient::Topic(arn) = recipient {
            found.push((format!("notify[{index}]"), arn.as_str()));
        }
    }
    for (key, queue) in &stack.queues {
        match queue {
            Queue::Existing(queue) => {
                found.push((format!("queues.{key}.existing"), queue.arn.as_str()));
                if let Some(arn) = &queue.key {
                    found.push((format!("queues.{key}.key"), arn.as_str()));
                }
            }
            Queue::Create(spec) => {
                if let Encryption::Kms(arn) = &spec.encryption
                    && !common(arn)
                {
                    found.push((format!("queues.{key}.encryption"), arn.as_str()));
                }
                let topics = spec.subscribe.iter().enumerate();
                found.extend(topics.map(|(index, subscription)| {
                    (
                        format!("queues.{key}.subscribe[{index}].topic"),
                        subscription.topic.as_str(),
                    )
                }));
            }
        }
    }
    for (key, service) in &stack.services {
        if let ServiceSource::Create(spec) = &service.source {
            let service = path::key("services", key);
            found.extend(container_arns(&service, spec));
            let roles = [
                ("task_role", &spec.task_role),
                ("execution_role", &spec.execution_role),
            ];
            for (role, arn) in roles {
                found.extend(arn.as_deref().map(|arn| (format!("{service}.{role}"), arn)));
            }
            let connect = spec.service_connect.as_deref();
            found.extend(connect.map(|arn| (format!("{service}{CONNECT}"), arn)));
            for (list, arns) in [("sends", &spec.sends), ("publishes", &spec.publishes)] {
                let arns = arns.iter().enumerate();
                found.extend(
                    arns.map(|(index, arn)| {
                        (format!("services.{key}.{list}[{index}]"), arn.as_str())
                    }),
                );
            }
            let balancer = spec.load_balancer.as_ref();
            if let Some(arn) = balancer.and_then(|balancer| balancer.certificate.as_deref()) {
                found.push((format!("services.{key}.load_balancer.certificate"), arn));
            }
            if let Some(arn) = balancer.and_then(|balancer| balancer.waf.as_deref()) {
                found.push((format!("services.{key}.load_balancer.waf"), arn));
            }
        }
    }
    found
        .into_iter()
        .filter_map(|(path, text)| Some((path, Arn::split(text)?)))
        .collect()
}
