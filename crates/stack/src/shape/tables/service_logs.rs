//! Where the logs of a service's containers go.
//!
//! Source: Amazon ECS Developer Guide, "Send Amazon ECS logs to an AWS service or AWS Partner".

use super::container::ENVIRONMENT_FILES;
use super::parts::{default, optional, required};
use crate::shape::container_texts::{FOLDER, LOG_OPTION};
use crate::shape::kind::{Entries, Field, Kind, Object};
use crate::shape::texts::{ANY, IMAGE, SECRET_ARN};

pub(super) const SERVICE_LOGS: Field = optional(
    "logs",
    Kind::Object(&LOGS),
    "Where the logs of the service's containers go, if not only to CloudWatch Logs. The top level's `logs` has their retention and key there.",
);

static LOGS: Object = Object {
    what: "the logs of a service",
    fields: &[required(
        "firelens",
        Kind::Object(&FIRELENS),
        "Sends the logs to another destination, by a container that runs Fluent Bit in each task, `log_router`. Its own log stays in CloudWatch Logs. It shares the task's `cpu` and `memory`, and the task ends if it ends.",
    )],
    rules: &[],
};

pub(crate) static FIRELENS: Object = Object {
    what: "a log router",
    fields: &[
        default(
            "options",
            Kind::Entries(&OPTIONS),
            "{}",
            "Options of Fluent Bit's output, such as `{Name: kinesis_firehose, region: us-west-2, delivery_stream: orders}`. Grant what the destination requires in `permissions`, because Fluent Bit has the task's role.",
        ),
        default(
            "secrets",
            Kind::Entries(&SECRET_OPTIONS),
            "{}",
            "Options whose values come from Secrets Manager or SSM Parameter Store, as for `secrets` of the service.",
        ),
        default(
            "image",
            Kind::Text(&IMAGE),
            "public.ecr.aws/aws-observability/aws-for-fluent-bit:stable",
            "Image with Fluent Bit; best AWS for Fluent Bit with a version.",
        ),
        default(
            "metadata",
            Kind::Flag,
            "true",
            "Whether each line gets the names of the cluster, the task, and its definition.",
        ),
        optional(
            "config",
            Kind::Text(&FOLDER),
            "File in the image with more configuration of Fluent Bit, by its path.",
        ),
        ENVIRONMENT_FILES,
    ],
    rules: &[],
};

static OPTIONS: Entries = Entries {
    key: &LOG_OPTION,
    value: Kind::Text(&ANY),
    least: 0,
    most: 100,
};

static SECRET_OPTIONS: Entries = Entries {
    key: &LOG_OPTION,
    value: Kind::Text(&SECRET_ARN),
    least: 0,
    most: 100,
};
