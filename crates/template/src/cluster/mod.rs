//! The cluster of the created services, and the capacity that its tasks run on.

pub(crate) mod flow_logs;
pub(crate) mod instances;
pub(crate) mod network;

use serde_json::{Value, json};
use stack::{
    BacklogSource, Capacity, Cluster, Insights, Provider, ServiceSource, ServiceSpec, Spot, Stack,
};

use crate::builder::{Builder, Resource};
use crate::contract::types;
use crate::error::SynthesisError;
use crate::names;
use crate::resolved::{Resolved, ResolvedService};
use crate::text::reference;
use network::Placement;

/// Capacity provider of Fargate on demand.
const FARGATE: &str = "FARGATE";
/// Capacity provider of Fargate Spot.
const FARGATE_SPOT: &str = "FARGATE_SPOT";

pub(crate) fn add(
    builder: &mut Builder,
    resolved: &Resolved<'_>,
    placement: &Placement,
) -> Result<(), SynthesisError> {
    let Cluster::Create {
        name,
        capacity,
        insights,
    } = &resolved.stack.cluster
    else {
        return Ok(());
    };
    let mut properties = json!({});
    if let Some(map) = properties.as_object_mut() {
        if let Some(name) = name {
            map.insert("ClusterName".into(), name.as_str().into());
        }
        // It is billed per metric, so only a service that divides by its running task count pays for it.
        let insights = insights.or(needs_container_insights(resolved).then_some(Insights::On));
        if let Some(insights) = insights {
            let value = match insights {
                Insights::Off => "disabled",
                Insights::On => "enabled",
                Insights::Enhanced => "enhanced",
            };
            let settings = json!([{ "Name": "containerInsights", "Value": value }]);
            map.insert("ClusterSettings".into(), settings);
        }
    }
    builder.add(names::CLUSTER, Resource::new(types::CLUSTER, properties))?;
    let providers = match capacity {
        Capacity::Fargate if !uses_spot(resolved) => json!([FARGATE]),
        Capacity::Fargate | Capacity::FargateSpot { .. } => json!([FARGATE, FARGATE_SPOT]),
        Capacity::Ec2 {
            instance_type,
            min,
            max,
            image,
            volume_key,
        } => {
            let start = instances::Start {
                instance_type,
                image: image.as_deref(),
                volume_key: volume_key.as_deref(),
            };
            instances::add(builder, resolved, placement, &start, (*min, *max))?;
            json!([reference(names::CAPACITY_PROVIDER)])
        }
    };
    let properties = json!({
        "Cluster": reference(names::CLUSTER),
        "CapacityProviders": providers,
        "DefaultCapacityProviderStrategy": [],
    });
    let kind = "AWS::ECS::ClusterCapacityProviderAssociations";
    builder.add(names::CAPACITY_PROVIDERS, Resource::new(kind, properties))
}

/// Whether a service runs on Spot, whatever the cluster's capacity.
fn uses_spot(resolved: &Resolved<'_>) -> bool {
    let mut specs = resolved.services.iter().filter_map(ResolvedService::spec);
    specs.any(|spec| resolved.stack.is_on_spot(spec))
}

/// How a service sets the capacity of its tasks: a property of the service, and the property's value.
pub(crate) fn placement(stack: &Stack, spec: &ServiceSpec) -> (&'static str, Value) {
    if let Some(providers) = spec.providers() {
        return ("CapacityProviderStrategy", render_providers(providers));
    }
    let strategy = match (stack.spot(spec), &stack.cluster) {
        // The providers of an existing cluster aren't ours to associate.
        (None | Some(Spot { share: 0, .. }), Cluster::Existing { .. }) => {
            return ("LaunchType", FARGATE.into());
        }
        (None, Cluster::Create { .. }) => {
            json!([{ "CapacityProvider": reference(names::CAPACITY_PROVIDER), "Weight": 1 }])
        }
        // Not a launch type: ECS treats a missing strategy as "unchanged", so the tasks of a service would stay on
        // Spot after its definition removes it.
        (Some(Spot { share: 0, .. }), _) => on_demand(),
        (Some(spot), _) => render_strategy(spot),
    };
    ("CapacityProviderStrategy", strategy)
}

/// The strategy of Fargate without Spot.
pub(crate) fn on_demand() -> Value {
    json!([{ "CapacityProvider": FARGATE, "Weight": 1 }])
}

fn render_providers(providers: &[Provider]) -> Value {
    let items = providers.iter().map(|Provider { name, base, weight }| {
        json!({ "CapacityProvider": name, "Base": base, "Weight": weight })
    });
    items.collect()
}

/// The first tasks run on demand, and the weights divide the others.
fn render_strategy(Spot { share, base }: Spot) -> Value {
    let (spot, on_demand) = match share {
        100 => (1, 0),
        share => (share, 100 - share),
    };
    let mut strategy = vec![json!({ "CapacityProvider": FARGATE_SPOT, "Weight": spot })];
    if base > 0 {
        let first = json!({ "CapacityProvider": FARGATE, "Base": base, "Weight": on_demand });
        strategy.insert(0, first);
    } else if on_demand > 0 {
        strategy.insert(
            0,
            json!({ "CapacityProvider": FARGATE, "Weight": on_demand }),
        );
    }
    strategy.into()
}

/// A resource that must exist before a service and be deleted after it: a capacity provider in use can't be
/// removed.
pub(crate) fn depends_on(cluster: &Cluster) -> Option<&'static str> {
    match cluster {
        Cluster::Create { .. } => Some(names::CAPACITY_PROVIDERS),
        Cluster::Existing { .. } => None,
    }
}

fn needs_container_insights(resolved: &Resolved<'_>) -> bool {
    resolved.services.iter().any(|service| {
        let backlog = service.service.backlog_per_task();
        matches!(service.service.source, ServiceSource::Create(_))
            && backlog.is_some_and(|backlog| backlog.source == BacklogSource::MetricMath)
    })
}
