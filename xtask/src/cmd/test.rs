//! `test`: every check and test of the project, fastest failures first.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use cli::{Failure, Result};
use deployer::FunctionCode;

use crate::process::{self, capture_output, cargo};
use crate::{advisories, audit, examples, functions, knobs, node, paths};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Skip the end-to-end tests, and with them LocalStack and the build for Lambda
    #[arg(long)]
    no_e2e: bool,
    /// Skip formatting, clippy, layering, and dependency checks
    #[arg(long)]
    no_lint: bool,
    /// Also run the long tests: every scenario of faults, fuzzing at length, and the hardened stack against
    /// security benchmarks (about 10 more minutes)
    #[arg(long)]
    full: bool,
    /// Run only the Rust tests whose names contain this
    filter: Option<String>,
}

/// The sandbox of the tests. Your own sandbox isn't affected.
const SANDBOX: &str = "test";

/// Pure crates, and the crates that they must not depend on, directly or indirectly.
const PURE: [&str; 7] = [
    "adopt",
    "forecast",
    "knobs",
    "scaling",
    "simulator",
    "stack",
    "template",
];
const IMPURE: [&str; 2] = ["tokio", "aws-"];

pub(crate) fn run(args: &Args) -> Result<()> {
    cli::note_interruptions();
    if !args.no_lint {
        run_step("formatting", cargo().args(["fmt", "--all", "--check"]))?;
        time_step("layering", check_layering)?;
        time_step("advisories", advisories::check)?;
        let clippy = "clippy --workspace --all-targets -- --deny warnings";
        run_step("clippy", cargo().args(clippy.split(' ')))?;
        for (name, mut check) in audit::list_checks(&print_progress)? {
            run_step(name, &mut check)?;
        }
    }
    if args.no_e2e {
        let sandbox = cli::named_sandbox(SANDBOX)?;
        // `cfn-lint`, which checks the templates, comes with it.
        sandbox.install(&print_progress)?;
        return run_rust_tests(args, &[]);
    }
    let sandbox = TestSandbox::start()?;
    if let Some((node, modules)) = sandbox.node.as_ref().filter(|_| !args.no_lint) {
        run_step("workflows", &mut audit::lint_workflows(node, modules))?;
    }
    if args.filter.is_none() {
        run_plugin_tests(&sandbox)?;
        for (name, mut tests) in sandbox.list_worker_tests() {
            run_step(name, &mut tests)?;
        }
    }
    time_step("the functions for Lambda", build_functions)?;
    let mut environment = sandbox.environment.clone();
    environment.extend(build_simulator()?);
    run_rust_tests(args, &environment)
}

/// Builds the simulator for pages, and returns the variable that makes tests require it.
fn build_simulator() -> Result<Option<(&'static str, String)>> {
    if !knobs::can_build(&print_progress) {
        eprintln!(
            "── the knobs in the page of a report aren't tested: `rustup target add {}` fails here",
            knobs::TARGET
        );
        return Ok(None);
    }
    time_step("the simulator for pages", || {
        knobs::build(&print_progress).map(|_| ())
    })?;
    Ok(Some(("ECS_SCALER_TEST_KNOBS", "1".to_owned())))
}

/// Checks that pure crates don't depend on tokio or the SDK.
fn check_layering() -> Result<()> {
    for name in PURE {
        let mut tree = cargo();
        tree.args(["tree", "--package", name])
            .args("--edges normal --prefix none --format {p}".split(' '));
        let tree = capture_output(&mut tree, &format!("list the dependencies of {name}"))?;
        let impure = |line: &&str| IMPURE.iter().any(|name| line.starts_with(name));
        if let Some(found) = tree.lines().find(impure) {
            let message = format!("{name} is pure, but depends on {found}");
            return Err(Failure::failed(message).hint(format!(
                "cargo tree --package {name} --invert NAME shows the way there"
            )));
        }
    }
    Ok(())
}

/// Runs the plugin's own tests, which start a separate LocalStack.
fn run_plugin_tests(sandbox: &TestSandbox) -> Result<()> {
    let mut python = Command::new(&sandbox.python);
    python
        .args(["-m", "unittest", "discover", "--start-directory", "tests"])
        .current_dir(paths::root().join("crates/sandbox/localstack-plugin"))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    run_step("the LocalStack plugin's tests", &mut python)
}

/// Builds the functions once and shows their build time, for the end-to-end tests that deploy and run them.
fn build_functions() -> Result<()> {
    functions::build(&FunctionCode::ALL, functions::host(), &print_progress).map(|_| ())
}

fn run_rust_tests(args: &Args, environment: &[(&str, String)]) -> Result<()> {
    let nextest = capture_output(cargo().args(["nextest", "--version"]), "find nextest");
    // A long test is ignored unless it is requested.
    let (runner, ignored): (&[_], &[_]) = if nextest.is_ok() {
        (&["nextest", "run"], &["--run-ignored", "all"])
    } else {
        (&["test"], &["--", "--include-ignored"])
    };
    let mut tests = cargo();
    tests.args(runner).args(["--workspace", "--no-fail-fast"]);
    if args.no_e2e {
        tests.args(["--exclude", "e2e"]);
    }
    tests.args(&args.filter).envs(environment.iter().cloned());
    if args.full {
        tests.args(ignored);
    }
    run_step("the Rust tests", &mut tests)
}

