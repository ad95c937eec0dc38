//! The basis of a scenario's bill: its prices, the hosting of its tasks, and the resources around it.

use std::sync::Arc;
use std::time::Duration;

use stack::{
    Architecture, Capacity, Cluster, InstanceRoom, Network, Service, ServiceSource, ServiceSpec,
    Spot, Stack,
};

use crate::policy::Policy;

use super::count::{Inventories, Inventory, Sharing};
use super::prices::{PriceTable, Prices};

/// The basis of a scenario's bill.
#[derive(Clone, Debug, PartialEq)]
pub struct Billing {
    /// The prices.
    pub prices: Arc<Prices>,
    /// The hosting of the tasks.
    pub hosting: Hosting,
    /// Whether tasks, or the instances that they run on, have public addresses.
    pub public: bool,
    /// Minimum time for which a Fargate task is billed.
    pub shortest_task: Duration,
    /// Memory of the functions in GB.
    pub function_gb: f64,
    /// Whether the functions run on ARM.
    pub function_arm: bool,
    /// Number of queues that the service consumes.
    pub queues: u32,
    /// Whether its first queue is FIFO.
    pub fifo: bool,
    /// Whether the tasks log to CloudWatch.
    pub logs: bool,
    /// Services that share the metric function with it.
    pub(crate) sharing: Sharing,
    pub(crate) scales_to_zero: bool,
    /// Time between the checks of a function that observes the service, whatever scales it.
    pub(crate) observed_every: Option<Duration>,
    pub(crate) inventories: Inventories,
}

/// The hosting of tasks.
#[derive(Clone, Debug, PartialEq)]
pub enum Hosting {
    /// Fargate on demand.
    Fargate,
    /// Fargate Spot, with some tasks on demand.
    Spot {
        /// Tasks on demand.
        base: u32,
        /// Share of the other tasks that run on Spot, in percent.
        share: u32,
    },
    /// EC2 instances.
    Instances {
        /// US dollars per hour of an instance with its disk.
        hour: f64,
        /// Tasks that fit onto an instance, at least 1, if its size is known.
        fit: Option<u32>,
        /// Minimum number of instances.
        min: u32,
        /// Maximum number of instances.
        max: u32,
    },
}

impl Billing {
    /// A service on Fargate in us-east-1 with one queue, public addresses, and logs. It is alone in its stack,
    /// and its queue has no alarms.
    #[must_use]
    pub fn new(policy: &Policy) -> Self {
        let standing = Inventory {
            dashboards: 1.0,
            log_groups: 1.0,
            ..Inventory::default()
        };
        Self {
            prices: Arc::new(PriceTable::built_in().for_region(None)),
            hosting: Hosting::Fargate,
            public: true,
            shortest_task: Duration::from_secs(60),
            function_gb: 0.125,
            function_arm: true,
            queues: 1,
            fifo: false,
            logs: true,
            sharing: Sharing::default(),
            scales_to_zero: false,
            observed_every: None,
            inventories: Inventories {
                standing,
                ..Inventories::default()
            },
        }
        .for_policy(policy)
    }

    /// Returns the billed resources of a service of a stack. Adds the assumptions to `notes`.
    pub(crate) fn of_service(
        stack: &Stack,
        name: &str,
        service: &Service,
        prices: Arc<Prices>,
        notes: &mut Vec<String>,
    ) -> Self {
        let spec = match &service.source {
            ServiceSource::Create(spec) => Some(spec.as_ref()),
            ServiceSource::Existing { .. } => None,
        };
        Self {
            hosting: hosting(stack, spec, &prices, notes),
            public: spec.is_some() && is_public(&stack.network),
            function_gb: f64::from(stack.metric.memory) / 1_024.0,
            function_arm: stack.metric.architecture == Architecture::Arm64,
            queues: u32::try_from(service.consumes.len()).unwrap_or(u32::MAX),
            fifo: service
                .consumes
                .first()
                .is_some_and(|queue| stack.is_fifo(queue)),
            logs: spec.is_some_and(|spec| spec.log_router.is_none()),
            sharing: Sharing::of(stack, name),
            scales_to_zero: service.can_sleep(),
            observed_every: service.demand().map(|demand| demand.every),
            inventories: Inventories::of_service(stack, name),
            shortest_task: Duration::from_secs(60),
            prices,
        }
    }

    /// Returns the same with another policy, as ecs-scaler would deploy it. A policy that only observes stays, except next to
    /// demand scaling.
    #[must_use]
    pub(crate) fn for_policy(mut self, policy: &Policy) -> Self {
        self.inventories.scaling =
            Inventory::of_policy(policy, self.queues, self.sharing, self.scales_to_zero);
        if matches!(policy, Policy::Deadline(_) | Policy::Demand(_)) {
            self.inventories.observing = Inventory::default();
        }
        self
    }

    /// Returns the resources around the service.
    #[must_use]
    pub fn inventory(&self) -> Inventory {
        let all = self.inventories;
        all.standing + all.scaling + all.observing
    }
}

fn is_public(network: &Network) -> bool {
    match network {
        Network::Create { .. } => true,
        Network::Existing {
            assign_public_ip, ..
        } => *assign_public_ip,
    }
}

fn hosting(
    stack: &Stack,
    spec: Option<&ServiceSpec>,
    prices: &Prices,
    notes: &mut Vec<String>,
) -> Hosting {
    let Some(spec) = spec else {
        return Hosting::Fargate;
    };
    if let Some(Spot { share, base }) = stack.spot(spec).filter(|spot| spot.share > 0) {
        notes.push(
            "Fargate Spot's price changes: a fixed share of the price on demand is assumed, and no task is interrupted"
                .to_owned(),
        );
        return Hosting::Spot { base, share };
    }
    if spec.providers().is_some() {
        notes.push(
            "the price of the instances of named capacity providers isn't known: that of Fargate is assumed".to_owned(),
        );
    }
    match &stack.cluster {
        Cluster::Create {
            capacity:
                Capacity::Ec2 {
                    instance_type,
                    min,
                    max,
                    ..
                },
            ..
        } => {
            let fit = InstanceRoom::of(instance_type).map(|room| room.tasks(spec.cpu, spec.memory));
            let hour = prices.instance_hour(instance_type);
            notes.push(describe_instances(instance_type, fit, hour));
            if stack.services.len() > 1 {
                notes.push(
                    "the cost of EC2 instances is that of this service alone; services that share instances need fewer"
                        .to_owned(),
                );
            }
            Hosting::Instances {
                hour: hour.map_or(0.0, |(hour, _)| hour),
                fit: fit.map(|fit| fit.max(1)),
                min: *min,
                max: *max,
            }
        }
        _ => Hosting::Fargate,
    }
}

fn describe_instances(kind: &str, fit: Option<u32>, hour: Option<(f64, bool)>) -> String {
    let fit = match fit {
        Some(fit) => format!("{fit} tasks fit onto a {kind}"),
        None => format!(
            "the size of {kind} isn't known: one task per instance is assumed, and the start of instances isn't simulated"
        ),
    };
    let price = match hour {
        Some((_, false)) => "",
        Some((_, true)) => "; its price isn't listed and is estimated from its size",
        None => "; its price isn't listed, so instances cost nothing here: add it with --prices",
    };
    format!("{fit}{price}; ECS removes an instance 15 minutes after it isn't needed")
}
