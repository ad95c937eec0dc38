//! Capacity providers of an existing cluster, by name.
//!
//! Source: Amazon ECS API, `CapacityProviderStrategyItem`.

use std::collections::BTreeSet;

use crate::findings::{Finding, Findings};
use crate::model::{Cluster, Network, Provider, Stack};
use crate::path;

pub(super) fn check(stack: &Stack, service: &str, providers: &[Provider], findings: &mut Findings) {
    let list = format!("{service}.capacity.providers");
    need_existing_cluster(stack, &list, findings);
    need_network(stack, &list, findings);
    let mut names = BTreeSet::new();
    for (index, provider) in providers.iter().enumerate() {
        let place = format!("{}.name", path::item(&list, index));
        if provider.name.to_ascii_uppercase().starts_with("FARGATE") {
            refuse_fargate(&place, findings);
        } else if !names.insert(&provider.name) {
            let finding = Finding::error(format!("`{}` is listed twice", provider.name))
                .at(place, "again here")
                .help("give it one item with its base and weight");
            findings.report(finding);
        }
    }
    check_numbers(&list, providers, findings);
}

fn need_existing_cluster(stack: &Stack, list: &str, findings: &mut Findings) {
    if let Cluster::Create { .. } = &stack.cluster {
        let finding = Finding::error("only an existing cluster has capacity providers of its own")
            .at_key(list, "of an existing cluster")
            .help("name it with `cluster: {existing: …}`; in a cluster that the stack creates, `cluster.capacity` has the EC2 instances");
        findings.report(finding);
    }
}

/// The tasks have addresses of subnets, which must be in the VPC of the instances.
fn need_network(stack: &Stack, list: &str, findings: &mut Findings) {
    if let Network::Create { .. } = &stack.network {
        let finding = Finding::error("the tasks need subnets in the VPC of the instances")
            .at_key(list, "instances of an existing VPC")
            .at("network", "creates another VPC")
            .help("name the VPC's subnets with `network: {vpc: …, subnets: […]}`");
        findings.report(finding);
    }
}

fn refuse_fargate(place: &str, findings: &mut Findings) {
    let finding = Finding::error("Fargate has other keys than capacity providers")
        .at(place, "Fargate")
        .help("write `capacity: fargate`, or `capacity: {spot: 80%, base: 2}` for a share of Fargate Spot; a service can't run on Fargate and on instances");
    findings.report(finding);
}

fn check_numbers(list: &str, providers: &[Provider], findings: &mut Findings) {
    let mut based = providers.iter().enumerate().filter(|(_, one)| one.base > 0);
    if let (Some((first, _)), Some((second, _))) = (based.next(), based.next()) {
        let at = |index| format!("{}.base", path::item(list, index));
        let finding = Finding::error("only one capacity provider can have a `base`")
            .at(at(second), "a second one")
            .at(at(first), "the first one")
            .help("keep one of them");
        findings.report(finding);
    }
    if providers.iter().all(|provider| provider.weight == 0) {
        let finding = Finding::error("every capacity provider has the weight 0")
            .at(format!("{}.weight", path::item(list, 0)), "no share")
            .help("give at least one of them a `weight`: with 0, a provider only gets its `base`");
        findings.report(finding);
    }
}
