//! Resources of a stack that cost money even without use, and the service that each is assigned to.
//!
//! The sums over all services equal the numbers of the template's resources. A test in `cli` compares them.

use std::iter::Sum;
use std::ops::Add;

use stack::{
    Actuator, AlarmMetric, BacklogSource, Cluster, Demand, Insights, Network, Queue, Service,
    ServiceSource, ServiceSpec, Stack, StepScaling,
};

use crate::policy::{Policy, StepPolicy};

/// An alarm with a period shorter than this is a high-resolution alarm, in seconds.
const HIGH_RESOLUTION: u64 = 60;

/// Public subnets of a network that the stack creates.
const SUBNETS: usize = 2;

/// Numbers of resources. They are fractions if services share a resource.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Inventory {
    /// Alarms of the template.
    pub alarms: f64,
    /// Alarms that Application Auto Scaling creates for target tracking.
    pub tracking_alarms: f64,
    /// Metrics that standard-resolution alarms watch. The price of an alarm depends on their number.
    pub alarm_metrics: f64,
    /// Metrics that high-resolution alarms watch.
    pub fast_alarm_metrics: f64,
    /// Custom metrics.
    pub metrics: f64,
    /// Services whose metrics Container Insights publishes.
    pub insights: f64,
    /// Scheduled rules.
    pub rules: f64,
    /// Functions.
    pub functions: f64,
    /// Log groups.
    pub log_groups: f64,
    /// Dashboards.
    pub dashboards: f64,
    /// Load balancers.
    pub load_balancers: f64,
    /// Public IPv4 addresses of load balancers.
    pub balancer_addresses: f64,
}

/// Existing resources that a service is billed for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Inventories {
    /// Regardless of its policy.
    pub(crate) standing: Inventory,
    /// Because of its policy.
    pub(crate) scaling: Inventory,
    /// Because of a policy that only observes next to it.
    pub(crate) observing: Inventory,
}

/// Number of other services of the stack that share a function with a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sharing {
    /// Measured by the metric function.
    pub(crate) measured: u32,
    /// Scaled by demand.
    pub(crate) demanded: u32,
}

impl Sharing {
    pub(crate) fn of(stack: &Stack, service: &str) -> Self {
        let others = |all: Vec<&str>| {
            let others = all.into_iter().filter(|name| *name != service).count();
            u32::try_from(others).unwrap_or(u32::MAX)
        };
        Self {
            measured: others(measured(stack)),
            demanded: others(demanded(stack)),
        }
    }
}

impl Inventory {
    /// Everything that a stack creates.
    #[must_use]
    pub fn of_stack(stack: &Stack) -> Self {
        items(stack).into_iter().map(|item| item.creates).sum()
    }

    /// Returns the resources counted for one service of a stack: its own, and an equal part of each shared
    /// resource. A queue's alarms are shared by its consumers, the metric function by the services that it
    /// measures, the function for demand scaling by its services, and the dashboard by all services.
    #[must_use]
    pub fn of_service(stack: &Stack, service: &str) -> Self {
        let both = Inventories::of_service(stack, service);
        both.standing + both.scaling + both.observing
    }

    /// Returns the resources that a policy needs in a stack, as ecs-scaler would deploy it, for a service with
    /// this number of queues. `sharing` has the number of services that share functions with it.
    pub(crate) fn of_policy(
        policy: &Policy,
        queues: u32,
        sharing: Sharing,
        scales_to_zero: bool,
    ) -> Self {
        let queues = f64::from(queues);
        let wake = if scales_to_zero {
            wake()
        } else {
            Self::default()
        };
        let measured = metric_function().share(f64::from(sharing.measured) + 1.0) + wake;
        match policy {
            // Forecasts are free.
            Policy::BacklogPerTask(_) | Policy::Predictive(_) => backlog(queues) + measured,
            Policy::BacklogPerTaskAndSteps(_, steps) => {
                backlog(queues) + measured + step_alarms(steps)
            }
            Policy::Steps(steps) => step_alarms(steps),
            Policy::AlarmSteps(steps) => step_alarms(steps) + scaling_function() + alarm(1.0),
            Policy::Demand(_) => demand_tracking() + measured,
            Policy::Deadline(_) => {
                needs() + scaling_function().share(f64::from(sharing.demanded) + 1.0)
            }
            Policy::Fixed { .. } | Policy::Keda(_) | Policy::Ideal => Self::default(),
        }
    }

