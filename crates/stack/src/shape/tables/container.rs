//! The settings of a container, and its permissions.
//!
//! Source: Amazon ECS API, `RegisterTaskDefinition` and `ContainerDefinition`.

use super::parts::{MINUTE, SECOND, default, optional, required, time, whole};
use super::volumes::MOUNTS;
use crate::shape::container_texts::{
    ACTION, CONDITION_KEY, CONDITION_OPERATOR, ENVIRONMENT_FILE, RESOURCE, USER,
};
use crate::shape::kind::{Entries, Field, Form, Kind, List, Misfit, Object, Time, Whole};
use crate::shape::texts::{ANY, IMAGE, POLICY_ARN, SECRET_ARN, SHORT_NAME, VARIABLE};
use crate::text::shorten;
use crate::yaml::Node;

pub(super) static TEXTS: List = List {
    of: Kind::Text(&ANY),
    least: 0,
    most: 1_000,
    unique: false,
    rule: None,
};

pub(super) const IMAGE_DIGEST: Field = optional(
    "image_digest",
    Kind::Word(&["resolve"]),
    "`resolve`: `diff` and `deploy` replace the tag of `image` with its current digest in ECR. A deploy after the tag was moved changes the service, and a rollback runs the previous image. Only for private ECR.",
);
pub(super) const ENTRYPOINT: Field = default(
    "entrypoint",
    Kind::List(&TEXTS),
    "[]",
    "Entry point instead of the image's own.",
);
pub(super) const HEALTH_CHECK: Field = optional(
    "health_check",
    Kind::Object(&HEALTH),
    "Command with which ECS checks whether the container is healthy. ECS replaces a task whose essential container isn't.",
);
pub(super) const USER_FIELD: Field = optional(
    "user",
    Kind::Text(&USER),
    "User that the container runs as; otherwise the image's.",
);
pub(super) const READ_ONLY: Field = default(
    "read_only",
    Kind::Flag,
    "false",
    "Whether the root file system is read-only.",
);
pub(super) const DROP: Field = default(
    "drop",
    Kind::List(&CAPABILITIES),
    "[]",
    "Linux capabilities that the container doesn't get; `ALL` for all of them.",
);
pub(super) const INIT: Field = default(
    "init",
    Kind::Flag,
    "true",
    "Whether an init process passes signals on and collects orphaned processes. Without it, a program that installs no handler for SIGTERM is killed.",
);
pub(super) const ULIMITS: Field = optional(
    "ulimits",
    Kind::Object(&LIMITS),
    "Resource limits of the container, soft and hard. Fargate supports only `nofile`.",
);
pub(super) const ENVIRONMENT_FILES: Field = default(
    "environment_files",
    Kind::List(&FILES),
    "[]",
    "Environment variables from files in S3 (`NAME=VALUE` in each line), by ARN. `environment` takes precedence over them.",
);

pub(super) const DEPENDS_ON: Field = default(
    "depends_on",
    Kind::Entries(&DEPENDENCIES),
    "{}",
    "Containers of the task that must have reached a state before this one starts: the service's own, by the service's key, and the `sidecars`. `start`: it has started; `complete`: it has ended; `success`: with exit code 0; `healthy`: its health check has passed.",
);

static DEPENDENCIES: Entries = Entries {
    key: &SHORT_NAME,
    value: Kind::Word(&["start", "complete", "success", "healthy"]),
    least: 0,
    most: 9,
};

/// A task has at most 10 containers. Source: Amazon ECS service quotas.
pub(super) static SIDECARS: Entries = Entries {
    key: &SHORT_NAME,
    value: Kind::Object(&SIDECAR),
    least: 0,
    most: 9,
};

