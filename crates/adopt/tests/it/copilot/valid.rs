//! An imported definition is valid when its placeholders are filled in, its template passes cfn-lint, and no
//! placeholder goes unnoticed.

use std::process::{Command, Stdio};

use adopt::copilot::{File, Settings};
use stack::{Selection, parse_selected};
use template::synthesize;

use super::{SINGLE, imported, settings, single, workspace};

/// The replacement for each placeholder.
const FILLED: [(&str, &str); 23] = [
    ("\"<ARCHITECTURE>\"", "x86_64"),
    ("\"<IMAGE>\"", "public.ecr.aws/team/app:1"),
    ("\"<VPC-ID>\"", "vpc-0a1b2c3d4e5f60718"),
    (
        "[\"<SUBNET-ID>\"]",
        "[subnet-0a1b2c3d4e5f60718, subnet-1a1b2c3d4e5f60718]",
    ),
    (
        "\"<CERTIFICATE-ARN>\"",
        "arn:aws:acm:us-west-2:111122223333:certificate/1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d",
    ),
    ("\"<FILE-SYSTEM-ID>\"", "fs-0a1b2c3d4e5f60718"),
    ("<SUFFIX>", "Ab12Cd"),
    ("<BUCKET>", "our-config"),
    ("<ACCOUNT>", "111122223333"),
    ("<REGION>", "us-west-2"),
    ("<APPLICATION>", "store"),
    ("<ENVIRONMENT>", "prod"),
    ("{from_cfn: media-table}", "table"),
    ("{from_cfn: media-group}", "sg-1a1b2c3d4e5f60718"),
    ("{from_cfn: api-group}", "sg-1a1b2c3d4e5f60718"),
    ("{from_cfn: api-groups}", "sg-2a1b2c3d4e5f60718"),
    (
        "{from_cfn: shared-secret-arn}",
        "arn:aws:secretsmanager:us-west-2:111122223333:secret:shared-Ab12Cd",
    ),
    ("{from_cfn: store-files}", "fs-2a1b2c3d4e5f60718"),
    ("{unresolved: \"${GIT_COMMIT}\"}", "abc"),
    (
        "{target_tracking: \"requests: 1000, response_time: 2s\"}",
        "{cpu: {target: 60}}",
    ),
    (
        "{unresolved: \"${COPILOT_APPLICATION_NAME}-${COPILOT_ENVIRONMENT_NAME}-costs\"}",
        "costs",
    ),
    (
        "{unresolved: \"${COPILOT_APPLICATION_NAME}-prod-costs\"}",
        "costs",
    ),
    (
        "{unresolved: \"${COPILOT_APPLICATION_NAME}-test-costs\"}",
        "costs",
    ),
];

/// The definitions by name.
fn definitions() -> Vec<(String, adopt::copilot::Import)> {
    let one = |environment: &str| Settings {
        environment: Some(environment.to_owned()),
        ..settings()
    };
    let mut all: Vec<(String, Vec<File>, Settings)> = SINGLE
        .map(|name| (name.to_owned(), vec![single(name)], settings()))
        .into();
    all.push(("store".to_owned(), workspace(), settings()));
    all.push(("prod".to_owned(), workspace(), one("prod")));
    all.push(("media-prod".to_owned(), vec![single("media")], one("prod")));
    all.push((
        "unknown".to_owned(),
        vec![single("events")],
        Settings::default(),
    ));
    all.into_iter()
        .map(|(name, files, settings)| (name, imported(&files, &settings)))
        .collect()
}

