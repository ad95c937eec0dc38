//! Services and their scaling.

use super::{DAY, SECOND, default, optional, required, time, whole};
use crate::shape::texts::{
    ANY, CLUSTER_AND_SERVICE, ECS_NAME, IMAGE, SECRET_ARN, SHORT_NAME, VARIABLE,
};
use crate::shape::{Entries, Form, Kind, List, Object, Time, Whole};

pub(super) static SERVICES: Entries = Entries {
    key: &SHORT_NAME,
    value: Kind::Either(&SERVICE_FORMS),
    least: 1,
    most: 500,
};

static SERVICE_FORMS: [Form; 2] = [
    Form::Keyed("existing", &EXISTING_SERVICE),
    Form::Object(&SERVICE),
];

pub(crate) static EXISTING_SERVICE: Object = Object {
    what: "somebody else's service",
    fields: &[
        required(
            "existing",
            Kind::Text(&CLUSTER_AND_SERVICE),
            "CLUSTER/SERVICE that somebody else owns; the stack only measures and scales it.",
        ),
        required("consumes", Kind::List(&CONSUMES), CONSUMES_DOC),
        required("tasks", Kind::Object(&TASKS), TASKS_DOC),
        required("scaling", Kind::Object(&SCALING), SCALING_DOC),
    ],
};

pub(crate) static SERVICE: Object = Object {
    what: "a service that the stack creates",
    fields: &[
        optional(
            "name",
            Kind::Text(&ECS_NAME),
            "Fixed name; otherwise CloudFormation chooses one.",
        ),
        required(
            "image",
            Kind::Text(&IMAGE),
            "Container image; best with a version as its tag, or a digest.",
        ),
        default(
            "cpu",
            Kind::Whole(&CPU),
            "256",
            "CPU units; 1024 are one vCPU.",
        ),
        default(
            "memory",
            Kind::Whole(&MEMORY),
            "512",
            "Memory in MiB; Fargate offers certain sizes with each `cpu`, and `validate` names them.",
        ),
        default(
            "architecture",
            Kind::Word(&["arm64", "x86_64"]),
            "arm64",
            "Instruction set of the image.",
        ),
        default(
            "command",
            Kind::List(&COMMAND),
            "[]",
            "Command in place of the image's own.",
        ),
        default(
            "environment",
            Kind::Entries(&ENVIRONMENT),
            "{}",
            "Environment variables. The stack itself sets `QUEUE_URL` (the first queue of `consumes`) and `QUEUE_URL_NAME` for each queue, as `QUEUE_URL_PAID_ORDERS` for `paid-orders`.",
        ),
        default(
            "secrets",
            Kind::Entries(&SECRETS),
            "{}",
            "Environment variables whose values come from Secrets Manager or SSM Parameter Store when a task starts, by ARN; `ARN:key::` takes one key of a JSON secret.",
        ),
        default("consumes", Kind::List(&CONSUMES), "[]", CONSUMES_DOC),
        default(
            "stop_timeout",
            Kind::Time(&STOP),
            "30s",
            "Time that a task has between SIGTERM and SIGKILL to finish its message.",
        ),
        default("tasks", Kind::Object(&TASKS), "{}", TASKS_DOC),
        optional("scaling", Kind::Object(&SCALING), SCALING_DOC),
    ],
};

const CONSUMES_DOC: &str = "Queues that the service consumes, by their keys under `queues`: its tasks may receive and delete their messages. A scaled service has ten at most, whose backlogs are added up.";
const TASKS_DOC: &str = "Bounds of the number of tasks.";
const SCALING_DOC: &str =
    "How the number of tasks follows the work; without it, `tasks.min` is the number.";

/// The CPU sizes of Fargate; `check` knows the memory that goes with each.
static CPU: Whole = Whole {
    least: 256,
    most: 16_384,
    offered: &[256, 512, 1_024, 2_048, 4_096, 8_192, 16_384],
};

static MEMORY: Whole = whole(512, 122_880);

static COMMAND: List = List {
    of: Kind::Text(&ANY),
    least: 0,
    most: 1_000,
    unique: false,
};

static ENVIRONMENT: Entries = Entries {
    key: &VARIABLE,
    value: Kind::Text(&ANY),
    least: 0,
    most: 1_000,
};

static SECRETS: Entries = Entries {
    key: &VARIABLE,
    value: Kind::Text(&SECRET_ARN),
    least: 0,
    most: 1_000,
};

static CONSUMES: List = List {
    of: Kind::Text(&SHORT_NAME),
    least: 0,
    most: 100,
    unique: true,
};

/// Fargate's longest is 120 s.
static STOP: Time = time(SECOND, SECOND, 120 * SECOND);

static TASKS: Object = Object {
    what: "the bounds of the number of tasks",
    fields: &[
        default(
            "min",
            Kind::Whole(&TASK_COUNT),
            "1",
            "Fewest tasks; without `scaling`, how many there are.",
        ),
        optional(
            "max",
            Kind::Whole(&TASK_COUNT),
            "Most tasks, which bounds the bill; needed with `scaling`.",
        ),
    ],
};

/// ECS's quota of tasks a service.
static TASK_COUNT: Whole = whole(0, 5_000);

static SCALING: Object = Object {
    what: "the scaling",
    fields: &[required(
        "backlog_per_task",
        Kind::Object(&BACKLOG_PER_TASK),
        "Target tracking on the backlog per task; the target is `acceptable_latency` divided by `processing_time`.",
    )],
};

static BACKLOG_PER_TASK: Object = Object {
    what: "the scaling by backlog per task",
    fields: &[
        required(
            "acceptable_latency",
            Kind::Time(&MOMENT),
            "How long a message may wait: the promise. A scale-out takes two to five minutes, so a shorter one is only kept by tasks that are there already.",
        ),
        required(
            "processing_time",
            Kind::Time(&MOMENT),
            "Average time that one task needs for one message; if it works on several at once, divided by their number.",
        ),
        default(
            "count",
            Kind::List(&COUNT),
            "[visible]",
            "Which messages count as backlog: waiting (`visible`), received and not yet deleted (`in_flight`), not yet due (`delayed`).",
        ),
        default(
            "cooldown",
            Kind::Object(&COOLDOWN),
            "{}",
            "Pauses of the scaling policy.",
        ),
    ],
};

static MOMENT: Time = time(1, 1, 14 * DAY);

static COUNT: List = List {
    of: Kind::Word(&["visible", "in_flight", "delayed"]),
    least: 1,
    most: 3,
    unique: true,
};

static COOLDOWN: Object = Object {
    what: "the cooldowns",
    fields: &[
        default(
            "out",
            Kind::Time(&PAUSE),
            "60s",
            "After a scale-out, how long the new tasks have to take effect before as many are added again.",
        ),
        default(
            "in",
            Kind::Time(&PAUSE),
            "300s",
            "After a scale-in, how long before more tasks are removed.",
        ),
    ],
};

/// A pause of over a day would be no scaling.
static PAUSE: Time = time(SECOND, 0, DAY);
