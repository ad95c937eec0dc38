//! `exec`: runs a command in a running task with AWS's session-manager-plugin.

use std::io::ErrorKind;
use std::process::{Command, Stdio};

use deployer::{ExecRequest, ExecSession, OpenedExec, open_exec, pick_container};
use simulator::quote;

use crate::connect::Cloud;
use crate::definition::Known;
use crate::deployed::{DeployedArgs, read_stack};
use crate::failure::{Code, Failure, Result};
use crate::output::Format;
use crate::ui::Ui;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    deployed: DeployedArgs,
    /// Service, by its name in the definition or in ECS
    #[arg(value_name = "SERVICE")]
    service: String,
    /// Task, by its ID or the start of its ID [default: the task that has run longest]
    #[arg(long, value_name = "ID")]
    task: Option<String>,
    /// Container [default: the service's main container]
    #[arg(long, value_name = "NAME")]
    container: Option<String>,
    /// Command with its arguments; put options of this program before it [default: /bin/sh]
    #[arg(value_name = "COMMAND", trailing_var_arg = true)]
    command: Vec<String>,
}

/// The program that carries a session.
const PLUGIN: &str = "session-manager-plugin";

const INSTALL: &str = "to install it: https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html";

pub(crate) async fn run(args: Args, format: Format) -> Result<()> {
    if args.deployed.is_local() {
        return Err(Failure::new(
            Code::Refused,
            "exec works on AWS only: the sandbox runs no containers, only processes of this machine",
        ));
    }
    if format == Format::Json {
        return Err(Failure::new(
            Code::Usage,
            "exec opens a terminal session, which can't be written as JSON",
        ));
    }
    require_plugin(PLUGIN)?;
    let known = args.deployed.resolve()?;
    let ui = Ui::new();
    let cloud = args.deployed.connect(&known, &ui).await?;
    let opened = open(&args, &cloud, &known, &ui).await;
    let (session, opened) = opened.map_err(|failure| cloud.explain(failure))?;
    ui.note(&format!(
        "container {} of task {}",
        session.container, session.task
    ));
    ui.finish();
    run_plugin(&opened.plugin_arguments(args.deployed.profile()))
}

async fn open(
    args: &Args,
    cloud: &Cloud,
    known: &Known,
    ui: &Ui,
) -> Result<(ExecSession, OpenedExec)> {
    let progress = |progress| ui.progress(progress);
    let session = cloud.session(&progress);
    let stack = read_stack(cloud, &session, known).await?;
    let request = ExecRequest {
        service: args.service.clone(),
        task: args.task.clone(),
        container: args.container.clone(),
        command: join_words(&args.command),
    };
    let picked = pick_container(&session, &stack, &request).await?;
    let opened = open_exec(&session, &picked).await?;
    Ok((picked, opened))
}

/// Joins the command for a shell in the container. A single word can be a whole command line.
fn join_words(words: &[String]) -> String {
    match words {
        [] => "/bin/sh".to_owned(),
        [line] => line.clone(),
        words => words
            .iter()
            .map(|word| quote(word))
            .collect::<Vec<_>>()
            .join(" "),
    }
}

/// Without arguments, the plugin reports that it is installed.
fn require_plugin(program: &str) -> Result<()> {
    let mut command = Command::new(program);
    let command = command.stdin(Stdio::null()).stdout(Stdio::null());
    match command.stderr(Stdio::null()).status() {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(Failure::failed(format!(
            "{program} isn't installed, but ECS Exec needs it"
        ))
        .hint(INSTALL)),
        Err(error) => Err(Failure::failed(format!(
            "failed to start {program}: {error}"
        ))),
    }
}

fn run_plugin(arguments: &[String]) -> Result<()> {
    // Ctrl-C is for the command in the container. The plugin forwards it.
    let ignored = tokio::spawn(async {
        loop {
            let _ = tokio::signal::ctrl_c().await;
        }
    });
    let mut command = Command::new(PLUGIN);
    let status = tokio::task::block_in_place(|| command.args(arguments).status());
    ignored.abort();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::failed(format!("{PLUGIN} failed: {status}"))),
        Err(error) => Err(Failure::failed(format!(
            "failed to start {PLUGIN}: {error}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_words_are_quoted_and_one_is_a_line() {
        let words = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            join_words(&words)
        };
        assert_eq!(words(&[]), "/bin/sh");
        assert_eq!(words(&["ls -la /tmp"]), "ls -la /tmp");
        assert_eq!(words(&["echo", "it's", "a b"]), r"echo 'it'\''s' 'a b'");
    }

    #[test]
    fn a_plugin_that_is_missing_is_named_with_where_to_get_it() {
        let missing = require_plugin("ecs-scaler-no-such-plugin").unwrap_err();
        assert!(missing.message().contains("isn't installed"));
        assert_eq!(missing.hints(), [INSTALL]);
    }
}