fn fill(text: &str, except: Option<&str>) -> String {
    let pairs = FILLED.iter().filter(|(from, _)| Some(*from) != except);
    pairs.fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// The valid selections of a definition: each environment, and none.
fn selections(import: &adopt::copilot::Import) -> Vec<Selection> {
    let named = import.environments.iter().map(|name| Selection {
        environment: Some(name.clone()),
        set: Vec::new(),
    });
    named.chain([Selection::default()]).collect()
}

#[test]
fn every_import_is_valid_and_deploys() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for (name, import) in definitions() {
        let text = fill(&import.definition, None);
        for selection in selections(&import) {
            let loaded = parse_selected("stack.yaml", &text, &selection);
            let loaded = loaded.unwrap_or_else(|report| {
                panic!("{name} {selection:?}: {:#?}\n{text}", report.problems())
            });
            let template = synthesize(&loaded.stack).unwrap();
            let environment = selection.environment.unwrap_or_else(|| "none".to_owned());
            let file = folder.path().join(format!("{name}-{environment}.json"));
            std::fs::write(&file, template.body()).unwrap();
            files.push(file);
        }
    }
    assert!(files.len() >= 14, "{files:?}");
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let lint = std::env::var_os("CFN_LINT")
        .map_or_else(|| root.join(".sandbox/venv/bin/cfn-lint"), Into::into);
    assert!(
        lint.exists(),
        "{} does not exist; `cargo xtask test` installs it, or set CFN_LINT",
        lint.display()
    );
    // In parallel: it takes seconds per template, and one processor.
    let lints: Vec<_> = files
        .chunks(files.len().div_ceil(PROCESSES))
        .map(|files| {
            Command::new(&lint)
                .args(["--non-zero-exit-code", "warning", "--template"])
                .args(files)
                .current_dir(folder.path())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for lint in lints {
        let output = lint.wait_with_output().unwrap();
        let report = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && report.trim().is_empty(),
            "{report}"
        );
    }
}

/// Number of processes at a time.
const PROCESSES: usize = 4;

/// A variant is the same as the import of only its environment.
#[test]
fn an_environment_is_the_same_as_a_variant_and_alone() {
    for (files, names) in [
        (workspace(), ["prod", "test"]),
        (vec![single("events")], ["prod", "test"]),
        (vec![single("backend")], ["test", "tagged"]),
    ] {
        let all = imported(&files, &settings());
        for name in names {
            let alone = Settings {
                environment: Some(name.to_owned()),
                ..settings()
            };
            let alone = imported(&files, &alone);
            let read = |definition: &str, environment: Option<&str>| {
                let selection = Selection {
                    environment: environment.map(str::to_owned),
                    set: Vec::new(),
                };
                let loaded = parse_selected("s", &fill(definition, None), &selection).unwrap();
                let stack = loaded.stack;
                let shown = format!(
                    "{:#?}",
                    (
                        stack.queues,
                        stack.services,
                        stack.network,
                        stack.cluster,
                        stack.overrides
                    )
                );
                // It is the variable that `--env` sets otherwise.
                let variable = ["COPILOT_ENVIRONMENT_NAME"].map(|name| format!("\"{name}\""));
                let lines = shown.lines().filter(|line| !line.contains(&variable[0]));
                lines.collect::<Vec<_>>().join("\n")
            };
            assert_eq!(
                read(&all.definition, Some(name)),
                read(&alone.definition, None),
                "{name}"
            );
        }
    }
}

#[test]
fn no_placeholder_is_valid() {
    let mut tried = 0;
    for (name, import) in definitions() {
        for (placeholder, _) in FILLED {
            if !import.definition.contains(placeholder) {
                continue;
            }
            let text = fill(&import.definition, Some(placeholder));
            // Other texts can contain it, such as an ARN.
            let refused = selections(&import)
                .into_iter()
                .filter(|selection| parse_selected("s", &text, selection).is_err());
            assert!(
                refused.count() > 0 || !text.contains(placeholder),
                "{name}: {placeholder} is valid\n{text}"
            );
            tried += 1;
        }
    }
    assert!(tried > 20, "{tried}");
}

#[test]
fn every_placeholder_is_listed() {
    for (name, import) in definitions() {
        for (placeholder, _) in FILLED {
            let core = placeholder
                .trim_matches(|any| "\"[]{}".contains(any))
                .replace('"', "");
            let is_there = import.definition.contains(placeholder);
            let is_listed = import
                .placeholders
                .iter()
                .any(|listed| listed.value.contains(&core));
            assert!(
                !is_there || is_listed,
                "{name}: {core}\n{:?}",
                import.placeholders
            );
        }
        assert!(
            import
                .placeholders
                .iter()
                .all(|placeholder| !placeholder.help.is_empty())
        );
    }
}
