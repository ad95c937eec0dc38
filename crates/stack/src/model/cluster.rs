//! Where the tasks of created services run: their network, cluster, and capacity.

/// Where the tasks of created services run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Network {
    /// A small VPC of the stack: two public subnets, no NAT.
    Create {
        /// The connections that are logged, if any.
        flow_logs: Option<Traffic>,
    },
    /// An existing VPC.
    Existing {
        /// VPC ID; the stack creates a security group in it if `security_groups` is empty.
        vpc: Option<String>,
        /// Subnet IDs, at least one.
        subnets: Vec<String>,
        /// Security group IDs.
        security_groups: Vec<String>,
        /// Whether tasks get a public address.
        assign_public_ip: bool,
    },
}

/// Connections in a VPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traffic {
    /// All of them.
    All,
    /// The ones that security groups and network ACLs allow.
    Accepted,
    /// The ones that they reject.
    Rejected,
}

/// The VPC that functions run in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionNetwork {
    /// VPC ID; the stack creates a security group in it if `security_groups` is empty.
    pub vpc: Option<String>,
    /// Subnet IDs.
    pub subnets: Vec<String>,
    /// Security group IDs.
    pub security_groups: Vec<String>,
}

/// The ECS cluster of the created services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cluster {
    /// Created by the stack.
    Create {
        /// Fixed name; otherwise CloudFormation chooses.
        name: Option<String>,
        /// The capacity that its tasks run on.
        capacity: Capacity,
        /// Container Insights; otherwise on if a service's scaling needs it.
        insights: Option<Insights>,
    },
    /// An existing cluster, by name.
    Existing {
        /// Cluster name.
        name: String,
    },
}

/// Container Insights of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Insights {
    /// No metrics.
    Off,
    /// Metrics of the cluster and its services.
    On,
    /// Also metrics of tasks and containers.
    Enhanced,
}

impl Cluster {
    /// The image of its EC2 instances that the definition names.
    #[must_use]
    pub fn image(&self) -> Option<&str> {
        match self {
            Self::Create {
                capacity: Capacity::Ec2 { image, .. },
                ..
            } => image.as_deref(),
            _ => None,
        }
    }

    /// Whether the tasks of created services run on EC2 instances of the stack.
    #[must_use]
    pub fn is_on_instances(&self) -> bool {
        matches!(
            self,
            Self::Create {
                capacity: Capacity::Ec2 { .. },
                ..
            }
        )
    }
}

/// The capacity that the tasks run on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Capacity {
    /// Fargate, on demand.
    Fargate,
    /// Fargate Spot, with the first `base` tasks on demand.
    FargateSpot {
        /// Tasks that run on demand.
        base: u32,
    },
    /// EC2 instances of an Auto Scaling group, which ECS scales for the needs of its tasks.
    Ec2 {
        /// Instance type, such as `t3.small`.
        instance_type: String,
        /// Minimum number of instances.
        min: u32,
        /// Maximum number of instances, at least `min` and at least one.
        max: u32,
        /// AMI ID, or the name of an SSM parameter, which starts with `/`; otherwise the ECS-optimized Amazon Linux
        /// 2023.
        image: Option<String>,
        /// ARN of the KMS key of the root volumes, if it isn't the account's default one.
        volume_key: Option<String>,
    },
}

/// Tasks on Fargate with a share on Spot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spot {
    /// Share of the tasks beyond `base` that run on Spot, in percent, 0 to 100.
    pub share: u32,
    /// Tasks that run on demand before the share counts.
    pub base: u32,
}

/// The capacity of one service's tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskCapacity {
    /// Fargate.
    Fargate(Spot),
    /// Capacity providers of an existing cluster, with instances of Auto Scaling groups.
    Providers(Vec<Provider>),
}

/// A capacity provider in a strategy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Its name.
    pub name: String,
    /// Tasks that run on it before the weights count, 0 to 5,000.
    pub base: u32,
    /// Its share of the other tasks in relation to the others, 0 to 1,000.
    pub weight: u32,
}
