//! The texts of containers and of their permissions.

use super::kind::Text;

/// IAM JSON policy element `Action`.
pub(crate) static ACTION: Text = Text::new(
    "an action of IAM",
    128,
    "^(\\*|[a-z0-9-]+:[A-Za-z0-9*?]+)$",
    "a service's prefix, a colon, and the action; the wildcards `*` and `?` are allowed",
    "s3:GetObject",
);

/// IAM JSON policy element `Resource`, with policy variables such as `${aws:PrincipalTag/team}`.
pub(crate) static RESOURCE: Text = Text::new(
    "a resource of IAM",
    2_048,
    "^(\\*|arn:(aws(-[a-z]+)*|\\*):[a-z0-9*-]+:([^:{}\"\\s]|\\$\\{[^{}\"\\s]+\\})*:[0-9*]*:([^{}\"\\s$]|\\$\\{[^{}\"\\s]+\\})+)$",
    "an ARN, in which the wildcards `*` and `?` are allowed; or `*` for actions that support no resources",
    "arn:aws:s3:::uploads/*",
);

/// IAM JSON policy element `Condition`, "Condition operators".
pub(crate) static CONDITION_OPERATOR: Text = Text::new(
    "a condition operator of IAM",
    64,
    "^((ForAllValues:|ForAnyValue:)?(String(Not)?Equals(IgnoreCase)?|String(Not)?Like|(Numeric|Date)((Not)?Equals|(Less|Greater)Than(Equals)?)|Bool|BinaryEquals|(Not)?IpAddress|Arn(Not)?(Equals|Like))(IfExists)?|Null)$",
    "as IAM spells it",
    "StringEquals",
);

/// IAM JSON policy element `Condition`, keys.
pub(crate) static CONDITION_KEY: Text = Text::new(
    "a condition key of IAM",
    256,
    "^[a-zA-Z0-9-]+:[^{}\"\\s]+$",
    "a prefix, a colon, and a name",
    "aws:SourceVpc",
);

/// IAM `CreateRole`.
pub(crate) static ROLE_ARN: Text = Text::new(
    "the ARN of an IAM role",
    2_048,
    "^arn:aws(-[a-z]+)*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$",
    "the role's ARN",
    "arn:aws:iam::111122223333:role/worker",
);

/// ECS `ContainerDefinition`, `environmentFiles`: S3 objects that end in `.env`.
pub(crate) static ENVIRONMENT_FILE: Text = Text::new(
    "the ARN of an environment file in S3",
    1_024,
    "^arn:aws(-[a-z]+)*:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^{}\"\\s*?]+\\.env$",
    "the object's ARN, which ends in `.env`",
    "arn:aws:s3:::our-config/worker.env",
);

/// ECS `ContainerDefinition`, `user`.
pub(crate) static USER: Text = Text::new(
    "a user of a container",
    65,
    "^([a-z_][a-z0-9_.-]{0,31}|[0-9]{1,10})(:([a-z_][a-z0-9_.-]{0,31}|[0-9]{1,10}))?$",
    "a user's name or number, also with a group after a colon, in quotes",
    "\"1000:1000\"",
);

/// ECS `EphemeralStorage`: 21 to 200 GiB.
pub(crate) static STORAGE: Text = Text::new(
    "a size of a task's storage",
    6,
    "^(2[1-9]|[3-9][0-9]|1[0-9][0-9]|200)GiB$",
    "`21GiB` to `200GiB`",
    "40GiB",
);

/// A share in whole percent.
pub(crate) static HEALTHY_SHARE: Text = Text::new(
    "a share of the tasks",
    4,
    "^(100|[1-9]?[0-9])%$",
    "`0%` to `100%`",
    "100%",
);

/// A share in whole percent; 100% is all tasks.
pub(crate) static MOST_SHARE: Text = Text::new(
    "a share of the tasks with the new ones",
    4,
    "^(1[0-9][0-9]|200)%$",
    "`100%` to `200%`",
    "200%",
);

/// A queue of the definition, or any other one.
pub(crate) static QUEUE_OR_ARN: Text = Text::new(
    "a queue's key or ARN",
    256,
    "^([A-Za-z0-9][A-Za-z0-9-]{0,63}|arn:aws(-[a-z]+)*:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,80}(\\.fifo)?)$",
    "a key under `queues`, or the ARN of another queue",
    "receipts",
);

/// `aws:SourceArn` in a queue's policy: a bucket, an EventBridge rule, or a topic.
pub(crate) static SOURCE_ARN: Text = Text::new(
    "the ARN of a bucket, rule, or topic",
    1_024,
    "^arn:aws(-[a-z]+)*:(s3:::[a-z0-9.*?-]{1,63}|events:[a-z0-9-]+:[0-9]{12}:rule/[A-Za-z0-9._/*?-]{1,320}|sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_*?-]{1,256}(\\.fifo)?)$",
    "`arn:aws:s3:::BUCKET`, `arn:aws:events:REGION:ACCOUNT:rule/NAME`, or `arn:aws:sns:REGION:ACCOUNT:NAME`",
    "arn:aws:s3:::uploads",
);

