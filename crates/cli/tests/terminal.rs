//! The program as its users run it: how wide its text is, which characters it uses, and what its JSON looks like.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Value, json};

const STACK: &str = include_str!("../../../stacks/voucher-worker.yaml");
const DEMAND: &str = include_str!("../../../stacks/voucher-worker-demand.yaml");
const LOAD: &str = "mmpp:rates=2/s|40/s,stays=10m|4m,for=1h";

/// A folder with definitions.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("stack.yaml", STACK);
    write("demand.yaml", DEMAND);
    write(
        "wrong.yaml",
        "name: x\nservces: {}\nqueues: {a: {retention: 5 days}}\n",
    );
    folder
}

/// Runs the program in a folder, with these variables and nothing on its standard input.
fn run(folder: &Path, arguments: &[&str], variables: &[(&str, &str)], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ecs-scaler"));
    for (name, _) in std::env::vars() {
        let is_locale = name.starts_with("LC_") || name.starts_with("LANG");
        if is_locale || name.starts_with("AWS_") || ["COLUMNS", "NO_COLOR"].contains(&name.as_str())
        {
            command.env_remove(name);
        }
    }
    let command = command.args(arguments).current_dir(folder);
    let command = command
        .envs(variables.iter().copied())
        .stdin(Stdio::piped());
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

/// Both outputs.
fn text(output: &Output) -> String {
    let part = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    part(&output.stdout) + &part(&output.stderr)
}

/// Commands that need no cloud, and failures.
fn commands() -> Vec<Vec<&'static str>> {
    vec![
        vec!["validate"],
        vec!["validate", "stack.yaml", "wrong.yaml", "nope.yaml", "."],
        vec!["validate", "stack.yml"],
        vec!["cost", "stack.yaml", "--load", LOAD],
        vec![
            "simulate",
            "stack.yaml",
            "--load",
            LOAD,
            "--require",
            "99%",
            "--compare",
            "--frontier",
        ],
        vec!["simulate", "demand.yaml", "--load", LOAD, "--compare"],
        vec!["cost", "demand.yaml", "--load", LOAD],
        vec!["simulate", "stack.yaml", "--load", "sine:low=1/s,for=1h"],
        vec!["simulate", "stack.yaml", "--load", "nope.csv"],
        vec![
            "tune",
            "stack.yaml",
            "--load",
            LOAD,
            "--max-candidates",
            "6",
        ],
        vec![
            "tune",
            "stack.yaml",
            "--load",
            LOAD,
            "--max-candidates",
            "6",
            "--keep",
            "tasks.min",
            "--require",
            "99.99%",
        ],
        vec!["version", "--verbose"],
        vec!["import", "copilot", "nope"],
        vec!["exec", "stack.yaml", "worker", "--local"],
        vec!["deploy", "stack.yaml"],
        vec!["destroy", "stack"],
        vec!["validte"],
        vec!["simulate", "stack.yaml"],
    ]
}

/// Lines that are copied, or quoted, stay whole.
fn is_whole(line: &str) -> bool {
    let quoted = ['│', '·', '┬', '╭', '╰']
        .iter()
        .any(|sign| line.contains(*sign));
    let copied = ["Usage:", "ecs-scaler ", "http://", "https://"];
    quoted || copied.iter().any(|sign| line.contains(sign))
}

/// As after `2>&1 | head`: no one reads anymore what a command says.
#[test]
fn closed_outputs_end_no_command() {
    let folder = folder();
    for (arguments, code) in [(["validate", "stack.yaml"], 0), (["synth", "nope.yaml"], 3)] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ecs-scaler"));
        command.args(arguments).current_dir(folder.path());
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let again = writer.try_clone().unwrap();
        let status = command.stdout(again).stderr(writer).status().unwrap();
        assert_eq!(status.code(), Some(code), "{arguments:?}");
    }
}

#[test]
fn text_fits_every_terminal() {
    let folder = folder();
    for arguments in commands() {
        for width in ["80", "60", "40"] {
            let output = run(folder.path(), &arguments, &[("COLUMNS", width)], "");
            let text = text(&output);
            assert!(!text.is_empty(), "{arguments:?}");
            let width: usize = width.parse().unwrap();
            for line in text.lines().filter(|line| !is_whole(line)) {
                // A word can't be folded.
                let words = line.split_whitespace().count();
                let fits = line.chars().count() <= width || words <= 2;
                assert!(fits, "{arguments:?} at {width}: {line:?}");
            }
        }
    }
}

