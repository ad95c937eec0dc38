//! `test`: every check and test of the project, in the order in which they fail fastest.

use std::process::{Command, Stdio};
use std::time::Instant;

use cli::{Failure, Platform, Result};
use deployer::FunctionCode;

use crate::browser;
use crate::functions::{self, cargo};
use crate::paths;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Leave the end-to-end tests out, and with them LocalStack and the build for Lambda
    #[arg(long)]
    no_e2e: bool,
    /// Leave formatting, clippy and the layering out
    #[arg(long)]
    no_lint: bool,
    /// Run only the Rust tests whose names contain this
    filter: Option<String>,
}

/// The sandbox of the tests: whatever people have deployed in theirs is left alone.
const SANDBOX: &str = "test";

/// Crates that are pure, and what they never depend on, however far away.
const PURE: [&str; 4] = ["stack", "scaling", "template", "simulator"];
const IMPURE: [&str; 2] = ["tokio", "aws-"];

pub(crate) fn run(args: &Args) -> Result<()> {
    if !args.no_lint {
        step("formatting", cargo().args(["fmt", "--all", "--check"]))?;
        layering()?;
        step(
            "clippy",
            cargo().args([
                "clippy",
                "--workspace",
                "--all-targets",
                "--",
                "--deny",
                "warnings",
            ]),
        )?;
    }
    if args.no_e2e {
        let sandbox = cli::named_sandbox(SANDBOX)?;
        // `cfn-lint`, which checks the templates, comes with it.
        sandbox.install(&|text| eprintln!("{text}"))?;
        return rust_tests(args, &[]);
    }
    let test_sandbox = TestSandbox::start()?;
    if args.filter.is_none() {
        plugin_tests(&test_sandbox)?;
    }
    functions()?;
    rust_tests(args, &test_sandbox.environment)
}

/// The pure rooms stay free of tokio and of the SDK.
fn layering() -> Result<()> {
    let begin = Instant::now();
    for room in PURE {
        let output = cargo()
            .args([
                "tree",
                "--package",
                room,
                "--edges",
                "normal",
                "--prefix",
                "none",
                "--format",
                "{p}",
            ])
            .stdin(Stdio::null())
            .output()
            .map_err(|error| Failure::failed(format!("failed to run cargo tree: {error}")))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(Failure::failed(format!(
                "failed to list what {room} depends on: {said}"
            )));
        }
        let tree = String::from_utf8_lossy(&output.stdout);
        let bad = tree
            .lines()
            .find(|line| IMPURE.iter().any(|name| line.starts_with(name)));
        if let Some(bad) = bad {
            return Err(
                Failure::failed(format!("{room} is pure, but depends on {bad}")).hint(format!(
                    "cargo tree --package {room} --invert NAME shows the way there"
                )),
            );
        }
    }
    done("layering", begin);
    Ok(())
}

/// The plugin's own tests, which start a LocalStack of their own.
fn plugin_tests(sandbox: &TestSandbox) -> Result<()> {
    let mut python = Command::new(&sandbox.python);
    python
        .args(["-m", "unittest", "discover", "--start-directory", "tests"])
        .current_dir(paths::root().join("crates/sandbox/localstack-plugin"))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    step("the LocalStack plugin's tests", &mut python)
}

/// BuiltFunctions once here, with their minutes shown, for the end-to-end tests that deploy and run them.
fn functions() -> Result<()> {
    let begin = Instant::now();
    let host = functions::host();
    for platform in [Platform::Native, Platform::Lambda(host)] {
        functions::build(&FunctionCode::ALL, platform, host, &|text| {
            eprintln!("{text}")
        })?;
    }
    functions::build_worker(&|text| eprintln!("{text}"))?;
    done("the functions and the worker", begin);
    Ok(())
}

fn rust_tests(args: &Args, environment: &[(&str, String)]) -> Result<()> {
    let nextest = Command::new("cargo")
        .args(["nextest", "--version"])
        .stdin(Stdio::null())
        .output()
        .is_ok_and(|output| output.status.success());
    let mut tests = cargo();
    if nextest {
        tests.args(["nextest", "run", "--workspace", "--no-fail-fast"]);
    } else {
        tests.args(["test", "--workspace", "--no-fail-fast"]);
    }
    if args.no_e2e {
        tests.args(["--exclude", "e2e"]);
    }
    tests.args(&args.filter);
    tests.envs(environment.iter().map(|(name, value)| (name, value)));
    step("the Rust tests", &mut tests)
}

fn step(name: &str, command: &mut Command) -> Result<()> {
    eprintln!("── {name}");
    let begin = Instant::now();
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(|error| Failure::failed(format!("failed to start {name}: {error}")))?;
    if !status.success() {
        return Err(Failure::failed(format!("{name}: {status}")));
    }
    done(name, begin);
    Ok(())
}

fn done(name: &str, begin: Instant) {
    eprintln!(
        "── {name}: passed in {:.1} s",
        begin.elapsed().as_secs_f64()
    );
}

/// A sandbox that ends with the tests, however they end.
struct TestSandbox {
    environment: Vec<(&'static str, String)>,
    python: std::path::PathBuf,
}

impl TestSandbox {
    fn start() -> Result<Self> {
        let sandbox = cli::named_sandbox(SANDBOX)?;
        let chromium = browser::chromium(&|text| eprintln!("{text}"))?;
        let running = sandbox.start(&|text| eprintln!("{text}"))?;
        let environment = sandbox.environment();
        let xtask = std::env::current_exe()
            .map_err(|error| Failure::failed(format!("failed to find this program: {error}")))?;
        Ok(Self {
            python: environment.program("python"),
            environment: vec![
                (
                    "CFN_LINT",
                    environment.program("cfn-lint").display().to_string(),
                ),
                (browser::TEST_VARIABLE, chromium.display().to_string()),
                ("ECS_SCALER_SANDBOX", SANDBOX.to_owned()),
                ("ECS_SCALER_TEST_ENDPOINT", running.endpoint_url),
                ("ECS_SCALER_XTASK", xtask.display().to_string()),
            ],
        })
    }
}

impl Drop for TestSandbox {
    fn drop(&mut self) {
        let stop = || Ok::<_, Failure>(cli::named_sandbox(SANDBOX)?.stop()?);
        if let Err(failure) = stop() {
            eprintln!("the tests' sandbox was not stopped: {}", failure.message());
        }
    }
}
