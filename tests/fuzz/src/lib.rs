//! Malformed inputs for the tests of parsers: examples with random changes. The same seed gives the same input, so a
//! failure contains everything that is needed to repeat it.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "whatever goes wrong here fails the test that uses it"
)]

use std::ops::Range;
use std::panic::{RefUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

pub use fastrand::Rng;

/// Maximum time per input, in a debug build on a busy machine.
const BOUND: Duration = Duration::from_secs(5);

/// Values that have a wrong type, are at a limit, or are beyond it.
const VALUES: [&str; 40] = [
    "null",
    "true",
    "0",
    "-1",
    "1",
    "2",
    "10",
    "11",
    "120",
    "4294967295",
    "4294967296",
    "1e308",
    "-0.0",
    "0.5",
    "18446744073709551616",
    "\"\"",
    "\"a\"",
    "\"A-b\"",
    "\"0s\"",
    "\"1ms\"",
    "\"10s\"",
    "\"14d\"",
    "\"15d\"",
    "\"99999999999999999999d\"",
    "\"99%\"",
    "\"100.1%\"",
    "\"existing\"",
    "\"create\"",
    "\"*\"",
    "\"${AWS::Region}\"",
    "\"{{resolve:ssm:x}}\"",
    "\"jobs\"",
    "\"arm64\"",
    "\"UTC\"",
    "\"Mon-Fri 08:00-18:00\"",
    "\"arn:aws:sqs:us-west-2:111122223333:a.fifo\"",
    "\"\\u0000\\u001b[31m\"",
    "\"日本語\"",
    "[]",
    "{}",
];

/// Creates an input from each seed and parses it, which must neither panic nor take long. `is_accepted` returns
/// whether the input was valid. Returns the number of valid inputs.
///
/// # Panics
/// If an input panics or takes long. The message contains its seed.
pub fn survive(
    seeds: Range<u64>,
    make: impl Fn(&mut Rng) -> String,
    is_accepted: impl Fn(&str) -> bool + RefUnwindSafe,
) -> u64 {
    let accepted = seeds.map(|seed| {
        let text = make(&mut Rng::with_seed(seed));
        let begin = Instant::now();
        let survived = catch_unwind(|| is_accepted(&text));
        let accepted = survived.unwrap_or_else(|_| panic!("seed {seed} panics:\n{text}"));
        let took = begin.elapsed();
        assert!(took < BOUND, "seed {seed} takes {took:?}:\n{text}");
        u64::from(accepted)
    });
    accepted.sum()
}

/// Returns a random value inside another one.
fn pick<'v>(rng: &mut Rng, value: &'v mut Value) -> &'v mut Value {
    let children = match &*value {
        Value::Object(map) => map.len(),
        Value::Array(list) => list.len(),
        _ => 0,
    };
    if children == 0 || rng.u8(..5) == 0 {
        return value;
    }
    let child = rng.usize(..children);
    match value {
        Value::Object(map) => pick(rng, map.values_mut().nth(child).unwrap()),
        Value::Array(list) => pick(rng, &mut list[child]),
        leaf => leaf,
    }
}

/// Returns one of the examples, changed randomly a few times.
#[must_use]
pub fn change(rng: &mut Rng, examples: &[Value]) -> Value {
    let mut value = examples[rng.usize(..examples.len())].clone();
    for _ in 0..rng.usize(1..4) {
        mutate(rng, &mut value, examples);
    }
    value
}

/// Returns one of the examples, changed randomly, as JSON. Half of the time, the text is changed too.
#[must_use]
pub fn change_json(rng: &mut Rng, examples: &[Value]) -> String {
    let value = change(rng, examples);
    match rng.bool() {
        true => value.to_string(),
        false => scramble(rng, &serde_json::to_string_pretty(&value).unwrap()),
    }
}

/// Changes a value randomly. `donors` are whole definitions, whose parts are inserted elsewhere.
fn mutate(rng: &mut Rng, value: &mut Value, donors: &[Value]) {
    let mut donor = donors[rng.usize(..donors.len())].clone();
    let part = pick(rng, &mut donor).take();
    let place = pick(rng, value);
    match (rng.u8(..7), place) {
        (0, place) => *place = part,
        (1, place) => *place = json!([place.take()]),
        (2, Value::Object(map)) => remove_one(rng, map),
        (3, Value::Object(map)) => {
            if let Value::Object(part) = part {
                map.extend(part);
            }
        }
        (4, Value::Object(map)) => {
            if let Some((key, value)) = map.iter().nth(rng.usize(..map.len().max(1))) {
                let (key, value) = (format!("{key}2"), value.clone());
                map.insert(key, value);
            }
        }
        (5, Value::Array(list)) => list.push(part),
        (_, place) => *place = serde_json::from_str(VALUES[rng.usize(..VALUES.len())]).unwrap(),
    }
}

fn remove_one(rng: &mut Rng, map: &mut Map<String, Value>) {
    let key = map.keys().nth(rng.usize(..map.len().max(1))).cloned();
    key.map(|key| map.remove(&key));
}

/// Changes lines randomly, like typing errors.
#[must_use]
pub fn scramble(rng: &mut Rng, text: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for _ in 0..rng.usize(1..4) {
        let (one, other) = (rng.usize(..lines.len()), rng.usize(..lines.len()));
        match rng.u8(..6) {
            0 => drop(lines.remove(one)),
            1 => lines.insert(other, lines[one].clone()),
            2 => lines.swap(one, other),
            3 => lines[one].insert_str(0, &" ".repeat(rng.usize(1..5))),
            4 => lines[one] = lines[one].trim_start().to_owned(),
            _ => {
                let ends: Vec<usize> = lines[one].char_indices().map(|(at, _)| at).collect();
                let at = ends
                    .get(rng.usize(..ends.len().max(1)))
                    .copied()
                    .unwrap_or(0);
                lines[one].insert(at, rng.char(..));
            }
        }
        if lines.is_empty() {
            break;
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_input_and_seeds_differ() {
        let made = |seed| {
            let mut rng = Rng::with_seed(seed);
            let mut value = json!({"a": [1, {"b": "c"}], "d": null});
            mutate(&mut rng, &mut value, &[json!({"e": [true]})]);
            value.to_string() + &scramble(&mut rng, "a: 1\nb: 2\nc: 3\n")
        };
        assert_eq!(made(1), made(1));
        let all: std::collections::BTreeSet<String> = (0..50).map(made).collect();
        assert!(all.len() > 40, "{all:?}");
    }

    #[test]
    #[should_panic(expected = "seed 3 panics:\n3")]
    fn a_panic_names_its_seed() {
        let count = std::cell::Cell::new(0);
        let make = |_: &mut Rng| count.replace(count.get() + 1).to_string();
        survive(0..9, make, |text| match text {
            "3" => panic!("a bug"),
            _ => true,
        });
    }
}
