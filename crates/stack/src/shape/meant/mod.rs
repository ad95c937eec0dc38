//! What was probably meant by a key or a value that another tool, or another habit, writes differently.

mod names;

use std::time::Duration;

pub use self::names::REGIONS;
use self::names::{KEYS, STATISTICS, WORDS};
use super::kind::{Object, Text, Whole};
use crate::duration;
use crate::nearest::nearest;
use crate::text::is_digits;

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