pub(crate) static SIDECAR: Object = Object {
    what: "a container in addition to the service's own",
    fields: &[
        required(
            "image",
            Kind::Text(&IMAGE),
            "Container image; best with a version as its tag, or a digest.",
        ),
        IMAGE_DIGEST,
        default(
            "essential",
            Kind::Flag,
            "true",
            "Whether the task ends when this container does.",
        ),
        DEPENDS_ON,
        default(
            "command",
            Kind::List(&TEXTS),
            "[]",
            "Command instead of the image's own.",
        ),
        ENTRYPOINT,
        default(
            "environment",
            Kind::Entries(&ENVIRONMENT),
            "{}",
            "Environment variables. The stack's variables, such as `QUEUE_URL`, are only in the service's own container.",
        ),
        default(
            "secrets",
            Kind::Entries(&SECRETS),
            "{}",
            "Environment variables from Secrets Manager or SSM Parameter Store, as for the service.",
        ),
        ENVIRONMENT_FILES,
        HEALTH_CHECK,
        USER_FIELD,
        READ_ONLY,
        DROP,
        INIT,
        ULIMITS,
        MOUNTS,
    ],
    rules: &[],
};

pub(super) static ENVIRONMENT: Entries = Entries {
    key: &VARIABLE,
    value: Kind::Text(&ANY),
    least: 0,
    most: 1_000,
};

pub(super) static SECRETS: Entries = Entries {
    key: &VARIABLE,
    value: Kind::Text(&SECRET_ARN),
    least: 0,
    most: 1_000,
};

static HEALTH: Object = Object {
    what: "a health check",
    fields: &[
        required(
            "command",
            Kind::List(&CHECK_COMMAND),
            "`CMD` and the words of a command, or `CMD-SHELL` and one line for the container's shell. An exit code of 0 is healthy.",
        ),
        default(
            "interval",
            Kind::Time(&INTERVAL),
            "30s",
            "Time between two checks.",
        ),
        default(
            "timeout",
            Kind::Time(&TIMEOUT),
            "5s",
            "How long a check can take until it counts as failed.",
        ),
        default(
            "retries",
            Kind::Whole(&RETRIES),
            "3",
            "Failed checks in a row that make the container unhealthy.",
        ),
        default(
            "start",
            Kind::Time(&START),
            "0s",
            "Time after the container's start in which failed checks don't count.",
        ),
    ],
    rules: &[],
};

static CHECK_COMMAND: List = List {
    of: Kind::Text(&ANY),
    least: 2,
    most: 1_000,
    unique: false,
    rule: Some(has_command),
};

/// A command alone, without the word before it.
fn has_command(items: &[Node]) -> Option<Misfit> {
    let [word] = items else {
        return None;
    };
    let command = word.as_str().filter(|word| !word.starts_with("CMD"));
    Some(Misfit {
        at: String::new(),
        label: "one word",
        message: "a health check is `CMD` or `CMD-SHELL`, and a command".to_owned(),
        help: format!("write `[CMD, {}]`", shorten(command.unwrap_or("…"))),
    })
}

/// Source of these four: Amazon ECS API, `HealthCheck`.
static INTERVAL: Time = time(SECOND, 5 * SECOND, 5 * MINUTE);
static TIMEOUT: Time = time(SECOND, 2 * SECOND, MINUTE);
static RETRIES: Whole = whole(1, 10);
static START: Time = time(SECOND, 0, 5 * MINUTE);

static CAPABILITIES: List = List {
    of: Kind::Word(&[
        "ALL",
        "AUDIT_CONTROL",
        "AUDIT_WRITE",
        "BLOCK_SUSPEND",
        "CHOWN",
        "DAC_OVERRIDE",
        "DAC_READ_SEARCH",
        "FOWNER",
        "FSETID",
        "IPC_LOCK",
        "IPC_OWNER",
        "KILL",
        "LEASE",
        "LINUX_IMMUTABLE",
        "MAC_ADMIN",
        "MAC_OVERRIDE",
        "MKNOD",
        "NET_ADMIN",
        "NET_BIND_SERVICE",
        "NET_BROADCAST",
        "NET_RAW",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_ADMIN",
        "SYS_BOOT",
        "SYS_CHROOT",
        "SYS_MODULE",
        "SYS_NICE",
        "SYS_PACCT",
        "SYS_PTRACE",
        "SYS_RAWIO",
        "SYS_RESOURCE",
        "SYS_TIME",
        "SYS_TTY_CONFIG",
        "SYSLOG",
        "WAKE_ALARM",
    ]),
    least: 0,
    most: 38,
    unique: true,
    rule: None,
};

