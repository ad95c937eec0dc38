//! The documentation in the checkout is right: see `xtask/src/docs`.

use std::process::{Command, Output};

fn run(arguments: &[&str]) -> std::io::Result<Output> {
    let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"));
    xtask.arg("docs").args(arguments).output()
}

#[test]
fn the_documentation_is_right() {
    let output = run(&[]).unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

#[test]
#[ignore = "runs in test --full"]
fn the_slow_outputs_in_the_documentation_are_right() {
    let output = run(&["--full"]).unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}
