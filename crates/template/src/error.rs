//! Why a stack definition has no template.

use stack::Report;

use crate::limits;

/// Why a stack definition has no template. Each error names the change to make.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SynthesisError {
    /// Two parts of the definition would be the same resource.
    #[error(
        "two parts of the definition have the same logical ID {id}; rename a queue or a service"
    )]
    SameLogicalId {
        /// The logical ID.
        id: String,
    },
    /// Overrides that aren't valid in the template.
    #[error("{problems}")]
    Overrides {
        /// Each problem with its place in the definition.
        problems: Report,
    },
    /// A service consumes a queue that is not defined.
    #[error("service {service} consumes queue {queue}, which is not defined")]
    UnknownQueue {
        /// Short name of the service.
        service: String,
        /// Short name of the queue.
        queue: String,
    },
    /// A scaled service consumes no queue, so nothing determines how many tasks it needs.
    #[error("service {service} is scaled by its queues but consumes none")]
    NothingToMeasure {
        /// Short name of the service.
        service: String,
    },
    /// The processing time is zero, so there is no target.
    #[error(
        "service {service} has a processing time of zero, so its acceptable backlog is infinite"
    )]
    NoTarget {
        /// Short name of the service.
        service: String,
    },
    /// A number that the demand algorithm can't use.
    #[error("service {service} can't be scaled by demand: {problem}")]
    UnusableDemand {
        /// Short name of the service.
        service: String,
        /// The problem with it.
        problem: scaling::DemandPolicyError,
    },
    /// A deployed service would move between Fargate and EC2 instances, or its tasks to another network mode.
    #[error(
        "the capacity of a deployed service can't change between Fargate and EC2 instances, and its tasks not between the \
         network modes `bridge` and `awsvpc` ({id}): ECS doesn't move them. Deploy the services on the new capacity as a separate stack that \
         consumes the queues of this one (`existing`), and destroy the old services afterward"
    )]
    CapacityMoves {
        /// Logical ID of the service.
        id: String,
    },
    /// A deployed load balancer would move to another VPC.
    #[error(
        "a deployed load balancer can't move to another VPC ({id}). Remove `load_balancer`, deploy, and add it again \
         with the new network: until the second deploy is done, the service can't be reached. Or deploy the service \
         in the new network as a separate stack, and destroy the old one afterward"
    )]
    LoadBalancerMoves {
        /// Logical ID of the load balancer's target group.
        id: String,
    },
    /// A new resource would need the name or the service of a deployed one.
    #[error(
        "{id} is the deployed {other} under another key: CloudFormation creates the new resource before it deletes the \
         old one, but both are the same. Keep the key in the definition, or also change the fixed `name`"
    )]
    NameTaken {
        /// Logical ID of the new resource.
        id: String,
        /// Logical ID of the deployed one.
        other: String,
    },
    /// More services than fit into one request to the metric function, and some of them track their demand.
    #[error(
        "the metric function measures {services} services, and one request to it holds {most} of them. Services with \
         `demand` and `actuator: target_tracking` must be measured in one request, because several \
         requests run in several environments of the function, none of which sees every minute, and then no task is \
         ever removed: use `actuator: function`, which has no such limit, or divide them among several stacks"
    )]
    TooManyForDemand {
        /// Number of services that the metric function measures.
        services: usize,
        /// Number of services that fit into the first request.
        most: usize,
    },
    /// More services with `demand` than the scaling functions of one stack can handle.
    #[error(
        "the {services} services with `demand` don't fit into the {most} scaling functions of a stack: split them \
         into several definitions with different names"
    )]
    TooManyFunctions {
        /// Number of services with `demand`.
        services: usize,
        /// Maximum number of functions in a stack.
        most: usize,
    },
    /// A scaled service consumes more queues than a scaling policy can add up.
    #[error(
        "service {service} consumes {queues} queues; a scaling policy can add up at most {}",
        limits::METRICS_PER_EXPRESSION
    )]
    TooManyQueues {
        /// Short name of the service.
        service: String,
        /// Number of queues that it consumes.
        queues: usize,
    },
    /// The backlog needs more metrics than a scaling policy can have.
    #[error(
        "the backlog of service {service} is computed from {metrics} metrics; a scaling policy supports at most {}: \
         consume fewer queues, count fewer kinds of messages, or leave it to the metric function (source: lambda)",
        limits::METRICS_PER_EXPRESSION
    )]
    TooManyMetrics {
        /// Short name of the service.
        service: String,
        /// Number of metrics.
        metrics: usize,
    },
    /// A service is scaled by the requests of a load balancer that it doesn't have.
    #[error("service {service} is scaled by request_count but has no load balancer")]
    NoLoadBalancer {
        /// Short name of the service.
        service: String,
    },
    /// A load balancer in a network whose VPC isn't named.
    #[error("the load balancer of service {service} needs to know its VPC; add network.vpc")]
    UnknownVpc {
        /// Short name of the service.
        service: String,
    },
    /// A load balancer in fewer than two subnets.
    #[error(
        "the load balancer of service {service} needs two subnets in different availability zones"
    )]
    TooFewSubnets {
        /// Short name of the service.
        service: String,
    },
    /// There is no space for the security group by which a load balancer reaches its targets.
    #[error(
        "network.security_groups has {groups}; including the one for the load balancer, AWS allows at most {}",
        limits::SECURITY_GROUPS
    )]
    TooManySecurityGroups {
        /// Number of security groups.
        groups: usize,
    },
    /// Services for both instruction sets on the instances of one Auto Scaling group.
    #[error(
        "services for arm64 and for x86_64 can't share EC2 instances; give all the same architecture or use Fargate"
    )]
    MixedArchitectures,
    /// A scaling function would need more settings than its environment can hold.
    #[error(
        "the scaling of service {service} needs {bytes} bytes; a scaling function's environment has space for at most {}: \
         use fewer steps, fewer queues or shorter names",
        limits::LAMBDA_ENVIRONMENT
    )]
    ScalingTooLong {
        /// Short name of the service.
        service: String,
        /// Bytes of the environment.
        bytes: usize,
    },
    /// A queue's name would be longer than SQS accepts.
    #[error(
        "queue {queue} would be called {name}, over the {} characters that SQS allows; shorten its name",
        limits::QUEUE_NAME
    )]
    QueueNameTooLong {
        /// Short name of the queue.
        queue: String,
        /// The name, with `XXXXXXXX` for the part that the stack's ID fills.
        name: String,
    },
    /// A role would need a larger policy than IAM accepts.
    #[error(
        "role {role} needs more permissions than an inline policy and {} managed policies hold; split the stack",
        limits::MANAGED_POLICIES_PER_ROLE
    )]
    PolicyTooLarge {
        /// Logical ID of the role.
        role: String,
    },
    /// One queue of one service doesn't fit into the input of a target.
    #[error(
        "the request for service {service} is longer than the {} characters of an EventBridge target",
        limits::TARGET_INPUT
    )]
    RequestTooLong {
        /// Short name of the service.
        service: String,
    },
    /// An alarm's evaluation would be longer than CloudWatch allows.
    #[error("{setting} is {seconds} s; an alarm can evaluate at most {limit} s")]
    WindowTooLong {
        /// The setting in the definition.
        setting: &'static str,
        /// Its value, in seconds.
        seconds: u64,
        /// Maximum that CloudWatch accepts, in seconds.
        limit: u64,
    },
    /// More resources than CloudFormation accepts.
    #[error(
        "the stack needs {count} resources; CloudFormation allows at most {}: split its services into {} \
         definitions with different names; a queue that stays in another one is `existing`",
        limits::RESOURCES,
        count.div_ceil(limits::RESOURCES)
    )]
    TooManyResources {
        /// Number of resources that it needs.
        count: usize,
    },
    /// More outputs than CloudFormation accepts.
    #[error(
        "the stack has {count} outputs; CloudFormation allows at most {}: split the stack",
        limits::OUTPUTS
    )]
    TooManyOutputs {
        /// Number of outputs that it has.
        count: usize,
    },
    /// A larger template than CloudFormation accepts.
    #[error(
        "the template has {bytes} bytes; CloudFormation allows at most {}: split the stack",
        limits::BODY_BYTES
    )]
    BodyTooLarge {
        /// Its size in bytes.
        bytes: usize,
    },
}