    fn share(self, owners: f64) -> Self {
        let share = |number: f64| number / owners.max(1.0);
        Self {
            alarms: share(self.alarms),
            tracking_alarms: share(self.tracking_alarms),
            alarm_metrics: share(self.alarm_metrics),
            fast_alarm_metrics: share(self.fast_alarm_metrics),
            metrics: share(self.metrics),
            insights: share(self.insights),
            rules: share(self.rules),
            functions: share(self.functions),
            log_groups: share(self.log_groups),
            dashboards: share(self.dashboards),
            load_balancers: share(self.load_balancers),
            balancer_addresses: share(self.balancer_addresses),
        }
    }
}

impl Inventories {
    pub(crate) fn of_service(stack: &Stack, service: &str) -> Self {
        let mut found = Self::default();
        let observes = stack.services.get(service).is_some_and(observes_only);
        for item in items(stack) {
            if item.owners.contains(&service) {
                #[expect(clippy::cast_precision_loss, reason = "fewer services than 2^52")]
                let share = item.creates.share(item.owners.len() as f64);
                let of = match item.purpose {
                    Purpose::Standing => &mut found.standing,
                    Purpose::Demand if observes => &mut found.observing,
                    Purpose::Scaling | Purpose::Demand => &mut found.scaling,
                };
                *of = *of + share;
            }
        }
        found
    }
}

impl Add for Inventory {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            alarms: self.alarms + other.alarms,
            tracking_alarms: self.tracking_alarms + other.tracking_alarms,
            alarm_metrics: self.alarm_metrics + other.alarm_metrics,
            fast_alarm_metrics: self.fast_alarm_metrics + other.fast_alarm_metrics,
            metrics: self.metrics + other.metrics,
            insights: self.insights + other.insights,
            rules: self.rules + other.rules,
            functions: self.functions + other.functions,
            log_groups: self.log_groups + other.log_groups,
            dashboards: self.dashboards + other.dashboards,
            load_balancers: self.load_balancers + other.load_balancers,
            balancer_addresses: self.balancer_addresses + other.balancer_addresses,
        }
    }
}

impl Sum for Inventory {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}

/// Resources, and the services that use them.
struct Item<'s> {
    owners: Vec<&'s str>,
    purpose: Purpose,
    creates: Inventory,
}

/// Why resources exist.
#[derive(Clone, Copy)]
enum Purpose {
    /// Regardless of any policy.
    Standing,
    /// For a policy that acts.
    Scaling,
    /// For the function that scales by demand, or only observes.
    Demand,
}

/// Whether another policy scales a service for which a function observes the demand.
fn observes_only(service: &Service) -> bool {
    let scaling = service.scaling.as_ref();
    let observes = service.demand().is_some_and(|demand| !demand.acts());
    observes && scaling.is_some_and(stack::Scaling::has_other_than_demand)
}

fn items(stack: &Stack) -> Vec<Item<'_>> {
    let all: Vec<&str> = stack.services.keys().map(String::as_str).collect();
    let item = |owners, purpose, creates| Item {
        owners,
        purpose,
        creates,
    };
    let dashboard = Inventory {
        dashboards: 1.0,
        ..Inventory::default()
    };
    let mut items = vec![item(all.clone(), Purpose::Standing, dashboard)];
    for (name, queue) in &stack.queues {
        let consumers: Vec<&str> = stack.consumers(name).map(|(name, _)| name).collect();
        let owners = if consumers.is_empty() {
            all.clone()
        } else {
            consumers
        };
        let alarms = queue_alarms(stack, name, queue);
        items.push(item(owners, Purpose::Standing, alarms));
    }
    for (name, service) in &stack.services {
        let mut own = |purpose, creates| items.push(item(vec![name.as_str()], purpose, creates));
        own(Purpose::Standing, created(stack, service));
        own(Purpose::Scaling, scaling(stack, service));
        own(Purpose::Demand, demand_by_function(service));
    }
    let measured = measured(stack);
    if !measured.is_empty() {
        items.push(item(measured, Purpose::Scaling, metric_function()));
    }
    let demanded = demanded(stack);
    if !demanded.is_empty() {
        items.push(item(demanded, Purpose::Demand, scaling_function()));
    }
    items
}

