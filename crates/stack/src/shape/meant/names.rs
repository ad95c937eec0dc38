//! How other tools name what this format has, and the names of AWS.

/// Keys of AWS Copilot's manifests, Docker Compose, and ECS task definitions, in lowercase letters without separators,
/// with the key of this format that an object must have for it, and how to write it. The first that fits counts.
///
/// Sources: AWS Copilot, "Manifest"; Compose specification; Amazon ECS API, `RegisterTaskDefinition` and `CreateService`.
pub(super) const KEYS: &[(&[&str], &str, &str)] = &[
    (
        &["count", "desiredcount", "replicas", "scale", "range"],
        "tasks",
        "`tasks: {min: 1, max: 10}`",
    ),
    (
        &["email", "mail", "address", "sns", "topic", "topicarn"],
        "slack",
        "written without a key: `ops@example.com`, or a topic's ARN",
    ),
    (
        &["minsize", "mincapacity", "mintasks", "minimum", "least"],
        "min",
        "`min`",
    ),
    (
        &["maxsize", "maxcapacity", "maxtasks", "maximum", "most"],
        "max",
        "`max`",
    ),
    (
        &["min", "mincapacity", "max", "maxcapacity"],
        "tasks",
        "`tasks: {min: 1, max: 10}`",
    ),
    (
        &["variables", "env", "envvars", "environmentvariables"],
        "environment",
        "`environment: {NAME: value}`",
    ),
    (
        &["envfile", "envfiles"],
        "environment_files",
        "`environment_files: [ARN]`, with files in S3",
    ),
    (
        &["platform", "cpuarchitecture", "runtimeplatform", "arch"],
        "architecture",
        "`architecture: x86_64`, or `arm64`",
    ),
    (
        &[
            "launchtype",
            "requirescompatibilities",
            "capacityproviderstrategy",
            "spot",
        ],
        "capacity",
        "`capacity: fargate`, or `{spot: 50%}`",
    ),
    (
        &["subscribe", "queue", "queues", "consume"],
        "consumes",
        "`consumes: [QUEUE]`, with the queue under the top-level `queues`",
    ),
    (&["publish", "topics"], "publishes", "`publishes: [ARN]`"),
    (
        &["http", "loadbalancers", "alb", "targetgroup"],
        "load_balancer",
        "`load_balancer: {listener: 80, health_check: /}`, and `port`",
    ),
    (
        &["ports", "portmappings", "expose", "containerport"],
        "port",
        "`port: 8080`",
    ),
    (
        &["containers", "containerdefinitions"],
        "sidecars",
        "`sidecars: {NAME: {image: …}}`; the service's own container has its keys here",
    ),
    (
        &["containers", "containerdefinitions", "tasks", "workers"],
        "services",
        "`services: {NAME: {image: …}}`",
    ),
    (
        &["build", "dockerfile", "location"],
        "image",
        "`image: REPOSITORY:TAG`, which is built and pushed before",
    ),
    (
        &["stopgraceperiod", "gracefulshutdown"],
        "stop_timeout",
        "`stop_timeout: 30s`",
    ),
    (
        &["deploy"],
        "deployment",
        "`deployment`; the number of tasks is `tasks: {min: 1, max: 10}`",
    ),
    (
        &["rolling", "deploymentconfiguration"],
        "deployment",
        "`deployment`",
    ),
    (
        &["memlimit", "memoryreservation", "mem"],
        "memory",
        "`memory: 512`, in MiB",
    ),
    (&["cpus"], "cpu", "`cpu: 256`; 1024 are one vCPU"),
    (
        &["readonlyrootfilesystem", "readonlyfs"],
        "read_only",
        "`read_only: true`",
    ),
    (&["capdrop"], "drop", "`drop`"),
    (
        &["ephemeralstorage", "ephemeral"],
        "storage",
        "`storage: 40GiB`",
    ),
    (
        &["taskrolearn", "taskrole"],
        "task_role",
        "`task_role: ARN`",
    ),
    (
        &["executionrolearn", "executionrole"],
        "execution_role",
        "`execution_role: ARN`",
    ),
    (
        &["policies", "iam", "permission"],
        "permissions",
        "`permissions: [{allow: …}]`",
    ),
    (
        &["enableexecutecommand", "executecommand"],
        "exec",
        "`exec: true`",
    ),
    (
        &["autoscaling", "scalingpolicy"],
        "scaling",
        "`scaling: {demand: {…}}`",
    ),
    (
        &["timeout", "visibility"],
        "visibility_timeout",
        "`visibility_timeout: 5m`",
    ),
    (
        &["messageretentionperiod", "retentionperiod", "retain"],
        "retention",
        "`retention: 4d`",
    ),
    (&["delayseconds", "deliverydelay"], "delay", "`delay: 10s`"),
    (
        &["dlq", "redrivepolicy", "deadletterqueue", "redrive"],
        "dead_letter",
        "`dead_letter: {after: 5}`",
    ),
    (
        &["tries", "maxreceivecount", "receives", "retries"],
        "after",
        "`after: 5`",
    ),
    (
        &["kms", "kmsmasterkeyid", "kmskey"],
        "encryption",
        "`encryption: ARN`",
    ),
    (
        &["vpc", "subnets", "networkconfiguration", "vpcid"],
        "network",
        "`network: create`, or `{subnets: […]}`",
    ),
    (
        &["latency", "objective", "acceptablelatency", "target"],
        "slo",
        "`slo: 99% within 10s`",
    ),
    (
        &[
            "msgprocessingtime",
            "avgprocessingtime",
            "servicetime",
            "duration",
        ],
        "processing_time",
        "`processing_time: 200ms`",
    ),
    (
        &["acceptablebacklog", "latency", "objective", "slo"],
        "acceptable_latency",
        "`acceptable_latency: 10s`",
    ),
    (
        &["stackname", "stack", "application", "app"],
        "name",
        "`name: my-stack`",
    ),
    (&["accountid"], "account", "`account: \"111122223333\"`"),
];

