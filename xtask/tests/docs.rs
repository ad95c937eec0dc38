//! The documentation in the checkout is right: see `xtask/src/docs`.

use std::process::Command;

fn check(arguments: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(arguments)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

#[test]
fn the_documentation_is_right() {
    check(&["docs"]);
}

#[test]
#[ignore = "runs in test --full"]
fn the_slow_outputs_in_the_documentation_are_right() {
    check(&["docs", "--full"]);
}
