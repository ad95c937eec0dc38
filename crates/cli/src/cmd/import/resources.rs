//! `import resources`: takes services and queues that exist over into a stack.

use std::time::SystemTime;

use deployer::{ImportRequest, Imported, Plan, import_resources};
use stack::Loaded;

use crate::confirm::require_terminal;
use crate::course::Course;
use crate::definition::Known;
use crate::deployable::{DeployableArgs, Document};
use crate::failure::Result;
use crate::output::Format;
use crate::signals::run_until_interrupted;
use crate::ui::Ui;
use crate::workshop::program;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    deployable: DeployableArgs,
    /// Don't ask for confirmation before executing the plan
    #[arg(long, short)]
    yes: bool,
}

pub(super) async fn run(args: Args, format: Format) -> Result<()> {
    require_terminal("import resources", args.yes)?;
    let given = &args.deployable;
    let (file, Loaded { stack, warnings }) = given.load()?;
    let ui = Ui::new();
    let cloud = given.connect.connect(&Known::of(&stack), &ui).await?;
    let request = ImportRequest {
        stack,
        in_sandbox: cloud.local,
        now: SystemTime::now(),
    };
    let course = Course::default();
    let progress = |progress| {
        course.follow(&progress);
        ui.progress(progress);
    };
    let session = cloud
        .session(&progress)
        .as_role(given.role.role_arn.clone());
    let mut confirm = |_: &Plan| {
        !session.is_interrupted() && (args.yes || ui.confirm("Execute this plan?") == Some(true))
    };
    let work = async { Ok(import_resources(&session, &request, &mut confirm).await?) };
    let written = given.as_written(&file);
    let Some(imported) = run_until_interrupted(&session, &ui, work).await else {
        let again = format!("{} import resources {written}", program());
        let follow = format!("{} status {} --watch", program(), given.without_role(&file));
        return Err(course.explain_interruption(&again, Some(&follow)));
    };
    let imported = imported.map_err(|failure: crate::failure::Failure| cloud.explain(failure))?;
    ui.finish();
    let document = Document {
        result: &imported,
        warnings: warnings.problems(),
    };
    let next = format!("{} diff {written}", program());
    format.print(&document, |_| format_outcome(&imported, &next));
    Ok(())
}

fn format_outcome(imported: &Imported, next: &str) -> String {
    let Imported {
        stack, identity, ..
    } = imported;
    let mut text = match imported.imports.len() {
        0 => format!("{stack}: nothing to import"),
        1 => format!("{stack}: imported 1 resource; CloudFormation added the stack's tags to it"),
        count => format!(
            "{stack}: imported {count} resources; CloudFormation added the stack's tags to them"
        ),
    };
    text.push_str(&format!(
        " (account {}, {})\n",
        identity.account, identity.region
    ));
    for one in &imported.imports {
        text.push_str(&format!("  {}  {}\n", one.logical_id, one.resource_type));
    }
    if !imported.not_imported.is_empty() {
        text.push_str("not imported:\n");
    }
    for one in &imported.not_imported {
        text.push_str(&format!(
            "  {}  {}: {}\n",
            one.logical_id, one.resource_type, one.reason
        ));
    }
    if !imported.imports.is_empty() {
        text.push_str(&format!(
            "to see what the definition changes in them: {next}\n"
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use deployer::{Identity, Import, NotImported};

    use super::*;

    #[test]
    fn an_outcome_lists_what_was_imported_and_what_was_not() {
        let imported = Imported {
            stack: "orders".to_owned(),
            identity: Identity {
                account: "111122223333".to_owned(),
                caller: "arn:aws:iam::111122223333:user/ana".to_owned(),
                region: "us-west-2".to_owned(),
            },
            imports: vec![Import {
                logical_id: "OrderWorkerService".to_owned(),
                resource_type: "AWS::ECS::Service".to_owned(),
                identifier: [("Cluster".to_owned(), "shop".to_owned())].into(),
            }],
            not_imported: vec![NotImported {
                logical_id: "OrdersQueue".to_owned(),
                resource_type: "AWS::SQS::Queue".to_owned(),
                reason: "it has no fixed name, so it can't be found".to_owned(),
            }],
            deployed: None,
        };
        let nothing = Imported {
            imports: Vec::new(),
            not_imported: Vec::new(),
            ..imported.clone()
        };
        let next = "ecs-scaler diff stack.yaml";
        let text = format_outcome(&imported, next) + &format_outcome(&nothing, next);
        insta::assert_snapshot!(text, @r"
        orders: imported 1 resource; CloudFormation added the stack's tags to it (account 111122223333, us-west-2)
          OrderWorkerService  AWS::ECS::Service
        not imported:
          OrdersQueue  AWS::SQS::Queue: it has no fixed name, so it can't be found
        to see what the definition changes in them: ecs-scaler diff stack.yaml
        orders: nothing to import (account 111122223333, us-west-2)
        ");
    }
}