/// Words that other tools write for ours.
pub(super) const WORDS: &[(&[&str], &str)] = &[
    (
        &["amd64", "x86", "x64", "x8664", "intel", "linux/amd64"],
        "x86_64",
    ),
    (
        &["arm", "aarch64", "graviton", "linux/arm64", "armv8"],
        "arm64",
    ),
    (&["notvisible", "inflight", "processing"], "in_flight"),
    (&["available", "waiting"], "visible"),
    (&["service_started", "started"], "start"),
    (&["service_healthy"], "healthy"),
    (&["service_completed_successfully"], "success"),
    (&["new", "default"], "create"),
];

/// Statistics of CloudWatch by other names. Source: CloudWatch user guide, "Statistics definitions".
pub(super) const STATISTICS: &[(&[&str], &str)] = &[
    (&["avg", "average", "mean"], "Average"),
    (&["min", "minimum"], "Minimum"),
    (&["max", "maximum"], "Maximum"),
    (&["sum", "total"], "Sum"),
    (&["count", "samplecount", "n"], "SampleCount"),
    (&["median", "p50"], "p50"),
];

/// AWS regions by November 2026, with spaces between them.
///
/// Source: botocore 1.42, `data/partitions.json`.
pub const REGIONS: &str = "af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 \
    ap-south-2 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 \
    ap-southeast-7 ca-central-1 ca-west-1 eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 \
    eu-west-2 eu-west-3 il-central-1 me-central-1 me-south-1 mx-central-1 sa-east-1 us-east-1 us-east-2 us-west-1 \
    us-west-2 cn-north-1 cn-northwest-1 eusc-de-east-1 us-iso-east-1 us-iso-west-1 us-isob-east-1 us-isob-west-1 \
    eu-isoe-west-1 us-isof-east-1 us-isof-south-1 us-gov-east-1 us-gov-west-1";
