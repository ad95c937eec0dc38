//! A stack definition with the names of its queues, services, and clusters in the deployed stack.

pub(crate) mod queue_names;

use stack::{
    Actuator, BacklogPerTask, BacklogSource, Cluster, Demand, LoadBalancer, Queue, Service,
    ServiceSource, ServiceSpec, Stack, StepScaling,
};

use crate::error::SynthesisError;
use crate::text::{Text, text};
use crate::{limits, names};
use queue_names::{check_queue_name, dead_letter_queue_name, queue_name, queue_url};

/// The definition, resolved.
#[derive(Debug)]
pub(crate) struct Resolved<'a> {
    pub(crate) stack: &'a Stack,
    pub(crate) queues: Vec<ResolvedQueue<'a>>,
    pub(crate) services: Vec<ResolvedService<'a>>,
}

/// A queue, created or existing.
#[derive(Clone, Debug)]
pub(crate) struct ResolvedQueue<'a> {
    pub(crate) short: &'a str,
    pub(crate) queue: &'a Queue,
    pub(crate) name: Text,
    pub(crate) url: Text,
    pub(crate) arn: Text,
}

/// A service, created or existing, with the queues that it consumes.
#[derive(Clone, Debug)]
pub(crate) struct ResolvedService<'a> {
    pub(crate) short: &'a str,
    pub(crate) service: &'a Service,
    pub(crate) cluster: Text,
    pub(crate) cluster_arn: Text,
    pub(crate) name: Text,
    pub(crate) arn: Text,
    pub(crate) queues: Vec<ResolvedQueue<'a>>,
}

/// The scaling of a service, with its target.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scaled<'a, 'r> {
    pub(crate) service: &'r ResolvedService<'a>,
    pub(crate) scaling: &'a BacklogPerTask,
    /// Acceptable backlog per task.
    pub(crate) target: f64,
}

impl<'a> Resolved<'a> {
    pub(crate) fn new(stack: &'a Stack) -> Result<Self, SynthesisError> {
        let queues = stack
            .queues
            .iter()
            .map(|(short, queue)| resolve_queue(short, queue))
            .collect::<Result<Vec<_>, _>>()?;
        let services = stack
            .services
            .iter()
            .map(|(short, service)| resolve_service(stack, &queues, short, service))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            stack,
            queues,
            services,
        })
    }

    /// Whether the stack runs its own tasks, for which it needs a cluster and a network.
    pub(crate) fn creates_services(&self) -> bool {
        self.services.iter().any(|service| service.is_created())
    }

    /// Whether a created service has a load balancer.
    pub(crate) fn is_balanced(&self) -> bool {
        self.services
            .iter()
            .any(|service| service.load_balancer().is_some())
    }

    /// The services that scaling functions scale, with their steps.
    pub(crate) fn stepped(&self) -> Vec<(&ResolvedService<'a>, &'a StepScaling)> {
        let steps = |service: &'a Service| service.scaling.as_ref()?.alarm_steps.as_ref();
        self.services
            .iter()
            .filter_map(|service| Some((service, steps(service.service)?)))
            .collect()
    }

    /// The services whose demand the scaling function checks, to set their count or only to observe.
    pub(crate) fn checked_by_function(&self) -> Vec<(&ResolvedService<'a>, &'a Demand)> {
        self.demanded(Demand::is_by_function)
    }

    /// The services that follow their demand by target tracking.
    pub(crate) fn tracking_demand(&self) -> Vec<(&ResolvedService<'a>, &'a Demand)> {
        self.demanded(|demand| demand.actuator == Actuator::TargetTracking)
    }

    fn demanded(&self, is_meant: fn(&Demand) -> bool) -> Vec<(&ResolvedService<'a>, &'a Demand)> {
        let services = self.services.iter();
        services
            .filter_map(|service| Some((service, service.service.demand()?)))
            .filter(|(_, demand)| is_meant(demand))
            .collect()
    }

    /// Whether a service has its own scaling function.
    pub(crate) fn has_scaling_functions(&self) -> bool {
        let mut services = self.services.iter();
        services.any(|service| service.service.has_scaling_function())
    }

    /// The services that scale with their backlog.
    pub(crate) fn scaled(&self) -> Result<Vec<Scaled<'a, '_>>, SynthesisError> {
        self.services
            .iter()
            .filter_map(ResolvedService::scaled)
            .collect()
    }
}