/// Returns the services that a function scales by demand. Counts one function for all, although several hundred
/// services might need more.
fn demanded(stack: &Stack) -> Vec<&str> {
    list_services(stack, |service| {
        let demand = service.demand();
        demand.is_some_and(Demand::is_by_function)
    })
}

/// Returns the services that the metric function measures.
fn measured(stack: &Stack) -> Vec<&str> {
    list_services(stack, Service::is_measured)
}

fn list_services(stack: &Stack, is_meant: impl Fn(&Service) -> bool) -> Vec<&str> {
    let services = stack.services.iter();
    services
        .filter(|(_, service)| is_meant(service))
        .map(|(name, _)| name.as_str())
        .collect()
}

fn queue_alarms(stack: &Stack, name: &str, queue: &Queue) -> Inventory {
    let oldest = f64::from(u8::from(stack.oldest_message(name).is_some()));
    let dead = match queue {
        Queue::Create(spec) => f64::from(u8::from(spec.dead_letter.is_some())),
        Queue::Existing(_) => 0.0,
    };
    alarm(oldest + dead)
}

/// Returns the resources of a service that don't scale it.
fn created(stack: &Stack, service: &Service) -> Inventory {
    let ServiceSource::Create(spec) = &service.source else {
        return Inventory::default();
    };
    let logs = Inventory {
        log_groups: 1.0,
        ..Inventory::default()
    };
    let measured = decided_insights(stack).is_some_and(|insights| insights != Insights::Off);
    let insights = Inventory {
        insights: f64::from(u8::from(measured)),
        ..Inventory::default()
    };
    logs + insights + load_balancer(stack, spec)
}

/// Returns the definition's own setting of Container Insights.
fn decided_insights(stack: &Stack) -> Option<Insights> {
    match &stack.cluster {
        Cluster::Create { insights, .. } => *insights,
        Cluster::Existing { .. } => None,
    }
}

fn load_balancer(stack: &Stack, spec: &ServiceSpec) -> Inventory {
    let Some(balancer) = &spec.load_balancer else {
        return Inventory::default();
    };
    let subnets = match &stack.network {
        _ if !balancer.subnets.is_empty() => balancer.subnets.len(),
        Network::Create { .. } => SUBNETS,
        Network::Existing { subnets, .. } => subnets.len(),
    };
    #[expect(clippy::cast_precision_loss, reason = "fewer subnets than 2^52")]
    let addresses = if balancer.internal {
        0.0
    } else {
        subnets as f64
    };
    // Alarms for no healthy target, and for the load balancer's own errors.
    Inventory {
        load_balancers: 1.0,
        balancer_addresses: addresses,
        ..alarm(2.0)
    }
}

fn scaling(stack: &Stack, service: &Service) -> Inventory {
    let Some(scaling) = &service.scaling else {
        return Inventory::default();
    };
    #[expect(clippy::cast_precision_loss, reason = "fewer queues than 2^52")]
    let queues = service.consumes.len() as f64;
    let wakes = service.is_measured() && service.can_sleep();
    let mut creates = if wakes { wake() } else { Inventory::default() };
    if let Some(backlog_scaling) = &scaling.backlog_per_task {
        creates = creates
            + match backlog_scaling.source {
                BacklogSource::Lambda => backlog(queues),
                #[expect(clippy::cast_precision_loss, reason = "at most three counts")]
                BacklogSource::MetricMath => {
                    let counts = queues * backlog_scaling.count.len() as f64;
                    metric_math(counts, decided_insights(stack).is_none(), service)
                }
            };
    }
    for _ in scaling.cpu.iter().chain(&scaling.memory) {
        creates = creates + tracking(1.0);
    }
    for steps in scaling.steps.iter().chain(&scaling.alarm_steps) {
        creates = creates + defined_step_alarms(steps);
    }
    if scaling.alarm_steps.is_some() {
        // The alarm on its dead-letter queue.
        creates = creates + scaling_function() + alarm(1.0);
    }
    match scaling.demand.as_ref().map(|demand| demand.actuator) {
        Some(Actuator::TargetTracking) => creates + demand_tracking(),
        Some(Actuator::Function | Actuator::None) | None => creates,
    }
}

