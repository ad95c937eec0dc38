//! `import resources`: takes services and queues that exist over into a stack.

use std::path::Path;
use std::time::SystemTime;

use deployer::{ImportRequest, Imported, Plan, import_resources};
use serde::Serialize;
use stack::{Loaded, Problem};

use crate::confirm::require_terminal;
use crate::connect::ConnectArgs;
use crate::course::Course;
use crate::definition::{self, FileArg, Known};
use crate::failure::Result;
use crate::output::Format;
use crate::role::RoleArg;
use crate::signals::run_until_interrupted;
use crate::ui::{Ui, print_warnings};
use crate::workshop::program;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    file: FileArg,
    #[command(flatten)]
    connect: ConnectArgs,
    #[command(flatten)]
    role: RoleArg,
    /// Don't ask for confirmation before executing the plan
    #[arg(long, short)]
    yes: bool,
}

/// What programs read.
#[derive(Debug, Serialize)]
struct Document<'d> {
    #[serde(flatten)]
    imported: &'d Imported,
    /// Warnings about the definition.
    warnings: &'d [Problem],
}

pub(super) async fn run(args: Args, format: Format) -> Result<()> {
    require_terminal("import resources", args.yes)?;
    let file = args.file.path()?;
    let Loaded { stack, warnings } = definition::load_with_warnings(&file, &args.file.selection)?;
    print_warnings(&warnings);
    let ui = Ui::new();
    let cloud = args.connect.connect(&Known::of(&stack), &ui).await?;
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
    let session = cloud.session(&progress).as_role(args.role.role_arn.clone());
    let mut confirm = |_: &Plan| {
        !session.is_interrupted() && (args.yes || ui.confirm("Execute this plan?") == Some(true))
    };
    let work = async { Ok(import_resources(&session, &request, &mut confirm).await?) };
    let Some(imported) = run_until_interrupted(&session, &ui, work).await else {
        let again = as_written("import resources", &args, &file);
        let follow = format!("{} --watch", as_written("status", &args, &file));
        return Err(course.explain_interruption(&again, Some(&follow)));
    };
    let imported = imported.map_err(|failure: crate::failure::Failure| cloud.explain(failure))?;
    ui.finish();
    let document = Document {
        imported: &imported,
        warnings: warnings.problems(),
    };
    let next = as_written("diff", &args, &file);
    format.print(&document, |_| format_outcome(&imported, &next));
    Ok(())
}

/// Returns a command for the same definition. `status` changes nothing, and so takes no role.
fn as_written(command: &str, args: &Args, file: &Path) -> String {
    let role = args.role.as_written();
    format!(
        "{} {command} {}{}{}{}",
        program(),
        file.display(),
        args.file.selection.as_written(),
        args.connect.as_written(),
        if command == "status" { "" } else { &role }
    )
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
