//! The texts of a definition: names, ARNs, addresses.
//!
//! Sources: the API references of the services that use them.

use super::kind::Text;

/// CloudFormation `CreateStack`.
pub(crate) static STACK_NAME: Text = Text::new(
    "a stack name",
    128,
    "^[A-Za-z][A-Za-z0-9-]*$",
    "a letter, then letters, digits or hyphens, at most 128 in all",
    "voucher-worker",
);

pub(crate) static ACCOUNT: Text = Text::new(
    "an AWS account ID",
    12,
    "^[0-9]{12}$",
    "12 digits in quotes",
    "\"111122223333\"",
);

pub(crate) static REGION: Text = Text::new(
    "an AWS region",
    32,
    "^[a-z]{2,5}(-[a-z]+)+-[0-9]{1,2}$",
    "a region's code",
    "us-west-2",
);

/// CloudFormation `Tag`; the characters that every service accepts.
pub(crate) static TAG_KEY: Text = Text::new(
    "a tag key",
    128,
    "^.+$",
    "at most 128 letters, digits, spaces or `_.:/=+-@`, not starting with `aws:` or `ecs-scaler:`",
    "team",
)
.and(is_tag_key);

/// CloudFormation `Tag`, which accepts no empty value.
pub(crate) static TAG_VALUE: Text = Text::new(
    "a tag value",
    256,
    "^.+$",
    "1 to 256 letters, digits, spaces or `_.:/=+-@`",
    "vouchers",
)
.and(has_tag_characters);

/// Keys under `queues` and `services`.
pub(crate) static SHORT_NAME: Text = Text::new(
    "a short name",
    64,
    "^[A-Za-z0-9][A-Za-z0-9-]*$",
    "letters, digits and hyphens, at most 64, starting with a letter or digit",
    "vouchers",
);

/// ECS clusters and services.
pub(crate) static ECS_NAME: Text = Text::new(
    "a name in ECS",
    255,
    "^[A-Za-z0-9_-]+$",
    "letters, digits, hyphens and underscores, at most 255",
    "voucher-worker",
);

/// SQS `CreateQueue`.
pub(crate) static QUEUE_NAME: Text = Text::new(
    "a queue name",
    80,
    "^[A-Za-z0-9_-]+(\\.fifo)?$",
    "letters, digits, hyphens and underscores, and `.fifo` at the end of a FIFO queue's, at most 80 in all",
    "vouchers",
);

pub(crate) static VPC_ID: Text = Text::new(
    "a VPC ID",
    21,
    "^vpc-[0-9a-f]{8,17}$",
    "`vpc-` and 8 or 17 hexadecimal digits",
    "vpc-0a1b2c3d4e5f60718",
);

pub(crate) static SUBNET_ID: Text = Text::new(
    "a subnet ID",
    24,
    "^subnet-[0-9a-f]{8,17}$",
    "`subnet-` and 8 or 17 hexadecimal digits",
    "subnet-0a1b2c3d4e5f60718",
);

pub(crate) static SECURITY_GROUP_ID: Text = Text::new(
    "a security group ID",
    20,
    "^sg-[0-9a-f]{8,17}$",
    "`sg-` and 8 or 17 hexadecimal digits",
    "sg-0a1b2c3d4e5f60718",
);

pub(crate) static QUEUE_ARN: Text = Text::new(
    "the ARN of an SQS queue",
    256,
    "^arn:aws(-[a-z]+)*:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,80}(\\.fifo)?$",
    "the queue's ARN",
    "arn:aws:sqs:us-west-2:111122223333:orders",
);

pub(crate) static TOPIC_ARN: Text = Text::new(
    "the ARN of an SNS topic",
    400,
    "^arn:aws(-[a-z]+)*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}(\\.fifo)?$",
    "the topic's ARN",
    "arn:aws:sns:us-west-2:111122223333:vouchers",
);

pub(crate) static POLICY_ARN: Text = Text::new(
    "the ARN of an IAM policy",
    2048,
    "^arn:aws(-[a-z]+)*:iam::([0-9]{12}|aws):policy/[A-Za-z0-9+=,.@_/-]+$",
    "the policy's ARN",
    "arn:aws:iam::111122223333:policy/boundary",
);

pub(crate) static ENCRYPTION: Text = Text::new(
    "`sqs` or the ARN of a KMS key",
    256,
    "^(sqs|arn:aws(-[a-z]+)*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+)$",
    "`sqs` for keys that SQS manages, or the ARN of a key (not of an alias)",
    "arn:aws:kms:us-west-2:111122223333:key/1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d",
);

pub(crate) static KEY_ARN: Text = Text::new(
    "the ARN of a KMS key",
    256,
    "^arn:aws(-[a-z]+)*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$",
    "the ARN of a key (not of an alias)",
    "arn:aws:kms:us-west-2:111122223333:key/1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d",
);

