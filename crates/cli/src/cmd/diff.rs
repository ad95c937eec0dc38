//! `diff`: what a deploy would change, without changing it.

use deployer::{Drift, Plan, Session};
use serde::Serialize;
use serde_json::Value;
use similar::TextDiff;
use stack::Stack;

use crate::connect::{Cloud, ConnectArgs};
use crate::definition::{FileArg, Known};
use crate::drift::{count_findings, format_findings};
use crate::failure::{Failure, Result};
use crate::output::Format;
use crate::plan::format_plan;
use crate::role::RoleArg;
use crate::signals::run_until_interrupted;
use crate::ui::Ui;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    file: FileArg,
    #[command(flatten)]
    connect: ConnectArgs,
    #[command(flatten)]
    role: RoleArg,
    /// Also show what was changed by hand since the last deploy
    #[arg(long)]
    drift: bool,
}

#[derive(Debug, Serialize)]
struct Difference {
    stack: String,
    changed: bool,
    plan: Option<Plan>,
    /// What was changed by hand. `None` without `--drift`.
    drift: Option<Drift>,
    /// Unified difference of the templates, as YAML.
    template: String,
}

pub(crate) async fn run(args: Args, format: Format) -> Result<()> {
    let stack = args.file.load()?;
    let ui = Ui::new();
    let known = Known::of(&stack);
    let cloud = args.connect.connect(&known, &ui).await?;
    let progress = |progress| ui.progress(progress);
    let session = cloud.session(&progress).as_role(args.role.role_arn.clone());
    let work = compute_difference(&cloud, &session, &known, &stack, args.drift, &ui);
    let Some(difference) = run_until_interrupted(&session, &ui, work).await else {
        return Err(Failure::failed("interrupted: nothing was changed"));
    };
    let difference = difference.map_err(|failure| cloud.explain(failure))?;
    ui.finish();
    format.print(&difference, format_difference);
    Ok(())
}

async fn compute_difference(
    cloud: &Cloud,
    session: &Session<'_>,
    known: &Known,
    stack: &Stack,
    with_drift: bool,
    ui: &Ui,
) -> Result<Difference> {
    let identity = cloud.identify(session, known).await?;
    let deployed = deployer::deployed_template(session, &stack.name).await?;
    let deployed = deployed.as_deref();
    let build = |functions: &[_], wanted| cloud.build_functions(functions, wanted, ui);
    let (template, plan) =
        deployer::diff_stack::<Failure>(session, stack, deployed, &identity, &build).await?;
    let new = as_yaml(template.to_json())?;
    let old = match deployed {
        Some(text) => as_yaml(&parse(text)?)?,
        None => String::new(),
    };
    let observed = match with_drift {
        true => deployer::observe_ours(session, &stack.name).await?,
        false => None,
    };
    let drift = match &observed {
        Some(observed) => Some(deployer::find_drift(session, observed).await?),
        None => None,
    };
    Ok(Difference {
        changed: plan.is_some() || drift.as_ref().is_some_and(|drift| !drift.is_empty()),
        plan,
        drift,
        template: unified_diff(&old, &new, deployed.is_none()),
        stack: stack.name.clone(),
    })
}

/// Whoever deployed last may have done it with YAML.
fn parse(template: &str) -> Result<Value> {
    serde_json::from_str(template).or_else(|_| {
        serde_yaml::from_str(template).map_err(|error| {
            Failure::failed(format!("failed to read the deployed template: {error}"))
        })
    })
}

fn as_yaml(template: &Value) -> Result<String> {
    serde_yaml::to_string(template)
        .map_err(|error| Failure::failed(format!("failed to write YAML: {error}")))
}

/// A template that is all new needs no second listing: the plan has its resources.
fn unified_diff(old: &str, new: &str, all_new: bool) -> String {
    if all_new {
        return String::new();
    }
    TextDiff::from_lines(old, new)
        .unified_diff()
        .header("deployed", "definition")
        .to_string()
}

fn format_difference(difference: &Difference) -> String {
    let mut text = match &difference.plan {
        None => format!("{}: no change\n", difference.stack),
        Some(plan) => format!(
            "{}\n{}",
            difference.template,
            format_plan(plan).trim_start()
        ),
    };
    if let Some(drift) = &difference.drift {
        text.push_str(&format_drift(drift));
    }
    text
}

fn format_drift(drift: &Drift) -> String {
    let mut text = if drift.is_empty() {
        "\nNothing was changed by hand\n".to_owned()
    } else {
        let count = count_findings(&drift.findings);
        let findings = format_findings(&drift.findings);
        format!("\n{count}, to be put back by `deploy`:\n{findings}")
    };
    for part in &drift.unchecked {
        text.push_str(&format!("not compared: {}: {}\n", part.name, part.reason));
    }
    text
}
