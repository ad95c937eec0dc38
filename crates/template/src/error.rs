//! Why a stack definition has no template.

use crate::limits;

/// Why a stack definition has no template. Each names what to change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SynthesisError {
    /// Two things of the definition would be the same resource.
    #[error("two things in the definition share the logical id {id}; rename a queue or a service")]
    SameLogicalId {
        /// The logical id.
        id: String,
    },
    /// Overrides that the template doesn't take.
    #[error("{problems}")]
    Overrides {
        /// A line for each problem: the path in the definition, and what is wrong.
        problems: String,
    },
    /// A service consumes a queue that is not defined.
    #[error("service {service} consumes queue {queue}, which is not defined")]
    UnknownQueue {
        /// Short name of the service.
        service: String,
        /// Short name of the queue.
        queue: String,
    },
    /// A scaled service consumes nothing, so nothing determines how many tasks it needs.
    #[error("service {service} is scaled by its queues but consumes none")]
    NothingToMeasure {
        /// Short name of the service.
        service: String,
    },
    /// The processing time is zero, so that there is no target.
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
        /// What is wrong with it.
        problem: scaling::DemandPolicyError,
    },
    /// A deployed service would move between Fargate and EC2 instances.
    #[error(
        "the capacity of a deployed service can't change between Fargate and EC2 instances ({id}): ECS doesn't \
         change the network of a service's tasks. Deploy the services on the new capacity as a stack of their own \
         that consumes the queues of this one (`existing`), and destroy the old services afterward"
    )]
    CapacityMoves {
        /// Logical ID of the service.
        id: String,
    },
    /// A deployed load balancer would move to another VPC.
    #[error(
        "a deployed load balancer can't move to another VPC ({id}). Remove `load_balancer`, deploy, and add it again \
         with the new network: until the second deploy is done, the service can't be reached. Or deploy the service \
         in the new network as a stack of its own, and destroy the old one afterward"
    )]
    LoadBalancerMoves {
        /// Logical ID of the load balancer's target group.
        id: String,
    },
    /// A new resource would need the name or the service that a deployed one has.
    #[error(
        "{id} would be what the deployed {other} is, under another key: CloudFormation creates the new resource before \
         it deletes the old one, which is the same. Keep the key in the definition, or change the fixed `name` along \
         with it"
    )]
    NameTaken {
        /// Logical ID of the new resource.
        id: String,
        /// Logical ID of the deployed one.
        other: String,
    },
    /// More services than one request to the metric function holds, and some of them track their demand.
    #[error(
        "the metric function measures {services} services, and one request to it holds {most} of them. Services with \
         `demand` and `actuator: target_tracking` have to be measured in one request, since several run in several \
         environments of the function, none of which sees every minute, and then no task is ever removed: use \
         `actuator: function`, which has no such limit, or divide them among several stacks"
    )]
    TooManyForDemand {
        /// Services that the metric function measures.
        services: usize,
        /// Services that fit into the first request.
        most: usize,
    },
    /// More services with `demand` than the scaling functions of one stack hold.
    #[error(
        "the {services} services with `demand` don't fit into the {most} scaling functions of a stack: split them over \
         several definitions with names of their own"
    )]
    TooManyFunctions {
        /// Services with `demand`.
        services: usize,
        /// Most functions of a stack.
        most: usize,
    },
    /// A scaled service consumes more queues than a scaling policy can add up.
    #[error(
        "service {service} consumes {queues} queues; a scaling policy can add up {} at most",
        limits::METRICS_PER_EXPRESSION
    )]
    TooManyQueues {
        /// Short name of the service.
        service: String,
        /// How many it consumes.
        queues: usize,
    },
    /// The backlog takes more metrics than a scaling policy holds.
    #[error(
        "the backlog of service {service} is worked out from {metrics} metrics; a scaling policy takes {} at most: \
         consume fewer queues, count fewer kinds of messages, or leave it to the metric function (source: lambda)",
        limits::METRICS_PER_EXPRESSION
    )]
    TooManyMetrics {
        /// Short name of the service.
        service: String,
        /// How many there are.
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
    /// No space left for the security group by which a load balancer reaches its targets.
    #[error(
        "network.security_groups holds {groups}; with the one that lets the load balancer in, AWS takes {} at most",
        limits::SECURITY_GROUPS
    )]
    TooManySecurityGroups {
        /// How many there are.
        groups: usize,
    },
    /// Services for both instruction sets on the instances of one Auto Scaling group.
    #[error(
        "services for arm64 and for x86_64 can't share EC2 instances; give all the same architecture or use Fargate"
    )]
    MixedArchitectures,
    /// A scaling function would have to remember more than its environment holds.
    #[error(
        "the scaling of service {service} takes {bytes} bytes; a scaling function's environment holds {} at most: \
         use fewer steps, fewer queues or shorter names",
        limits::LAMBDA_ENVIRONMENT
    )]
    ScalingTooLong {
        /// Short name of the service.
        service: String,
        /// Bytes of the environment.
        bytes: usize,
    },
    /// A queue's name would be longer than SQS takes.
    #[error(
        "queue {queue} would be called {name}, over the {} characters that SQS takes; shorten its name",
        limits::QUEUE_NAME
    )]
    QueueNameTooLong {
        /// Short name of the queue.
        queue: String,
        /// The name, with `XXXXXXXX` for the part that the stack's id fills.
        name: String,
    },
    /// A role would need a larger policy than IAM takes.
    #[error(
        "role {role} needs more permissions than an inline policy and {} managed policies hold; split the stack",
        limits::MANAGED_POLICIES_PER_ROLE
    )]
    PolicyTooLarge {
        /// Logical id of the role.
        role: String,
    },
    /// One queue of one service does not fit into the input of a target.
    #[error(
        "the request for service {service} is longer than the {} characters of an EventBridge target",
        limits::TARGET_INPUT
    )]
    RequestTooLong {
        /// Short name of the service.
        service: String,
    },
    /// An alarm's evaluation would be longer than CloudWatch allows.
    #[error("{setting} is {seconds} s; an alarm can look back {limit} s at most")]
    WindowTooLong {
        /// The setting in the definition.
        setting: &'static str,
        /// Its value, in seconds.
        seconds: u64,
        /// Most that CloudWatch takes, in seconds.
        limit: u64,
    },
    /// More resources than CloudFormation takes.
    #[error(
        "the stack needs {count} resources; CloudFormation takes {} at most: split its services over {} definitions with \
         names of their own; a queue that stays in another one is `existing`",
        limits::RESOURCES,
        count.div_ceil(limits::RESOURCES)
    )]
    TooManyResources {
        /// How many it needs.
        count: usize,
    },
    /// More outputs than CloudFormation takes.
    #[error(
        "the stack has {count} outputs; CloudFormation takes {} at most: split the stack",
        limits::OUTPUTS
    )]
    TooManyOutputs {
        /// How many it has.
        count: usize,
    },
    /// A larger template than CloudFormation takes.
    #[error(
        "the template has {bytes} bytes; CloudFormation takes {} at most: split the stack",
        limits::BODY_BYTES
    )]
    BodyTooLarge {
        /// Its size.
        bytes: usize,
    },
}