/// EFS `CreateFileSystem`.
pub(crate) static FILE_SYSTEM: Text = Text::new(
    "the ID of an EFS file system",
    128,
    "^fs-[0-9a-f]{8,40}$",
    "`fs-` and hexadecimal digits",
    "fs-0a1b2c3d4e5f60718",
);

/// EFS `CreateAccessPoint`.
pub(crate) static ACCESS_POINT: Text = Text::new(
    "the ID of an EFS access point",
    128,
    "^fsap-[0-9a-f]{8,40}$",
    "`fsap-` and hexadecimal digits",
    "fsap-0a1b2c3d4e5f60718",
);

/// ECS `MountPoint`, `containerPath`; EFS `rootDirectory`.
pub(crate) static FOLDER: Text = Text::new(
    "an absolute path",
    4_096,
    "^/[^\\s:{}\"\\\\]*$",
    "it starts with `/`, and contains no spaces, colons, braces, quotes, or backslashes",
    "/tmp",
);

/// EC2 `IpRange`, IPv4.
pub(crate) static BLOCK: Text = Text::new(
    "a block of IPv4 addresses",
    18,
    "^((25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])\\.){3}(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])/(3[0-2]|[12]?[0-9])$",
    "an address, a slash, and the number of its leading bits",
    "10.0.0.0/8",
);

/// S3 `CreateBucket`.
pub(crate) static BUCKET: Text = Text::new(
    "the name of an S3 bucket",
    63,
    "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
    "3 to 63 lowercase letters, digits, dots, or hyphens",
    "our-logs",
);

/// Elastic Load Balancing `CreateListener`, `SslPolicy`.
pub(crate) static TLS_POLICY: Text = Text::new(
    "a security policy of Elastic Load Balancing",
    128,
    "^ELBSecurityPolicy-[A-Za-z0-9-]+$",
    "as Elastic Load Balancing names it",
    "ELBSecurityPolicy-TLS13-1-2-2021-06",
);

/// IAM `CreateRole`, `Path`.
pub(crate) static ROLE_PATH: Text = Text::new(
    "a path of IAM",
    512,
    "^/([A-Za-z0-9_.,+@=-]+/)*$",
    "names between slashes, the first and the last one included",
    "/workers/",
);

/// WAF `AssociateWebACL`: an ACL for load balancers, not for CloudFront.
pub(crate) static WEB_ACL_ARN: Text = Text::new(
    "the ARN of a regional web ACL",
    2_048,
    "^arn:aws(-[a-z]+)*:wafv2:[a-z0-9-]+:[0-9]{12}:regional/webacl/[A-Za-z0-9_-]{1,128}/[0-9a-f-]{36}$",
    "the ARN of a web ACL of WAF with the scope `REGIONAL`",
    "arn:aws:wafv2:us-west-2:111122223333:regional/webacl/shop/1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d",
);

/// Cloud Map `Namespace$Arn`.
pub(crate) static NAMESPACE_ARN: Text = Text::new(
    "the ARN of a Cloud Map namespace",
    256,
    "^arn:aws(-[a-z]+)*:servicediscovery:[a-z0-9-]+:[0-9]{12}:namespace/ns-[a-z0-9]{1,61}$",
    "the namespace's ARN, which ends in `namespace/ns-…`",
    "arn:aws:servicediscovery:us-west-2:111122223333:namespace/ns-0a1b2c3d4e5f6071",
);

/// ECS `CreateCapacityProvider`, `name`.
pub(crate) static PROVIDER: Text = Text::new(
    "the name of a capacity provider",
    255,
    "^[A-Za-z0-9_-]+$",
    "letters, digits, hyphens, and underscores",
    "graviton",
);

/// CloudWatch `PutMetricAlarm`, `AlarmName`. Braces would be a CloudFormation reference.
pub(crate) static ALARM_NAME: Text = Text::new(
    "the name of an alarm",
    255,
    "^[!-z|~]([ -z|~]*[!-z|~])?$",
    "printable ASCII characters without braces",
    "vouchers-failing",
);

/// A log driver's option, ECS `LogConfiguration$options`.
pub(crate) static LOG_OPTION: Text = Text::new(
    "an option of Fluent Bit's output",
    128,
    "^[A-Za-z][A-Za-z0-9_.-]*$",
    "a letter, then letters, digits, dots, hyphens, and underscores",
    "delivery_stream",
);