#[test]
fn a_pipe_has_no_escape_codes_and_another_locale_no_unicode() {
    let folder = folder();
    for arguments in commands() {
        let piped = text(&run(folder.path(), &arguments, &[], ""));
        assert!(!piped.contains('\u{1b}'), "{arguments:?}: {piped}");
        let locale = [("LC_ALL", "C"), ("NO_COLOR", "1"), ("TERM", "dumb")];
        let plain = text(&run(folder.path(), &arguments, &locale, ""));
        assert!(plain.is_ascii(), "{arguments:?}: {plain}");
    }
}

static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/json-schema.json");
    let mut schema: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    forbid_others(&mut schema["$defs"]);
    jsonschema::validator_for(&schema).unwrap()
});

/// Forbids undocumented keys of documents. For users they are allowed, because a newer version can have more.
fn forbid_others(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            let is_document = map
                .get("properties")
                .is_some_and(|properties| properties.get("schema_version").is_some());
            if is_document {
                map.insert("unevaluatedProperties".to_owned(), json!(false));
            }
            map.values_mut().for_each(forbid_others);
        }
        Value::Array(items) => items.iter_mut().for_each(forbid_others),
        _ => {}
    }
}

fn document(output: &Output) -> Value {
    let document: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", text(output)));
    let errors = SCHEMA.iter_errors(&document);
    let errors: Vec<String> = errors
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{}: {errors:#?}", document["command"]);
    document
}

#[test]
fn each_document_is_as_documented() {
    let folder = folder();
    for arguments in commands() {
        let all = [&arguments[..], &["--output", "json"]].concat();
        let output = run(folder.path(), &all, &[], "");
        let document = document(&output);
        assert_eq!(document["schema_version"], 1);
        match output.status.code() {
            Some(0) => assert_eq!(document["error"], Value::Null, "{arguments:?}"),
            code => assert_eq!(document["error"]["exit_code"], json!(code), "{arguments:?}"),
        }
    }
    for arguments in [
        &["permissions"] as &[&str],
        &["permissions", "stack.yaml"],
        &["init", "new.yaml"],
    ] {
        let all = [arguments, &["--output=json"]].concat();
        document(&run(folder.path(), &all, &[], ""));
    }
    // A document with a key that isn't documented isn't valid.
    let unknown = json!({"schema_version": 1, "command": "version", "colour": 1});
    assert!(!SCHEMA.is_valid(&unknown));
}

/// Whether a command prints JSON of ours: other programs define templates, schemas, and scripts.
fn is_ours(name: &str) -> bool {
    !["help", "completions", "exec", "program", "synth"].contains(&name)
}

#[test]
fn each_command_is_in_the_schema() {
    let schema: Value =
        serde_json::from_str(include_str!("../../../docs/json-schema.json")).unwrap();
    let page = include_str!("../../../docs/json.md");
    let described: Vec<&str> = schema["$defs"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    for command in cli::command()
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
    {
        let name = command.get_name();
        let is_described = described
            .iter()
            .any(|known| known.split('-').next() == name.split('-').next());
        assert!(
            is_described || !is_ours(name),
            "docs/json-schema.json doesn't describe `{name}`"
        );
        assert!(
            page.contains(&format!("`{name}")),
            "docs/json.md doesn't name `{name}`"
        );
    }
}

#[test]
fn a_definition_is_read_from_standard_input() {
    let folder = folder();
    let validated = document(&run(
        folder.path(),
        &["validate", "-", "--output=json"],
        &[],
        STACK,
    ));
    let definition = &validated["definitions"][0];
    assert_eq!(
        [&definition["file"], &definition["valid"]],
        [&json!("standard input"), &json!(true)]
    );
    let load = ["--load", "constant:rate=1/s,for=10m"];
    for command in ["simulate", "cost"] {
        let output = run(folder.path(), &[command, "-", load[0], load[1]], &[], STACK);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    }
    let wrong = run(folder.path(), &["synth", "-"], &[], "name: x\n");
    assert_eq!(wrong.status.code(), Some(3));
    assert!(
        text(&wrong).contains("in standard input"),
        "{}",
        text(&wrong)
    );
    let written = run(
        folder.path(),
        &["tune", "-", load[0], load[1], "--write"],
        &[],
        STACK,
    );
    assert_eq!(written.status.code(), Some(2), "{}", text(&written));
}

#[test]
fn a_bad_file_is_summed_up_after_the_others() {
    let folder = folder();
    let output = run(
        folder.path(),
        &["validate", "nope.yaml", "stack.yaml", "stack.yml"],
        &[],
        "",
    );
    assert_eq!(output.status.code(), Some(3));
    let stdout = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(
        stdout.contains("✗ nope.yaml") && stdout.contains("✓ stack.yaml"),
        "{stdout}"
    );
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("2 of 3 files are invalid"), "{stderr}");
    assert!(
        stderr.contains("stack.yml: did you mean stack.yaml?"),
        "{stderr}"
    );
}
