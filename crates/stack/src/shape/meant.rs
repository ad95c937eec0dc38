//! What was probably meant by a key or a value that another tool, or another habit, writes differently.

use std::time::Duration;

use super::kind::{Object, Text, Whole};
use crate::duration;
use crate::nearest::nearest;
use crate::text::is_digits;

/// Keys of AWS Copilot's manifests, Docker Compose, and ECS task definitions, in lowercase letters without separators,
/// with the key of this format that an object must have for it, and how to write it. The first that fits counts.
///
/// Sources: AWS Copilot, "Manifest"; Compose specification; Amazon ECS API, `RegisterTaskDefinition` and `CreateService`.
const KEYS: &[(&[&str], &str, &str)] = &[
    (
        &["count", "desiredcount", "replicas", "scale", "range"],
        "tasks",
        "`tasks: {min: 1, max: 10}`",
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
const WORDS: &[(&[&str], &str)] = &[
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
const STATISTICS: &[(&[&str], &str)] = &[
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

/// The key of an object that another tool's key means, and how to write it.
pub(super) fn key(object: &Object, name: &str) -> Option<(&'static str, &'static str)> {
    let name = plain(name);
    let fits = |(names, key, _): &&(&[&str], &str, &str)| {
        names.contains(&name.as_str()) && object.field(key).is_some()
    };
    KEYS.iter()
        .find(fits)
        .map(|(_, key, written)| (*key, *written))
}

/// The word among those taken here that another tool's word means.
pub(super) fn word(words: &[&'static str], found: &str) -> Option<&'static str> {
    let found = found.to_lowercase();
    let near =
        |names: &[&str]| names.contains(&found.as_str()) || names.contains(&plain(&found).as_str());
    let (_, ours) = WORDS
        .iter()
        .find(|(names, ours)| words.contains(ours) && near(names))?;
    Some(ours)
}

/// Text of this kind that is the same but for its spelling: letter case, spaces, or a unit.
pub(super) fn text(text: &'static Text, found: &str) -> Option<String> {
    if found.len() > 100 {
        return None;
    }
    let compact: String = found.split_whitespace().collect();
    let lower = compact.to_lowercase();
    let statistic = STATISTICS
        .iter()
        .find(|(names, _)| names.contains(&lower.as_str()));
    let binary = lower.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    // Other letters would be another name where people choose names.
    let is_lower = !text.example.contains(|c: char| c.is_ascii_uppercase());
    let candidates = [
        statistic.map(|(_, name)| (*name).to_owned()),
        Some(compact.clone()),
        Some(lower.clone()).filter(|_| is_lower),
        Some(lower.replace('_', "-")).filter(|_| is_lower),
        Some(format!("{binary}GiB")).filter(|_| is_digits(binary)),
    ];
    let spelled = candidates
        .into_iter()
        .flatten()
        .find(|one| text.accepts(one));
    let region =
        || nearest(&lower.replace('_', "-"), REGIONS.split_whitespace()).map(str::to_owned);
    spelled
        .or_else(|| region().filter(|region| text.accepts(region) && text.what.contains("region")))
}

/// The whole number that a size with a unit means: vCPU in CPU units, bytes in MiB.
pub(super) fn whole(whole: &Whole, found: &str) -> Option<u32> {
    let compact: String = found.split_whitespace().collect::<String>().to_lowercase();
    let unit = compact.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let amount = compact.strip_suffix(unit)?;
    let factor = match unit {
        "" => 1.0,
        "vcpu" | "vcpus" | "cpu" | "cpus" | "core" | "cores" => 1_024.0,
        "g" | "gb" | "gib" | "gi" => 1_024.0,
        "m" | "mb" | "mib" | "mi" => 1.0,
        "t" | "task" | "tasks" | "messages" => 1.0,
        _ => return None,
    };
    let value = amount.parse::<f64>().ok()? * factor;
    let taken =
        value.fract() == 0.0 && (f64::from(whole.least)..=f64::from(whole.most)).contains(&value);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is between two 32-bit numbers"
    )]
    let value = taken.then_some(value as u32)?;
    (whole.offered.is_empty() || whole.offered.contains(&value)).then_some(value)
}

/// The duration that other spellings mean, as this format writes it: `10 sec`, `1.5h`, `5 minutes`.
pub(super) fn time(found: &str) -> Option<String> {
    let compact: String = found.split_whitespace().collect::<String>().to_lowercase();
    let mut rest = compact.as_str();
    let mut total = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (amount, after) = rest.split_at(end);
        let end = after
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let milliseconds = match unit {
            "ms" | "msec" | "msecs" | "millis" | "millisecond" | "milliseconds" => 1.0,
            "s" | "sec" | "secs" | "second" | "seconds" => 1_000.0,
            "m" | "min" | "mins" | "minute" | "minutes" => 60_000.0,
            "h" | "hr" | "hrs" | "hour" | "hours" => 3_600_000.0,
            "d" | "day" | "days" => 86_400_000.0,
            "w" | "week" | "weeks" => 604_800_000.0,
            _ => return None,
        };
        total += amount.parse::<f64>().ok()? * milliseconds;
        rest = after;
    }
    let whole = Duration::try_from_secs_f64((total / 1_000.0).max(0.0)).ok()?;
    (total > 0.0 && total < 1e15).then(|| duration::format(whole))
}

/// Lowercase letters and digits alone.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(|c| !matches!(c, '_' | '-' | '.'));
    letters.collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::kind::Kind;
    use crate::shape::lookup::find_kind;
    use crate::shape::tables::STACK;

    fn kind(path: &[&str]) -> Kind {
        find_kind(&STACK, path).unwrap_or_else(|| panic!("no key {path:?}"))
    }

    #[test]
    fn keys_of_other_tools() {
        let service = &crate::shape::tables::SERVICE;
        for (theirs, ours) in [
            ("count", "tasks"),
            ("desiredCount", "tasks"),
            ("variables", "environment"),
            ("env_file", "environment_files"),
            ("containerDefinitions", "sidecars"),
            ("platform", "architecture"),
            ("mem_limit", "memory"),
            ("taskRoleArn", "task_role"),
            ("http", "load_balancer"),
            ("ports", "port"),
        ] {
            assert_eq!(
                key(service, theirs).map(|(key, _)| key),
                Some(ours),
                "{theirs}"
            );
        }
        assert_eq!(key(&STACK, "variables"), None);
        assert_eq!(key(&STACK, "vpc").map(|(key, _)| key), Some("network"));
        assert_eq!(key(service, "color"), None);
    }

    #[test]
    fn values_of_other_tools() {
        let Kind::Word(words) = kind(&["services", "a", "architecture"]) else {
            panic!()
        };
        assert_eq!(word(words, "AMD64"), Some("x86_64"));
        assert_eq!(word(words, "linux/arm64"), Some("arm64"));
        assert_eq!(word(words, "riscv"), None);
        let Kind::Whole(cpu) = kind(&["services", "a", "cpu"]) else {
            panic!()
        };
        // 1024 CPU units are one vCPU, and 1024 MiB are 1 GiB.
        assert_eq!(whole(cpu, "1vcpu"), Some(1_024));
        assert_eq!(whole(cpu, ".25 vCPU"), Some(256));
        let Kind::Whole(memory) = kind(&["services", "a", "memory"]) else {
            panic!()
        };
        assert_eq!(whole(memory, "1GB"), Some(1_024));
        assert_eq!(whole(memory, "512 MiB"), Some(512));
        assert_eq!(whole(memory, "1 ton"), None);
        assert_eq!(whole(memory, "0.3GB"), None);
        let Kind::Text(storage) = kind(&["services", "a", "storage"]) else {
            panic!()
        };
        assert_eq!(text(storage, "40 GB").as_deref(), Some("40GiB"));
        assert_eq!(text(storage, "5GB"), None);
        let Kind::Text(region) = kind(&["region"]) else {
            panic!()
        };
        for wrong in ["US_EAST_1", "us-east1", "useast-1"] {
            assert_eq!(text(region, wrong).as_deref(), Some("us-east-1"), "{wrong}");
        }
        let Kind::Text(statistic) =
            kind(&["services", "a", "scaling", "steps", "metric", "statistic"])
        else {
            panic!()
        };
        assert_eq!(text(statistic, "avg").as_deref(), Some("Average"));
        assert_eq!(text(statistic, "P99").as_deref(), Some("p99"));
    }

    #[test]
    fn durations_of_other_habits() {
        for (found, right) in [
            ("10 s", "10s"),
            ("10sec", "10s"),
            ("5 Minutes", "5m"),
            ("1.5h", "1h30m"),
            ("2 weeks", "14d"),
            ("1h 30min", "1h30m"),
        ] {
            assert_eq!(time(found).as_deref(), Some(right), "{found}");
        }
        for wrong in [
            "soon",
            "10",
            "",
            "-5m",
            "1.2.3s",
            "0s",
            "99999999999999999999d",
        ] {
            assert_eq!(time(wrong), None, "{wrong}");
        }
    }
}
