//! The templates pass cfn-lint, which has the schema of every resource type, without an error or a warning.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use template::synthesize;

use crate::stacks;

/// cfn-lint from the environment variable `CFN_LINT`, or from the sandbox's Python environment.
pub(crate) fn cfn_lint() -> PathBuf {
    let path = std::env::var_os("CFN_LINT").map_or_else(
        || stacks::root().join(".sandbox/venv/bin/cfn-lint"),
        PathBuf::from,
    );
    assert!(
        path.exists(),
        "{} does not exist; `cargo xtask test` installs it and runs this test, or set CFN_LINT",
        path.display()
    );
    path
}

#[test]
fn templates_pass_cfn_lint() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    let all = stacks::all().into_iter();
    let all = all.map(|(name, stack)| (name.to_owned(), stack));
    for (name, stack) in all.chain(stacks::environments()) {
        let file = folder.path().join(format!("{name}.json"));
        std::fs::write(&file, synthesize(&stack).unwrap().body()).unwrap();
        files.push(file);
    }
    // In parallel: it takes seconds per template, and one processor.
    let lints: Vec<_> = files
        .chunks(files.len().div_ceil(PROCESSES))
        .map(|files| {
            // In the empty folder, so that it uses no other configuration file.
            Command::new(cfn_lint())
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

#[test]
fn cfn_lint_finds_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let template = synthesize(&stacks::shipped("voucher-worker")).unwrap();
    let wrong = template
        .body()
        .replace("\"Timeout\":30", "\"Timeout\":9999");
    assert_ne!(wrong, template.body());
    std::fs::write(folder.path().join("wrong.json"), wrong).unwrap();
    let output = Command::new(cfn_lint())
        .args(["--template", "wrong.json"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(
        !output.status.success() && report.contains("9999"),
        "{report}"
    );
}