/// The values that ECS accepts as a secret's `valueFrom`; the part after the secret's name selects a key or
/// version.
pub(crate) static SECRET_ARN: Text = Text::new(
    "the ARN of a secret or parameter",
    2048,
    "^(/[A-Za-z0-9_.-]+)+$|^arn:aws(-[a-z]+)*:(secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+(:[^: ]*){0,3}|ssm:[a-z0-9-]+:[0-9]{12}:parameter/[A-Za-z0-9_./-]+)$",
    "the ARN of a Secrets Manager secret or of an SSM parameter, or a parameter's name as `/path/name`",
    "arn:aws:secretsmanager:us-west-2:111122223333:secret:database-Ab12Cd",
);

pub(crate) static IMAGE: Text = Text::new(
    "a container image",
    255,
    "^[A-Za-z0-9][A-Za-z0-9._-]*(:[0-9]+)?(/[A-Za-z0-9][A-Za-z0-9._-]*)*(:[A-Za-z0-9_][A-Za-z0-9._-]*)?(@sha256:[0-9a-f]{64})?$",
    "a repository with a tag or digest, at most 255 characters",
    "111122223333.dkr.ecr.us-west-2.amazonaws.com/voucher-worker:1.2.0",
);

pub(crate) static VARIABLE: Text = Text::new(
    "an environment variable's name",
    256,
    "^[A-Za-z_][A-Za-z0-9_]*$",
    "letters, digits and underscores, not starting with a digit",
    "DATABASE",
);

/// Any text; ECS accepts at most 64 KiB for a complete task definition.
pub(crate) static ANY: Text = Text::new("text", 65_536, "^[^\\x00]*$", "text", "vouchers");

/// `services.x.existing`.
pub(crate) static CLUSTER_AND_SERVICE: Text = Text::new(
    "a cluster and a service",
    511,
    "^[A-Za-z0-9_-]{1,255}/[A-Za-z0-9_-]{1,255}$",
    "the names of both with a slash between them",
    "shop/order-worker",
);

/// CloudWatch `PutMetricData`.
pub(crate) static NAMESPACE: Text = Text::new(
    "a metric namespace",
    255,
    "^[A-Za-z0-9._/#-][A-Za-z0-9._/#:-]*$",
    "letters, digits or `.-_/#:`, not starting with `:` or `AWS/`",
    "EcsScaler",
)
.and(|text| !text.starts_with("AWS/"));

/// CloudWatch `PutMetricAlarm`, which also watches AWS's own namespaces.
pub(crate) static ALARM_NAMESPACE: Text = Text::new(
    "the namespace of a metric",
    255,
    "^[A-Za-z0-9._/#-][A-Za-z0-9._/#: -]*$",
    "letters, digits, spaces or `.-_/#:`, not starting with a colon or space",
    "AWS/ApplicationELB",
);

/// CloudWatch `PutMetricAlarm`.
pub(crate) static METRIC_NAME: Text = Text::new(
    "the name of a metric",
    255,
    "^[!-~]([ -~]*[!-~])?$",
    "printable ASCII characters, at most 255",
    "TargetResponseTime",
);

/// CloudWatch `Dimension`.
pub(crate) static DIMENSION: Text = Text::new(
    "the name of a dimension",
    255,
    "^[!-9;-~]([ -~]*[!-~])?$",
    "printable ASCII characters, at most 255, not starting with a colon",
    "LoadBalancer",
);

/// CloudWatch `Dimension`.
pub(crate) static DIMENSION_VALUE: Text = Text::new(
    "the value of a dimension",
    1_024,
    "^[!-~]([ -~]*[!-~])?$",
    "printable ASCII characters, at most 1024",
    "app/shop/50dc6c495c0c9188",
);

/// CloudWatch `PutMetricAlarm`, `Statistic` and `ExtendedStatistic`; percentiles as in "CloudWatch statistics
/// definitions", with up to ten decimals.
pub(crate) static ALARM_STATISTIC: Text = Text::new(
    "a statistic",
    64,
    "^(SampleCount|Average|Sum|Minimum|Maximum|IQM|(p|tm|tc|ts|wm)(100(\\.0{1,10})?|[0-9]{1,2}(\\.[0-9]{1,10})?)|(TM|TC|TS|WM)\\(([1-8][0-9](\\.[0-9]{1,10})?|90(\\.0{1,10})?)%:([1-8][0-9](\\.[0-9]{1,10})?|90(\\.0{1,10})?)%\\)|PR\\((-?[0-9]{1,15}(\\.[0-9]{1,10})?:(-?[0-9]{1,15}(\\.[0-9]{1,10})?)?|:-?[0-9]{1,15}(\\.[0-9]{1,10})?)\\))$",
    "`SampleCount`, `Average`, `Sum`, `Minimum`, `Maximum`, `p90` (also `tm`, `tc`, `ts`, `wm`), `IQM`, `PR(0:100)` or `TM(10%:90%)` (also `TC`, `TS`, `WM`, from 10% to 90%)",
    "p99.9",
)
.and(has_ordered_bounds);

