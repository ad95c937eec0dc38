//! The order of dependencies: no circle, and an order in which everything can be deleted.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use template::{names, synthesize};

use crate::stacks;
use crate::templates::{listed, objects, tokens};

type Graph = BTreeMap<String, BTreeSet<String>>;

/// The dependencies of each resource: the targets of its references and of its `DependsOn`.
fn graph(template: &Value) -> Graph {
    let resources = template["Resources"].as_object().unwrap();
    let mut graph = Graph::new();
    for (id, resource) in resources {
        let mut targets = BTreeSet::new();
        let mut add = |target: &str| {
            let target = target.split('.').next().unwrap();
            if resources.contains_key(target) {
                targets.insert(target.to_owned());
            }
        };
        objects(resource, &mut |map| {
            for (key, value) in map {
                match key.as_str() {
                    "Ref" => add(value.as_str().unwrap()),
                    "Fn::GetAtt" => add(value[0].as_str().unwrap()),
                    "Fn::Sub" => {
                        let sub = value.as_str().or_else(|| value[0].as_str()).unwrap();
                        tokens(sub).iter().for_each(|token| add(token));
                    }
                    // A container's own `DependsOn` contains objects that name containers.
                    "DependsOn" => listed(value)
                        .iter()
                        .filter_map(|id| id.as_str())
                        .for_each(&mut add),
                    _ => {}
                }
            }
        });
        graph.insert(id.clone(), targets);
    }
    graph
}

/// All direct and indirect dependencies of a resource.
fn all_below(graph: &Graph, id: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![id.to_owned()];
    while let Some(next) = open.pop() {
        for target in &graph[&next] {
            if found.insert(target.clone()) {
                open.push(target.clone());
            }
        }
    }
    found
}

#[test]
fn nothing_waits_for_itself() {
    for (name, stack) in stacks::all() {
        let graph = graph(synthesize(&stack).unwrap().to_json());
        for id in graph.keys() {
            assert!(!all_below(&graph, id).contains(id), "{name}: {id}");
        }
    }
}

/// A provider in use can't be removed, a group's instances need their network to deregister, and a cluster with
/// instances can't be deleted.
#[test]
fn instances_go_after_the_services_and_before_the_cluster() {
    for (name, stack) in stacks::all() {
        let template = synthesize(&stack).unwrap();
        let graph = graph(template.to_json());
        if !graph.contains_key(names::AUTO_SCALING_GROUP) {
            continue;
        }
        let order = [
            names::CAPACITY_PROVIDERS,
            names::CAPACITY_PROVIDER,
            names::AUTO_SCALING_GROUP,
            names::LAUNCH_TEMPLATE,
            names::CLUSTER,
        ];
        for pair in order.windows(2) {
            let [over, under] = pair else { continue };
            assert!(all_below(&graph, over).contains(*under), "{name}: {over}");
        }
        let group = all_below(&graph, names::AUTO_SCALING_GROUP);
        assert!(group.contains(names::INSTANCE_PROFILE) && group.contains(names::INSTANCE_ROLE));
        if graph.contains_key(names::PUBLIC_ROUTE) {
            assert!(group.contains(names::PUBLIC_ROUTE), "{name}");
        }
        for (short, service) in &stack.services {
            if let stack::ServiceSource::Create(_) = service.source {
                let below = all_below(&graph, &names::service(short));
                assert!(below.contains(names::CAPACITY_PROVIDERS), "{name}: {short}");
            }
        }
    }
}

/// ECS refuses a target group that no listener forwards to, and a listener that is deleted before its service would
/// leave unreachable tasks behind.
#[test]
fn balanced_services_stand_on_their_listener() {
    let mut seen = 0;
    for (name, stack) in stacks::all() {
        let graph = graph(synthesize(&stack).unwrap().to_json());
        for short in stack.services.keys() {
            if graph.contains_key(&names::listener(short)) {
                let below = all_below(&graph, &names::service(short));
                assert!(below.contains(&names::listener(short)), "{name}: {short}");
                let groups = [
                    names::target_group(short),
                    names::internal_target_group(short),
                ];
                let found = groups.iter().filter(|id| below.contains(*id)).count();
                assert_eq!(found, 1, "{name}: {short}");
                seen += 1;
            }
        }
    }
    assert!(seen >= 15, "{seen}");
}
