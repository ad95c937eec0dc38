//! `rollback`: goes back to an earlier deploy.

use std::sync::OnceLock;
use std::time::SystemTime;

use deployer::{
    PastDeploy, Plan, Progress, RollbackRequest, RollbackTo, RolledBack, list_deploys, roll_back,
};
use serde::Serialize;

use crate::confirm::require_terminal;
use crate::connect::Cloud;
use crate::course::Course;
use crate::definition::Known;
use crate::deployed::DeployedArgs;
use crate::failure::Result;
use crate::output::Format;
use crate::role::RoleArg;
use crate::signals::run_until_interrupted;
use crate::ui::Ui;
use crate::values::format_values;
use crate::workshop::program;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    deployed: DeployedArgs,
    #[command(flatten)]
    role: RoleArg,
    /// Deploy to go back to: its number in the list, or a time such as 2026-11-30T14:40:09Z [default: the last good deploy]
    #[arg(long, value_name = "N|TIME", value_parser = parse_target)]
    to: Option<RollbackTo>,
    /// Show the recorded deploys, and change nothing
    #[arg(long, conflicts_with_all = ["to", "yes", "allow_loss", "allow_downgrade", "role_arn"])]
    list: bool,
    /// Don't ask for confirmation before executing the plan
    #[arg(long, short)]
    yes: bool,
    /// Execute a plan that removes or replaces a queue or a service
    #[arg(long)]
    allow_loss: bool,
    /// Go back although a newer version of ecs-scaler deployed the stack
    #[arg(long)]
    allow_downgrade: bool,
}

/// The recorded deploys of a stack.
#[derive(Debug, Serialize)]
struct Listing {
    stack: String,
    /// Newest first.
    deploys: Vec<PastDeploy>,
}

fn parse_target(text: &str) -> Result<RollbackTo, String> {
    if let Ok(number) = text.parse() {
        return Ok(RollbackTo::Number(number));
    }
    let time = humantime::parse_rfc3339_weak(text);
    time.map(RollbackTo::Time).map_err(|_| {
        "expected a number of the list, or a time such as 2026-11-30T14:40:09Z".to_owned()
    })
}

pub(crate) async fn run(args: Args, format: Format) -> Result<()> {
    require_terminal("rollback", args.yes || args.list)?;
    let known = args.deployed.resolve()?;
    let ui = Ui::new();
    let cloud = args.deployed.connect(&known, &ui).await?;
    if args.list {
        let listing = list(&cloud, &known, &ui).await;
        let listing = listing.map_err(|failure| cloud.explain(failure))?;
        ui.finish();
        format.print(&listing, format_listing);
        return Ok(());
    }
    let course = Course::default();
    let chosen = OnceLock::new();
    let progress = |progress| {
        course.follow(&progress);
        if let Progress::GoingBack { to } = &progress {
            let _ = chosen.set(to.clone());
        }
        ui.progress(progress);
    };
    let session = cloud.session(&progress).as_role(args.role.role_arn.clone());
    let mut confirm = |_: &Plan| {
        !session.is_interrupted() && (args.yes || ui.confirm("Execute this plan?") == Some(true))
    };
    let work = async {
        let identity = cloud.identify(&session, &known).await?;
        let request = RollbackRequest {
            stack: known.name.clone(),
            to: args.to,
            in_sandbox: cloud.local,
            allow_loss: args.allow_loss,
            allow_downgrade: args.allow_downgrade,
            now: SystemTime::now(),
        };
        Ok(roll_back(&session, &request, &identity, &mut confirm).await?)
    };
    let Some(done) = run_until_interrupted(&session, &ui, work).await else {
        let stack = args.deployed.as_written(&known);
        let again = as_written(&args, &stack, chosen.get().map(String::as_str));
        let follow = format!("{} status {stack} --watch", program());
        return Err(course.explain_interruption(&again, Some(&follow)));
    };
    let done: RolledBack = done.map_err(|failure| cloud.explain(failure))?;
    ui.finish();
    format.print(&done, format_outcome);
    Ok(())
}

async fn list(cloud: &Cloud, known: &Known, ui: &Ui) -> Result<Listing> {
    let progress = |progress| ui.progress(progress);
    let session = cloud.session(&progress);
    let identity = cloud.identify(&session, known).await?;
    let deploys = list_deploys(&session, &known.name).await?;
    let deploys = deploys.ok_or_else(|| identity.no_such_stack(&known.name))?;
    Ok(Listing {
        stack: known.name.clone(),
        deploys,
    })
}

/// The command, to be run again. It names the deploy that was chosen: without a record of the rollback, another would be.
fn as_written(args: &Args, stack: &str, chosen: Option<&str>) -> String {
    let given = args.to.map(|to| match to {
        RollbackTo::Number(number) => number.to_string(),
        RollbackTo::Time(time) => humantime::format_rfc3339_seconds(time).to_string(),
    });
    let to = chosen.map(str::to_owned).or(given);
    let to = to.map_or_else(String::new, |to| format!(" --to {to}"));
    let flags = [
        (args.yes, " --yes"),
        (args.allow_loss, " --allow-loss"),
        (args.allow_downgrade, " --allow-downgrade"),
    ];
    let flags = flags.map(|(given, flag)| if given { flag } else { "" });
    format!(
        "{} rollback {stack}{}{to}{}",
        program(),
        args.role.as_written(),
        flags.concat()
    )
}

