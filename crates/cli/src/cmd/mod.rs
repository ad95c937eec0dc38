//! One file or folder per command, with its arguments and its `run`.

mod acceptance;
mod calibrate;
mod compare;
mod completions;
mod cost;
mod dead_letters;
mod demo;
mod deploy;
mod destroy;
mod diff;
mod exec;
mod history;
mod import;
mod init;
mod invoke;
mod local;
mod logs;
mod pause;
mod permissions;
mod program;
mod resume;
mod rollback;
mod scale;
mod schema;
mod simulate;
mod stacks;
mod status;
mod synth;
mod tune;
mod validate;
mod version;

use std::process::ExitCode;

use crate::failure::{Failure, Result};
use crate::output::{Format, require_written};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Show scaling on this machine: real load, real workers, measurements next to predictions
    Demo(demo::Args),
    /// Write a commented stack definition to start from, or one of a running service
    Init(init::Args),
    /// Write a stack definition from the files of another tool, or take existing resources over into a stack
    Import(import::Args),
    /// Check a stack definition; makes no AWS calls
    Validate(validate::Args),
    /// Print the CloudFormation template of a stack definition
    Synth(synth::Args),
    /// Simulate a stack definition against a load: whether it meets its objective, and what it costs
    Simulate(simulate::Args),
    /// Show what a service costs under a load, item by item
    Cost(cost::Args),
    /// Search for the cheapest parameters that meet the objective under a load
    Tune(tune::Args),
    /// Compare a service's actual results with simulated ones for the same messages
    Compare(compare::Args),
    /// Measure how target tracking behaves in your account, and write a file of assumptions
    Calibrate(calibrate::Args),
    /// Run a small system through its complete life cycle in your account, and write a report
    Acceptance(acceptance::Args),
    /// Show what a deploy would change
    Diff(diff::Args),
    /// Deploy a stack definition
    Deploy(deploy::Args),
    /// Go back to the last good deploy, or to an earlier one
    Rollback(rollback::Args),
    /// Delete a stack, and verify that no resources remain
    Destroy(destroy::Args),
    /// Show a stack: queues, tasks, metrics and their targets, scaling, alarms
    Status(status::Args),
    /// Show every change of the desired counts: when, from and to which count, who, why, and the backlog
    History(history::Args),
    /// Invoke a deployed function; print its response, its log, and its effect
    Invoke(invoke::Args),
    /// List the stacks that ecs-scaler deployed
    List(stacks::Args),
    /// Show log lines of a service's tasks, or of the stack's functions
    Logs(logs::Args),
    /// Keep the policies of a stack from changing counts, for a while or until `resume`
    Pause(pause::Args),
    /// End a pause
    Resume(resume::Args),
    /// Set the desired count of a service, within its bounds
    Scale(scale::Args),
    /// Run a command in a task of a service, or a shell
    Exec(exec::Args),
    /// Show messages in dead-letter queues, move them back, or delete them
    DeadLetters(dead_letters::Args),
    /// Start, stop, or show the local sandbox
    Local(local::Args),
    /// Print the JSON Schema of stack definitions, for editors
    Schema(schema::Args),
    /// Print the IAM policies that deploying a stack definition requires, and the boundary of its roles
    Permissions(permissions::Args),
    /// Print completions for a shell
    Completions(completions::Args),
    /// Print the version, and with --verbose what this build contains
    Version(version::Args),
    /// Run a program that this one contains, for the sandbox
    #[command(hide = true)]
    Program(program::Args),
}

/// Runs a command until it ends.
pub(crate) fn run(verb: Verb, format: Format) -> ExitCode {
    if let Verb::Program(args) = &verb {
        return program::run(args);
    }
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let ended = match runtime.worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime.block_on(run_verb(verb, format)),
        Err(error) => Err(Failure::failed(format!(
            "failed to start the runtime: {error}"
        ))),
    };
    match ended.and_then(|()| require_written()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(format),
    }
}

async fn run_verb(verb: Verb, format: Format) -> Result<()> {
    match verb {
        Verb::Demo(args) => demo::run(args, format).await,
        Verb::Init(args) => init::run(args, format).await,
        Verb::Import(args) => import::run(args, format).await,
        Verb::Validate(args) => validate::run(&args, format),
        Verb::Synth(args) => synth::run(&args, format),
        Verb::Simulate(args) => simulate::run(args, format).await,
        Verb::Cost(args) => cost::run(args, format).await,
        Verb::Tune(args) => tune::run(args, format).await,
        Verb::Compare(args) => compare::run(args, format).await,
        Verb::Calibrate(args) => calibrate::run(args, format).await,
        Verb::Acceptance(args) => acceptance::run(args, format).await,
        Verb::Diff(args) => diff::run(args, format).await,
        Verb::Deploy(args) => deploy::run(args, format).await,
        Verb::Rollback(args) => rollback::run(args, format).await,
        Verb::Destroy(args) => destroy::run(args, format).await,
        Verb::Status(args) => status::run(args, format).await,
        Verb::History(args) => history::run(args, format).await,
        Verb::Invoke(args) => invoke::run(args, format).await,
        Verb::List(args) => stacks::run(args, format).await,
        Verb::Logs(args) => logs::run(args, format).await,
        Verb::Pause(args) => pause::run(args, format).await,
        Verb::Resume(args) => resume::run(args, format).await,
        Verb::Scale(args) => scale::run(args, format).await,
        Verb::Exec(args) => exec::run(args, format).await,
        Verb::DeadLetters(args) => dead_letters::run(args, format).await,
        Verb::Local(args) => local::run(args, format).await,
        Verb::Schema(args) => schema::run(&args),
        Verb::Permissions(args) => permissions::run(&args, format),
        Verb::Completions(args) => completions::run(&args),
        Verb::Version(args) => version::run(&args, format),
        Verb::Program(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    /// Lists the entries of a folder.
    fn entries(folder: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).into_iter().flatten();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    fn name(path: &Path) -> &str {
        path.file_stem().unwrap().to_str().unwrap()
    }

    #[test]
    fn no_command_imports_another_command() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cmd");
        // A command is a file, or a folder of files. `init.yaml` isn't one.
        let is_command = |path: &PathBuf| {
            path.is_dir() || path.extension().is_some_and(|extension| extension == "rs")
        };
        let commands = entries(&folder).into_iter().filter(is_command);
        let commands: Vec<_> = commands
            .filter(|path| !["mod", "snapshots"].contains(&name(path)))
            .collect();
        assert!(commands.len() > 10, "{commands:?}");
        for command in &commands {
            let others = commands.iter().filter(|other| *other != command);
            let imports = others.map(|other| format!("super::{}", name(other)));
            let imports: Vec<_> = imports.chain(["crate::cmd".to_owned()]).collect();
            let files = entries(command).into_iter().chain([command.clone()]);
            for file in files.filter(|file| file.is_file()) {
                let text = std::fs::read_to_string(&file).unwrap();
                let found = imports.iter().find(|import| text.contains(&**import));
                assert_eq!(found, None, "{}", file.display());
            }
        }
    }
}
