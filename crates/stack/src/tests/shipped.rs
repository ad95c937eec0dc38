//! The definitions that come with the project, as an editor and `validate` read them.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::line;
use super::schema::json;
use crate::{Selection, parse, parse_selected};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every shipped definition, including the one that `init` writes.
fn shipped() -> Vec<(PathBuf, String)> {
    let folder = fs::read_dir(root().join("stacks")).unwrap();
    let mut paths: Vec<PathBuf> = folder
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .collect();
    paths.sort();
    assert!(paths.len() >= 4, "{paths:?}");
    paths.push(root().join("crates/cli/src/cmd/init.yaml"));
    let read = |path: PathBuf| (path.clone(), fs::read_to_string(path).unwrap());
    paths.into_iter().map(read).collect()
}

/// The expected warnings: the objective of ten seconds, and a web page without a domain.
fn expected_warnings(path: &Path) -> &'static [&'static str] {
    match path.file_name().and_then(|name| name.to_str()) {
        Some("voucher-worker.yaml") => &["the latency objective is shorter than the scaling delay"],
        Some("fan-out.yaml" | "billing.yaml") => {
            &["scaling by backlog ignores the message groups of a FIFO queue"]
        }
        Some("transcoder.yaml") => {
            &["an interruption of Fargate Spot ends tasks in the middle of a message"]
        }
        Some("sample-webapp.yaml") => {
            &["the load balancer is open to the internet without encryption"]
        }
        Some("init.yaml") => &["the alarms notify no one"],
        _ => &[],
    }
}

#[test]
fn they_are_taken_with_no_other_warnings() {
    for (path, text) in shipped() {
        let shown = path.display().to_string();
        let loaded =
            parse(&shown, &text).unwrap_or_else(|report| panic!("{}", super::shown(&report)));
        let found = loaded.warnings.problems();
        let messages: Vec<&str> = found.iter().map(|problem| problem.message()).collect();
        let lines: Vec<String> = found.iter().map(line).collect();
        assert_eq!(messages, expected_warnings(&path), "{shown}: {lines:?}");
    }
}

#[test]
fn the_schema_beside_them_takes_them() {
    let written = fs::read_to_string(root().join("stacks/stack.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&written).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for (path, text) in shipped() {
        let errors: Vec<String> = validator
            .iter_errors(&json(&text))
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{}: {errors:?}", path.display());
    }
}

#[test]
fn their_first_line_names_the_schema() {
    const LINE: &str = "# yaml-language-server: $schema=stack.schema.json";
    for (path, text) in shipped() {
        let beside = path.parent() == Some(&root().join("stacks"));
        assert_eq!(
            text.lines().next() == Some(LINE),
            beside,
            "{}",
            path.display()
        );
    }
}

/// The example of the page about workers, with each of its environments.
#[test]
fn the_worker_of_the_documentation_is_valid() {
    let page = fs::read_to_string(root().join("docs/worker.md")).unwrap();
    let (_, rest) = page.split_once("```yaml\n").unwrap();
    let (text, _) = rest.split_once("```\n").unwrap();
    let written = fs::read_to_string(root().join("stacks/stack.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&written).unwrap();
    assert!(jsonschema::is_valid(&schema, &json(text)));
    for (environment, name, most) in [
        (None, "image-resizer", 40),
        (Some("staging"), "image-resizer-staging", 4),
        (Some("production"), "image-resizer-production", 40),
    ] {
        let selection = Selection {
            environment: environment.map(str::to_owned),
            set: Vec::new(),
        };
        let loaded = parse_selected("worker.md", text, &selection);
        let loaded = loaded.unwrap_or_else(|report| panic!("{}", super::shown(&report)));
        let lines: Vec<String> = loaded.warnings.problems().iter().map(line).collect();
        assert_eq!(lines, [""; 0]);
        let stack = loaded.stack;
        assert_eq!(
            (stack.name.as_str(), stack.services["resizer"].tasks.max),
            (name, most)
        );
    }
}