fn format_outcome(done: &RolledBack) -> String {
    let RolledBack { stack, to, .. } = done;
    let Some(to) = to else {
        let reason = done.reason.as_deref().unwrap_or_default();
        return format!("{stack}: nothing to roll back: {reason}\n");
    };
    let changed = done
        .deployment
        .as_ref()
        .is_some_and(|one| one.deployed.changed);
    let mut text = match changed {
        true => format!("{stack}: went back to the deploy of {}\n", to.at),
        false => format!("{stack}: no change: it matches the deploy of {}\n", to.at),
    };
    for (image, pinned) in &done.pinned {
        text.push_str(&format!("  {image} is {pinned}, which ran then\n"));
    }
    for image in &to.unpinned {
        text.push_str(&format!(
            "  {image} is the tag's current image: no digest is recorded\n"
        ));
    }
    text.push_str("  your definition wasn't changed: the next `deploy` of it undoes this\n");
    text
}

fn format_listing(listing: &Listing) -> String {
    let Some(oldest) = listing.deploys.last() else {
        return format!(
            "{}: no deploy is recorded: a version of ecs-scaler that kept no records deployed it\n",
            listing.stack
        );
    };
    let mut text = String::new();
    for one in &listing.deploys {
        let PastDeploy {
            number,
            at,
            caller,
            version,
            ..
        } = one;
        let caller = deployer::name_caller(caller);
        let now = if one.deployed { ", deployed now" } else { "" };
        text.push_str(&format!(
            "{number:>2}  {at}  by {caller} with {version}{now}\n"
        ));
        if let Some(to) = &one.rolled_back_to {
            text.push_str(&format!("      went back to the deploy of {to}\n"));
        }
        text.push_str(&match one.words.is_empty() && one != oldest {
            true => "      the definition is the same as before\n".to_owned(),
            false => format_values(&one.words, "      "),
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use stack::ValueChange;

    use super::*;

    fn past(number: usize, at: &str) -> PastDeploy {
        PastDeploy {
            number,
            at: at.to_owned(),
            caller: "arn:aws:iam::111122223333:user/ana".to_owned(),
            version: "0.1.0".to_owned(),
            ..PastDeploy::default()
        }
    }

    #[test]
    fn a_target_is_a_number_or_a_time() {
        assert_eq!(parse_target("2"), Ok(RollbackTo::Number(2)));
        // 2026-11-30 is day 20,787 of the epoch.
        let noon =
            SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(20_787 * 86_400 + 43_200);
        for text in ["2026-11-30T12:00:00Z", "2026-11-30 12:00:00"] {
            assert_eq!(parse_target(text), Ok(RollbackTo::Time(noon)));
        }
        for wrong in ["-1", "yesterday", "", "2026-13-01T00:00:00Z"] {
            assert!(parse_target(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_command_again_names_the_chosen_deploy() {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            args: Args,
        }
        let again = |words: &[&str], chosen: Option<&str>| {
            let line = ["rollback", "shop"].into_iter();
            let line = line.chain(words.iter().copied());
            let args = <Line as clap::Parser>::try_parse_from(line).unwrap().args;
            let again = as_written(&args, "shop --local", chosen);
            again.split_once(" rollback ").unwrap().1.to_owned()
        };
        assert_eq!(
            again(&["--yes", "--allow-loss"], Some("2026-11-30T12:01:00Z")),
            "shop --local --to 2026-11-30T12:01:00Z --yes --allow-loss"
        );
        assert_eq!(
            again(&["--to", "2026-11-30 12:00:00", "--allow-downgrade"], None),
            "shop --local --to 2026-11-30T12:00:00Z --allow-downgrade"
        );
        assert_eq!(again(&["--to=2"], None), "shop --local --to 2");
    }

    #[test]
    fn a_list_says_what_each_deploy_changed() {
        let max = ValueChange {
            path: "services.worker.tasks.max".to_owned(),
            old: Some(json!(20)),
            new: Some(json!(40)),
            default: None,
        };
        let listing = Listing {
            stack: "shop".to_owned(),
            deploys: vec![
                PastDeploy {
                    deployed: true,
                    rolled_back_to: Some("2026-11-30T12:01:00Z".to_owned()),
                    ..past(0, "2026-11-30T12:03:00Z")
                },
                PastDeploy {
                    words: vec![max],
                    ..past(1, "2026-11-30T12:02:00Z")
                },
                past(2, "2026-11-30T12:01:00Z"),
            ],
        };
        insta::assert_snapshot!(format_listing(&listing), @r"
         0  2026-11-30T12:03:00Z  by ana with 0.1.0, deployed now
              went back to the deploy of 2026-11-30T12:01:00Z
              the definition is the same as before
         1  2026-11-30T12:02:00Z  by ana with 0.1.0
              services.worker.tasks.max  20 → 40
         2  2026-11-30T12:01:00Z  by ana with 0.1.0
        ");
    }

    #[test]
    fn an_outcome_says_what_runs_now() {
        let back = RolledBack {
            stack: "shop".to_owned(),
            to: Some(PastDeploy {
                unpinned: vec!["log:3".to_owned()],
                ..past(1, "2026-11-30T12:02:00Z")
            }),
            reason: None,
            pinned: [("app:latest".to_owned(), "app@sha256:1".to_owned())].into(),
            deployment: None,
        };
        let nothing = RolledBack {
            to: None,
            reason: Some("the deploy of 2026-11-30T12:02:00Z is already running".to_owned()),
            ..back.clone()
        };
        let text = format_outcome(&back) + &format_outcome(&nothing);
        insta::assert_snapshot!(text, @r"
        shop: no change: it matches the deploy of 2026-11-30T12:02:00Z
          app:latest is app@sha256:1, which ran then
          log:3 is the tag's current image: no digest is recorded
          your definition wasn't changed: the next `deploy` of it undoes this
        shop: nothing to roll back: the deploy of 2026-11-30T12:02:00Z is already running
        ");
    }
}
