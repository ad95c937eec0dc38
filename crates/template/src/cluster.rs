//! The cluster of the created services, and what its tasks run on.

use serde_json::{Value, json};
use stack::{Capacity, Cluster, Stack};

use crate::builder::{Builder, Resource};
use crate::error::SynthesisError;
use crate::names;
use crate::text::reference;

/// Capacity provider of Fargate on demand.
const FARGATE: &str = "FARGATE";
/// Capacity provider of Fargate Spot.
const FARGATE_SPOT: &str = "FARGATE_SPOT";

pub(crate) fn add(builder: &mut Builder, stack: &Stack) -> Result<(), SynthesisError> {
    let Cluster::Create { name, capacity } = &stack.cluster else {
        return Ok(());
    };
    let properties = match name {
        Some(name) => json!({ "ClusterName": name }),
        None => json!({}),
    };
    builder.add(
        names::CLUSTER,
        Resource::new("AWS::ECS::Cluster", properties),
    )?;
    match capacity {
        Capacity::Fargate => Ok(()),
        Capacity::FargateSpot { .. } => {
            let properties = json!({
                "Cluster": reference(names::CLUSTER),
                "CapacityProviders": [FARGATE, FARGATE_SPOT],
                "DefaultCapacityProviderStrategy": [],
            });
            let kind = "AWS::ECS::ClusterCapacityProviderAssociations";
            builder.add(names::CAPACITY_PROVIDERS, Resource::new(kind, properties))
        }
    }
}

/// How a service says what its tasks run on: a property of it and the property's value.
pub(crate) fn placement(stack: &Stack) -> (&'static str, Value) {
    match &stack.cluster {
        Cluster::Create {
            capacity: Capacity::FargateSpot { base },
            ..
        } => {
            let mut strategy = vec![json!({ "CapacityProvider": FARGATE_SPOT, "Weight": 1 })];
            if *base > 0 {
                // Weight 0: the first tasks run on demand, and every further one on Spot.
                let on_demand = json!({ "CapacityProvider": FARGATE, "Base": base, "Weight": 0 });
                strategy.insert(0, on_demand);
            }
            ("CapacityProviderStrategy", strategy.into())
        }
        Cluster::Create {
            capacity: Capacity::Fargate,
            ..
        }
        | Cluster::Existing { .. } => ("LaunchType", FARGATE.into()),
    }
}

/// What a service waits for, and has to be gone before: a capacity provider in use can't be removed.
pub(crate) fn depends_on(stack: &Stack) -> Option<&'static str> {
    match &stack.cluster {
        Cluster::Create {
            capacity: Capacity::FargateSpot { .. },
            ..
        } => Some(names::CAPACITY_PROVIDERS),
        Cluster::Create { .. } | Cluster::Existing { .. } => None,
    }
}