/// Returns the resources of a service whose demand a function checks, without the function.
fn demand_by_function(service: &Service) -> Inventory {
    match service.demand().map(|demand| demand.actuator) {
        Some(Actuator::Function) => needs(),
        Some(Actuator::None) => needs() + recommendation(),
        Some(Actuator::TargetTracking) | None => Inventory::default(),
    }
}

/// Alarms of the template on one metric each.
fn alarm(alarms: f64) -> Inventory {
    Inventory {
        alarms,
        alarm_metrics: alarms,
        ..Inventory::default()
    }
}

/// The two alarms of a target tracking policy on this number of metrics.
fn tracking(metrics: f64) -> Inventory {
    Inventory {
        tracking_alarms: 2.0,
        alarm_metrics: 2.0 * metrics,
        ..Inventory::default()
    }
}

/// A metric and an alarm per queue, and target tracking on their sum.
fn backlog(queues: f64) -> Inventory {
    let metrics = Inventory {
        metrics: queues,
        ..Inventory::default()
    };
    metrics + alarm(queues) + tracking(queues)
}

/// Target tracking on counts of SQS and the running tasks of Container Insights, which an alarm watches.
fn metric_math(counts: f64, turns_on: bool, service: &Service) -> Inventory {
    let created = turns_on && matches!(service.source, ServiceSource::Create(_));
    let insights = Inventory {
        insights: f64::from(u8::from(created)),
        ..Inventory::default()
    };
    insights + alarm(1.0) + tracking(counts + 1.0)
}

/// The metric and the alarm that scale from zero.
fn wake() -> Inventory {
    Inventory {
        metrics: 1.0,
        ..alarm(1.0)
    }
}

/// The metric function with its rule and the alarm on its errors.
fn metric_function() -> Inventory {
    scaling_function()
}

/// A function with its rule, its log group, and the alarm on its errors.
fn scaling_function() -> Inventory {
    Inventory {
        functions: 1.0,
        rules: 1.0,
        log_groups: 1.0,
        ..alarm(1.0)
    }
}

/// The metrics of a service that a function scales by demand (required tasks, processing time, task start, share
/// within the objective), and the missing-data alarm for the first of them. The fifth metric, warm tasks, exists
/// only if there are any, and isn't counted here.
fn needs() -> Inventory {
    Inventory {
        metrics: 4.0,
        ..alarm(1.0)
    }
}

/// The metric of the count that an observing policy would set.
fn recommendation() -> Inventory {
    Inventory {
        metrics: 1.0,
        ..Inventory::default()
    }
}

/// Target tracking on one of two metrics, and the alarm for missing data.
fn demand_tracking() -> Inventory {
    let published = Inventory {
        metrics: 2.0,
        ..alarm(1.0)
    };
    published + tracking(1.0)
}

fn defined_step_alarms(steps: &StepScaling) -> Inventory {
    let metrics = steps.metrics().map(|metric| match metric {
        AlarmMetric::Messages { count, .. } => count.len(),
        _ => 1,
    });
    let fast = steps.period.as_secs() < HIGH_RESOLUTION;
    metrics.map(|metrics| step_alarm(metrics, fast)).sum()
}

fn step_alarms(steps: &StepPolicy) -> Inventory {
    let sides = steps.scale_out.iter().chain(&steps.scale_in);
    let metrics = sides.map(|side| match side.metric {
        crate::QueueMetric::Outstanding => 2,
        _ => 1,
    });
    metrics.map(|metrics| step_alarm(metrics, false)).sum()
}

fn step_alarm(metrics: usize, fast: bool) -> Inventory {
    #[expect(clippy::cast_precision_loss, reason = "at most three metrics")]
    let metrics = metrics as f64;
    Inventory {
        alarms: 1.0,
        alarm_metrics: if fast { 0.0 } else { metrics },
        fast_alarm_metrics: if fast { metrics } else { 0.0 },
        ..Inventory::default()
    }
}