impl Scaled<'_, '_> {
    /// Whether the metric function publishes the backlog per task.
    pub(crate) fn is_measured(&self) -> bool {
        self.scaling.source == BacklogSource::Lambda
    }

    /// Whether the service can scale to zero, and so must scale from zero.
    pub(crate) fn wakes(&self) -> bool {
        self.is_measured() && self.service.service.can_sleep()
    }
}

impl<'a> ResolvedService<'a> {
    fn is_created(&self) -> bool {
        self.spec().is_some()
    }

    /// The specification of the created service; `None` if the service is existing.
    pub(crate) fn spec(&self) -> Option<&'a ServiceSpec> {
        match &self.service.source {
            ServiceSource::Create(spec) => Some(spec),
            ServiceSource::Existing { .. } => None,
        }
    }

    /// The load balancer of a created service, and the port of the container behind it.
    pub(crate) fn load_balancer(&self) -> Option<(&'a LoadBalancer, u16)> {
        let spec = self.spec()?;
        Some((spec.load_balancer.as_ref()?, spec.port?))
    }

    /// Logical ID of the target group of a created service behind a load balancer. The scheme is part of it:
    /// changing the scheme replaces the load balancer, and an unchanged group would belong to two load balancers
    /// during the update, which Elastic Load Balancing refuses.
    pub(crate) fn target_group(&self) -> String {
        let balancer = self.load_balancer();
        match balancer.is_some_and(|(balancer, _)| balancer.internal) {
            true => names::internal_target_group(self.short),
            false => names::target_group(self.short),
        }
    }

    fn scaled(&self) -> Option<Result<Scaled<'a, '_>, SynthesisError>> {
        let scaling = self.service.backlog_per_task()?;
        let service = self.short.to_owned();
        if self.queues.is_empty() {
            return Some(Err(SynthesisError::NothingToMeasure { service }));
        }
        if self.queues.len() > limits::METRICS_PER_EXPRESSION {
            let queues = self.queues.len();
            return Some(Err(SynthesisError::TooManyQueues { service, queues }));
        }
        let metrics = self.queues.len() * scaling.count.len() + 1;
        if scaling.source == BacklogSource::MetricMath && metrics > limits::METRICS_PER_EXPRESSION {
            return Some(Err(SynthesisError::TooManyMetrics { service, metrics }));
        }
        Some(match scaling.target() {
            Some(target) => Ok(Scaled {
                service: self,
                scaling,
                target,
            }),
            None => Err(SynthesisError::NoTarget { service }),
        })
    }

    /// Dimensions of the service's metrics in CloudWatch.
    pub(crate) fn dimensions(&self) -> Vec<(&'static str, Text)> {
        vec![
            ("ClusterName", self.cluster.clone()),
            ("ServiceName", self.name.clone()),
        ]
    }

    /// Dimensions of the backlog per task of the service and one of its queues.
    pub(crate) fn backlog_dimensions(
        &self,
        queue: &ResolvedQueue<'_>,
    ) -> Vec<(&'static str, Text)> {
        let mut dimensions = self.dimensions();
        dimensions.push(("QueueName", queue.name.clone()));
        dimensions
    }
}

