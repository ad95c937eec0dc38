//! `diff`: shows what a deploy would change, without changing it.

use std::path::PathBuf;

use deployer::{Drift, Plan, Reviewed, Session};
use serde::Serialize;
use serde_json::Value;
use similar::TextDiff;
use stack::{Stack, ValueChange};

use crate::connect::Cloud;
use crate::definition::Known;
use crate::deployable::DeployableArgs;
use crate::drift::{count_findings, format_findings};
use crate::failure::{Failure, Result};
use crate::output::{self, Format};
use crate::plan::{format_plan, format_words};
use crate::plan_file;
use crate::signals::run_until_interrupted;
use crate::ui::{Ui, note};
use crate::workshop::program;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    deployable: DeployableArgs,
    /// Also show manual changes since the last deploy
    #[arg(long)]
    drift: bool,
    /// Also show the whole difference of the templates
    #[arg(long)]
    full: bool,
    /// Write the plan to a file, which `deploy --plan` executes after a review
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Let the plan in the file remove or replace a queue or a service
    #[arg(long, requires = "out")]
    allow_loss: bool,
}

#[derive(Debug, Serialize)]
struct Difference {
    stack: String,
    changed: bool,
    /// The changes in the definition, even if they change no resource.
    words: Vec<ValueChange>,
    plan: Option<Plan>,
    /// Manual changes. `None` without `--drift`.
    drift: Option<Drift>,
    /// Unified diff of the templates, as YAML. `None` without `--full`.
    template: Option<String>,
    /// The plan file that was written.
    out: Option<PathBuf>,
}

pub(crate) async fn run(args: Args, format: Format) -> Result<()> {
    let given = &args.deployable;
    let stack = given.file.load()?;
    let ui = Ui::new();
    let known = Known::of(&stack);
    let cloud = given.connect.connect(&known, &ui).await?;
    let progress = |progress| ui.progress(progress);
    let session = cloud
        .session(&progress)
        .as_role(given.role.role_arn.clone());
    let work = compute_difference(&cloud, &session, &known, &stack, &args, &ui);
    let Some(difference) = run_until_interrupted(&session, &ui, work).await else {
        return Err(Failure::failed("interrupted: nothing was changed"));
    };
    let difference = difference.map_err(|failure| cloud.explain(failure))?;
    ui.finish();
    format.print(&difference, format_difference);
    if let (Format::Text, Some(template)) = (format, &difference.template) {
        output::unfolded(template);
    }
    if let Some(path) = &args.out {
        let (path, file) = (path.display(), given.file.path()?);
        note(&format!(
            "the plan is in {path}; to execute it: {} deploy {} --plan {path}",
            program(),
            given.as_written(&file),
        ));
    }
    Ok(())
}

async fn compute_difference(
    cloud: &Cloud,
    session: &Session<'_>,
    known: &Known,
    stack: &Stack,
    args: &Args,
    ui: &Ui,
) -> Result<Difference> {
    let identity = cloud.identify(session, known).await?;
    // Read before everything else, so that a later change makes the plan in the file outdated.
    let state = match &args.out {
        Some(_) => deployer::read_state(session, &stack.name).await?,
        None => None,
    };
    let before = deployer::deployed_template(session, &stack.name).await?;
    let deployed = before.as_ref().and_then(|(_, body)| body.as_deref());
    let build = |functions: &[_], wanted| cloud.build_functions(functions, wanted, ui);
    let found =
        deployer::diff_stack::<Failure>(session, stack, deployed, &identity, &build).await?;
    if let Some(path) = &args.out {
        let plan = (&found.inputs, found.plan.as_ref());
        let of = (stack, &identity);
        plan_file::write(
            path,
            &Reviewed::new(session, of, state, plan, args.allow_loss),
        )?;
    }
    let template = match args.full {
        true => Some(compare_templates(deployed, found.template.to_json())?),
        false => None,
    };
    let drift = match &before {
        Some((observed, _)) if args.drift => Some(deployer::find_drift(session, observed).await?),
        _ => None,
    };
    Ok(Difference {
        changed: found.plan.is_some() || drift.as_ref().is_some_and(|drift| !drift.is_empty()),
        words: found.words,
        plan: found.plan,
        drift,
        template,
        out: args.out.clone(),
        stack: stack.name.clone(),
    })
}

fn compare_templates(deployed: Option<&str>, template: &Value) -> Result<String> {
    let new = as_yaml(template)?;
    let old = match deployed {
        Some(text) => as_yaml(&parse(text)?)?,
        None => String::new(),
    };
    Ok(unified_diff(&old, &new, deployed.is_none()))
}

/// The last deploy might have used YAML.
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

/// A template that is completely new isn't listed a second time, because the plan lists its resources.
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
        None => format_unchanged(difference),
        Some(plan) => format_plan(plan).trim_start().to_owned(),
    };
    if let Some(drift) = &difference.drift {
        text.push_str(&format_drift(drift));
    }
    text
}

/// A definition can change in ways that affect no deployed resource, such as an objective that is only
/// reported.
fn format_unchanged(difference: &Difference) -> String {
    let unchanged = format!("{}: no change\n", difference.stack);
    match difference.words.is_empty() {
        true => unchanged,
        false => format!(
            "{}\n{}: no change to deployed resources\n",
            format_words(&difference.words),
            difference.stack
        ),
    }
}

fn format_drift(drift: &Drift) -> String {
    let mut text = if drift.is_empty() {
        "\nNo manual changes\n".to_owned()
    } else {
        let count = count_findings(&drift.findings);
        let findings = format_findings(&drift.findings);
        format!("\n{count}, to be reverted by `deploy`:\n{findings}")
    };
    for part in &drift.unchecked {
        text.push_str(&format!("not compared: {}: {}\n", part.name, part.reason));
    }
    text
}
