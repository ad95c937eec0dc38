//! Service-linked roles. AWS creates them on first use, but the first use then fails, because the role isn't
//! known everywhere yet.

use futures::future::try_join_all;
use stack::Stack;

use super::list_created;
use crate::error::{Result, aws, code, is_denied, text};
use crate::session::Session;

/// Creates the missing service-linked roles of the services that the stack uses.
pub(super) async fn ensure(session: &Session<'_>, stack: &Stack) -> Result<()> {
    let wanted = services(stack);
    try_join_all(
        wanted
            .into_iter()
            .map(|service| ensure_one(session, service)),
    )
    .await
    .map(drop)
}

fn services(stack: &Stack) -> Vec<&'static str> {
    // The scaling function calls only ECS. All other types have a scalable target.
    let registers = stack
        .services
        .values()
        .any(|service| service.has_scalable_target());
    let wanted = [
        ("ecs.amazonaws.com", true),
        ("ecs.application-autoscaling.amazonaws.com", registers),
        (
            "elasticloadbalancing.amazonaws.com",
            list_created(stack).any(|(_, spec)| spec.load_balancer.is_some()),
        ),
        (
            "autoscaling.amazonaws.com",
            stack.cluster.is_on_instances() && list_created(stack).next().is_some(),
        ),
    ];
    let wanted = wanted.into_iter().filter(|(_, needed)| *needed);
    wanted.map(|(service, _)| service).collect()
}

async fn ensure_one(session: &Session<'_>, service: &str) -> Result<()> {
    let request = session.clients.iam.list_roles();
    let found = request
        .path_prefix(format!("/aws-service-role/{service}/"))
        .send()
        .await;
    let doing = format!("look for the service-linked role of {service}");
    match found {
        Ok(found) if !found.roles().is_empty() => return Ok(()),
        Ok(_) => {}
        // Without the permission to check, a deploy is still possible, because the role might already exist.
        Err(error) if is_denied(&error) => {
            session.note(format!("skipped: {}", aws(doing)(error)));
            return Ok(());
        }
        Err(error) => return Err(aws(doing)(error)),
    }
    session.note(format!(
        "creating the service-linked role of {service} (first use in this account)"
    ));
    let request = session.clients.iam.create_service_linked_role();
    let Err(error) = request.aws_service_name(service).send().await else {
        return Ok(());
    };
    // Another run was faster. Other errors have the same code.
    let exists =
        code(&error).starts_with("InvalidInput") && text(&error).contains("has been taken");
    if exists {
        return Ok(());
    }
    Err(
        aws(format!("create the service-linked role of {service}"))(error).hint(format!(
            "a user with that permission can create it once for the account: `aws iam create-service-linked-role --aws-service-name {service}`"
        )),
    )
}