/// Source: Amazon ECS API, `Ulimit`.
static LIMITS: Object = Object {
    what: "the resource limits of a container",
    fields: &[
        optional(
            "nofile",
            Kind::Whole(&LIMIT),
            "Open files; Fargate's default is 65535.",
        ),
        optional(
            "core",
            Kind::Whole(&LIMIT),
            "Size of a core dump, in bytes.",
        ),
        optional("cpu", Kind::Whole(&LIMIT), "CPU time, in seconds."),
        optional(
            "data",
            Kind::Whole(&LIMIT),
            "Size of a process's data segment, in bytes.",
        ),
        optional("fsize", Kind::Whole(&LIMIT), "Size of a file, in bytes."),
        optional("locks", Kind::Whole(&LIMIT), "Locks of files."),
        optional("memlock", Kind::Whole(&LIMIT), "Locked memory, in bytes."),
        optional(
            "msgqueue",
            Kind::Whole(&LIMIT),
            "Memory of message queues, in bytes.",
        ),
        optional(
            "nice",
            Kind::Whole(&LIMIT),
            "Highest priority, as 20 minus the nice value.",
        ),
        optional("nproc", Kind::Whole(&LIMIT), "Processes of a user."),
        optional("rss", Kind::Whole(&LIMIT), "Resident memory, in bytes."),
        optional("rtprio", Kind::Whole(&LIMIT), "Highest real-time priority."),
        optional(
            "rttime",
            Kind::Whole(&LIMIT),
            "CPU time of a real-time process, in microseconds.",
        ),
        optional("sigpending", Kind::Whole(&LIMIT), "Pending signals."),
        optional("stack", Kind::Whole(&LIMIT), "Size of the stack, in bytes."),
    ],
    rules: &[],
};

static LIMIT: Whole = whole(0, 2_147_483_647);

static FILES: List = List {
    of: Kind::Text(&ENVIRONMENT_FILE),
    least: 0,
    most: 10,
    unique: true,
    rule: None,
};

/// The permissions of a service's containers: statements, and existing policies.
pub(super) static PERMISSIONS: List = List {
    of: Kind::Either(&PERMISSION_FORMS),
    least: 0,
    most: 100,
    unique: true,
    rule: None,
};

static PERMISSION_FORMS: [Form; 2] = [Form::Text(&POLICY_ARN), Form::Object(&PERMISSION)];

pub(crate) static PERMISSION: Object = Object {
    what: "a permission",
    fields: &[
        required("allow", Kind::List(&ACTIONS), "Actions, as IAM names them."),
        required(
            "on",
            Kind::List(&RESOURCES),
            "ARNs of the resources on which they are allowed.",
        ),
        default(
            "when",
            Kind::Entries(&CONDITIONS),
            "{}",
            "Conditions: for each operator of IAM, condition keys with lists of values.",
        ),
    ],
    rules: &[],
};

static ACTIONS: List = List {
    of: Kind::Text(&ACTION),
    least: 1,
    most: 100,
    unique: true,
    rule: None,
};

static RESOURCES: List = List {
    of: Kind::Text(&RESOURCE),
    least: 1,
    most: 100,
    unique: true,
    rule: None,
};

static CONDITIONS: Entries = Entries {
    key: &CONDITION_OPERATOR,
    value: Kind::Entries(&CONDITION_KEYS),
    least: 0,
    most: 20,
};

static CONDITION_KEYS: Entries = Entries {
    key: &CONDITION_KEY,
    value: Kind::List(&CONDITION_VALUES),
    least: 1,
    most: 20,
};

static CONDITION_VALUES: List = List {
    of: Kind::Text(&ANY),
    least: 1,
    most: 100,
    unique: true,
    rule: None,
};