/// Amazon EC2: family, generation, and attributes, then the size.
pub(crate) static INSTANCE_TYPE: Text = Text::new(
    "an instance type",
    32,
    "^[a-z]+[a-z0-9-]*\\.[a-z0-9-]+$",
    "family and size",
    "t3.small",
);

/// EC2 `RunInstances`, `ImageId`, and SSM `GetParameter`, `Name`. A deploy resolves the parameter.
pub(crate) static MACHINE_IMAGE: Text = Text::new(
    "an AMI or a parameter",
    1011,
    "^ami-[0-9a-f]{8}([0-9a-f]{9})?$|^(/[A-Za-z0-9_.-]+)+$",
    "an AMI's ID, or a parameter's name as `/path/name`",
    "ami-0a1b2c3d4e5f60718",
);

/// Elastic Load Balancing `CreateListener`: from AWS Certificate Manager, or uploaded to IAM.
pub(crate) static CERTIFICATE_ARN: Text = Text::new(
    "the ARN of a certificate",
    2048,
    "^arn:aws(-[a-z]+)*:(acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+|iam::[0-9]{12}:server-certificate/[A-Za-z0-9+=,.@_/-]+)$",
    "the ARN of a certificate in ACM, or of a server certificate in IAM",
    "arn:aws:acm:us-west-2:111122223333:certificate/1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d",
);

/// Elastic Load Balancing `CreateTargetGroup`.
pub(crate) static HEALTH_CHECK: Text = Text::new(
    "a path",
    1_024,
    "^/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*$",
    "it starts with `/`, and contains only characters of a URL's path and query",
    "/health",
);

/// Email addresses have up to 254 characters.
pub(crate) static RECIPIENT: Text = Text::new(
    "an email address or an SNS topic's ARN",
    400,
    "^([A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\\.)+[A-Za-z]([A-Za-z0-9-]*[A-Za-z0-9])|arn:aws(-[a-z]+)*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256})$",
    "name@domain, or the ARN of a topic that isn't FIFO",
    "ops@example.com",
)
.and(|text| text.starts_with("arn:") || text.len() <= 254);

/// A weekly period. `Rule::Also` checks what the pattern can't.
pub(crate) static HOURS: Text = Text::new(
    "hours of the week",
    64,
    "^((Mon|Tue|Wed|Thu|Fri|Sat|Sun)([-,](Mon|Tue|Wed|Thu|Fri|Sat|Sun))*( [0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9])?|[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9])$",
    "days (`Sat,Sun`), times (`22:00-06:00`), or both, with three letters for a day and two digits for an hour",
    "Mon-Fri 08:00-18:00",
);

/// A name of the IANA time zone database.
pub(crate) static TIME_ZONE: Text = Text::new(
    "a time zone",
    64,
    "^[A-Za-z0-9_+/-]+$",
    "a name of the IANA time zone database",
    "Europe/Berlin",
);

pub(crate) static SLACK_WORKSPACE: Text = Text::new(
    "the ID of a Slack workspace",
    // Both IDs have 9 to 11 characters; together with the stack's name, they are part of a name of at most 128.
    30,
    "^[0-9A-Z]+$",
    "capital letters and digits, from the workspace's URL",
    "T0123456789",
);

pub(crate) static SLACK_CHANNEL: Text = Text::new(
    "the ID of a Slack channel",
    30,
    "^[A-Za-z0-9]+$",
    "letters and digits, from the channel's URL, and not the channel's name",
    "C0123456789",
);

/// Whether the lower bound of a range such as `TM(10%:90%)` is below the upper one.
fn has_ordered_bounds(text: &str) -> bool {
    let inside = text
        .split_once('(')
        .and_then(|(_, rest)| rest.strip_suffix(')'));
    let Some((low, high)) = inside.and_then(|inside| inside.split_once(':')) else {
        return true;
    };
    let bound = |text: &str| text.trim_end_matches('%').parse::<f64>().ok();
    match (bound(low), bound(high)) {
        (Some(low), Some(high)) => low < high,
        _ => true,
    }
}

fn is_tag_key(text: &str) -> bool {
    let reserved = ["aws:", "ecs-scaler:"].iter().any(|prefix| {
        let start = text.get(..prefix.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    });
    !reserved && has_tag_characters(text)
}

fn has_tag_characters(text: &str) -> bool {
    text.chars()
        .all(|character| character.is_alphanumeric() || " _.:/=+-@".contains(character))
}