fn resolve_queue<'a>(
    short: &'a str,
    queue: &'a Queue,
) -> Result<ResolvedQueue<'a>, SynthesisError> {
    match queue {
        Queue::Create(spec) => {
            let name = queue_name(short, spec);
            check_queue_name(short, &name)?;
            if spec.dead_letter.is_some() {
                check_queue_name(short, &dead_letter_queue_name(short, spec))?;
            }
            let id = names::queue(short);
            let url = queue_url(Text::region(), Text::account(), &name).longest();
            let arn = Text::arn("sqs", &name).longest();
            Ok(ResolvedQueue {
                short,
                queue,
                name: Text::attribute(&id, "QueueName", name.longest()),
                url: Text::reference(&id, url),
                arn: Text::attribute(&id, "Arn", arn),
            })
        }
        Queue::Existing(existing) => {
            let name = Text::from(existing.name.as_str());
            let url = queue_url(
                existing.region.as_str().into(),
                existing.account.as_str().into(),
                &name,
            );
            Ok(ResolvedQueue {
                short,
                queue,
                name,
                url,
                arn: existing.arn.as_str().into(),
            })
        }
    }
}

fn resolve_service<'a>(
    stack: &'a Stack,
    queues: &[ResolvedQueue<'a>],
    short: &'a str,
    service: &'a Service,
) -> Result<ResolvedService<'a>, SynthesisError> {
    let (cluster, cluster_arn) = resolve_cluster(stack, &service.source);
    let name = match &service.source {
        ServiceSource::Create(spec) => {
            let id = names::service(short);
            let longest = match &spec.name {
                Some(name) => name.chars().count(),
                None => generated_ecs_name(stack, &id),
            };
            Text::attribute(id, "Name", longest)
        }
        ServiceSource::Existing { service, .. } => service.as_str().into(),
    };
    let long_arn = Text::arn("ecs", text!["service/", &cluster, "/", &name]);
    let arn = match &service.source {
        ServiceSource::Create(_) => Text::reference(names::service(short), long_arn.longest()),
        ServiceSource::Existing { .. } => long_arn,
    };
    Ok(ResolvedService {
        short,
        service,
        cluster,
        cluster_arn,
        name,
        arn,
        queues: consumed_queues(queues, short, service)?,
    })
}

fn consumed_queues<'a>(
    queues: &[ResolvedQueue<'a>],
    short: &str,
    service: &Service,
) -> Result<Vec<ResolvedQueue<'a>>, SynthesisError> {
    let find = |name: &String| {
        let found = queues.iter().find(|queue| queue.short == name).cloned();
        found.ok_or_else(|| SynthesisError::UnknownQueue {
            service: short.to_owned(),
            queue: name.clone(),
        })
    };
    service.consumes.iter().map(find).collect()
}

/// Name and ARN of the cluster that a service runs in.
fn resolve_cluster(stack: &Stack, source: &ServiceSource) -> (Text, Text) {
    let existing = match (source, &stack.cluster) {
        (ServiceSource::Existing { cluster, .. }, _) => cluster,
        (ServiceSource::Create(_), Cluster::Existing { name }) => name,
        (ServiceSource::Create(_), Cluster::Create { name, .. }) => {
            let longest = match name {
                Some(name) => name.chars().count(),
                None => generated_ecs_name(stack, names::CLUSTER),
            };
            let name = Text::reference(names::CLUSTER, longest);
            let arn = Text::arn("ecs", text!["cluster/", &name]).longest();
            return (name, Text::attribute(names::CLUSTER, "Arn", arn));
        }
    };
    let name = Text::from(existing.as_str());
    let arn = Text::arn("ecs", text!["cluster/", &name]);
    (name, arn)
}

fn generated_ecs_name(stack: &Stack, id: &str) -> usize {
    generated_name(stack, id, limits::ECS_NAME)
}

/// The maximum number of characters of a name that CloudFormation generates from the stack's name and a logical ID,
/// if the service limits names to `limit`.
pub(crate) fn generated_name(stack: &Stack, id: &str, limit: usize) -> usize {
    (stack.name.chars().count() + id.len() + limits::GENERATED_SUFFIX).min(limit)
}
