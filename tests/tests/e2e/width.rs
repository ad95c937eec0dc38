//! Text about deployed stacks fits the terminal.

use e2e::{Bench, TestStack, worker};

/// Lines that are copied stay whole, and so does a word.
fn fits(line: &str, columns: usize) -> bool {
    let is_copied = line.contains("cargo xtask ") || line.contains("://");
    is_copied || line.chars().count() <= columns || line.split_whitespace().count() <= 2
}

#[tokio::test]
async fn text_about_a_stack_fits_narrow_terminals() {
    let bench = Bench::open();
    let stack = TestStack::new(&bench, "width");
    stack.write(&worker(&stack.name));
    let file = stack.file().display().to_string();
    let name = &*stack.name;
    let check = async |arguments: &[&str]| {
        for columns in [80, 60, 40] {
            let run = bench.text(arguments, columns).end().await;
            assert!(run.code.is_some_and(|code| code < 2 || code == 5), "{run}");
            let text = run.stdout.clone() + &run.stderr;
            assert!(!text.contains('\u{1b}'), "{run}");
            for line in text.lines() {
                assert!(fits(line, columns), "{arguments:?} at {columns}: {line:?}");
                assert!(!line.contains("arn:"), "an ARN: {line}");
            }
        }
    };
    check(&["diff", &file, "--local"]).await;
    check(&["deploy", &file, "--local", "--yes"]).await;
    check(&["status", &file, "--local"]).await;
    check(&["status", &file, "--local", "--why"]).await;
    check(&["pause", name, "--local", "--reason", "a test of the width"]).await;
    check(&["resume", name, "--local"]).await;
    check(&["compare", &file, "--local"]).await;
    check(&["list", "--local"]).await;
    check(&["history", name, "--local"]).await;
    check(&["scale", name, "worker", "1", "--local", "--yes"]).await;
    check(&["invoke", name, "--local"]).await;
    check(&["dead-letters", "list", name, "--local"]).await;
    check(&["local", "status"]).await;
    check(&["destroy", name, "--local"]).await;
}