fn run_step(name: &str, command: &mut Command) -> Result<()> {
    eprintln!("── {name}");
    time_step(name, || {
        let status = process::run(command, cli::is_interrupted);
        let status =
            status.map_err(|error| Failure::failed(format!("failed to start {name}: {error}")))?;
        match status.success() {
            true => Ok(()),
            false => Err(Failure::failed(format!("{name}: {status}"))),
        }
    })
}

fn time_step(name: &str, step: impl FnOnce() -> Result<()>) -> Result<()> {
    let start = Instant::now();
    step()?;
    let seconds = start.elapsed().as_secs_f64();
    eprintln!("── {name}: passed in {seconds:.1} s");
    Ok(())
}

fn print_progress(text: &str) {
    eprintln!("{text}");
}

/// A sandbox that stops with the tests, regardless of how they end.
struct TestSandbox {
    environment: Vec<(&'static str, String)>,
    python: PathBuf,
    /// See [`node::Tools::node`].
    node: Option<(PathBuf, PathBuf)>,
    worker_python: PathBuf,
    /// `None` without Node.js.
    worker_typescript: Option<PathBuf>,
    /// The sandboxes of tests that were there before.
    earlier: BTreeSet<String>,
}

impl TestSandbox {
    fn start() -> Result<Self> {
        let sandbox = cli::named_sandbox(SANDBOX)?;
        let fetched = node::find_tools(&print_progress)?;
        let worker_python = examples::prepare_python(&print_progress)?;
        let node = fetched.node.as_ref().map(|(node, _)| node);
        let worker_typescript = node
            .map(|node| examples::prepare_typescript(node, &print_progress))
            .transpose()?;
        let running = sandbox.start(&print_progress, &cli::is_interrupted)?;
        let tools = sandbox.environment();
        let xtask = process::this_program()?;
        let show = |path: PathBuf| path.display().to_string();
        let mut environment = Vec::new();
        if let Some((node, modules)) = fetched.node.clone() {
            environment.push(("ECS_SCALER_TEST_NODE", show(node)));
            environment.push(("ECS_SCALER_TEST_IAM", show(modules)));
        }
        if let Some(folder) = worker_typescript.clone() {
            environment.push(("ECS_SCALER_TEST_WORKER_NODE", show(folder)));
        }
        let interpreter = show(worker_python.clone());
        environment.push(("ECS_SCALER_TEST_WORKER_PYTHON", interpreter));
        Ok(Self {
            node: fetched.node,
            worker_python,
            worker_typescript,
            earlier: list_sandboxes(),
            python: tools.program("python"),
            environment: [
                environment,
                vec![
                    ("CFN_LINT", show(tools.program("cfn-lint"))),
                    ("ECS_SCALER_TEST_CHROMIUM", show(fetched.chromium)),
                    ("ECS_SCALER_SANDBOX", SANDBOX.to_owned()),
                    ("ECS_SCALER_TEST_ENDPOINT", running.endpoint_url),
                    ("ECS_SCALER_XTASK", show(xtask)),
                ],
            ]
            .concat(),
        })
    }
}

impl TestSandbox {
    fn list_worker_tests(&self) -> Vec<(&'static str, Command)> {
        let node = self.node.as_ref().map(|(node, _)| node.as_path());
        let typescript = node.zip(self.worker_typescript.as_deref());
        examples::list_tests(&self.worker_python, typescript)
    }
}

impl Drop for TestSandbox {
    fn drop(&mut self) {
        let stop = |name: &str| {
            if let Err(failure) = cli::named_sandbox(name).and_then(|one| Ok(one.stop()?)) {
                eprintln!("the sandbox {name} was not stopped: {}", failure.message());
            }
        };
        stop(SANDBOX);
        // A test that is interrupted or ended can't stop its own sandbox.
        let left = list_sandboxes();
        for name in left.difference(&self.earlier) {
            stop(name);
            let folder = paths::sandbox_home().join(name);
            let _ = std::fs::remove_dir_all(&folder);
            let _ = std::fs::remove_file(folder.with_extension("lock"));
        }
    }
}

/// Lists the sandboxes that single tests have started, by the form of their names: `e5153ab-3b11-0-label`.
fn list_sandboxes() -> BTreeSet<String> {
    let entries = std::fs::read_dir(paths::sandbox_home());
    let folders = entries.into_iter().flatten().flatten();
    let folders = folders.filter(|entry| entry.path().is_dir());
    let names = folders.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter(|name| is_of_a_test(name)).collect()
}

fn is_of_a_test(name: &str) -> bool {
    let is_hex = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_hexdigit());
    let parts: Vec<&str> = name.splitn(4, '-').collect();
    let [time, process, count, _label] = parts[..] else {
        return false;
    };
    time.strip_prefix('e').is_some_and(is_hex) && is_hex(process) && count.parse::<u32>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sandboxes_of_tests_are_cleared_up() {
        for name in ["ee5153-3b11-0-live-roll", "e1-a-12-x-demo"] {
            assert!(is_of_a_test(name), "{name}");
        }
        for name in [
            "default",
            "test",
            "default-demo",
            "e2e-one-0-mine",
            "ee5153-3b11-0",
        ] {
            assert!(!is_of_a_test(name), "{name}");
        }
    }
}
