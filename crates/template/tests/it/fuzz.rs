//! Definitions that are almost valid: the shipped ones, changed at random. Reading them ends soon, with a report or
//! a template, and never in a panic.

use std::ops::Range;

use serde_json::Value;

fn shipped() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../stacks");
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut yaml: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|e| e == "yaml"))
        .collect();
    yaml.sort();
    assert!(yaml.len() >= 5, "{yaml:?}");
    yaml.iter()
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect()
}

/// Reads a definition and, if it is valid, makes its template and writes it.
fn survive(text: &str) -> bool {
    match stack::parse("fuzzed.yaml", text) {
        Ok(loaded) => {
            template::synthesize(&loaded.stack).is_ok_and(|template| !template.body().is_empty())
        }
        Err(report) => {
            assert!(report.has_errors() && !report.to_string().is_empty());
            false
        }
    }
}

/// Fuzzes with these seeds.
fn fuzz_definitions(seeds: Range<u64>) {
    let texts = shipped();
    let values: Vec<Value> = texts
        .iter()
        .map(|text| serde_yaml::from_str(text).unwrap())
        .collect();
    let make = |rng: &mut fuzz::Rng| {
        if rng.bool() {
            let which = rng.usize(..texts.len());
            return fuzz::scramble(rng, &texts[which]);
        }
        fuzz::change(rng, &values).to_string()
    };
    let count = seeds.end - seeds.start;
    let valid = fuzz::survive(seeds, make, survive);
    // Both outcomes occur: a change that always breaks the definition would test only the reader's first lines.
    assert!(
        valid > count / 50 && valid < count,
        "{valid} of {count} are valid"
    );
}

#[test]
fn a_definition_that_is_almost_right_is_read_without_a_panic() {
    fuzz_definitions(0..200);
}

#[test]
#[ignore = "runs in test --full"]
fn thousands_of_definitions_are_read_without_a_panic() {
    fuzz_definitions(200..10_000);
}
