//! Service-linked roles: AWS makes these on first use, but the first use then fails, because the role is
//! not yet known everywhere.

use crate::error::{Result, aws, code, is_denied, text};
use crate::session::Session;

const SERVICES: [&str; 2] = [
    "ecs.amazonaws.com",
    "ecs.application-autoscaling.amazonaws.com",
];

/// Makes those that the account lacks.
pub(super) async fn ensure(session: &Session<'_>) -> Result<()> {
    let [ecs, scaling] = SERVICES.map(|service| ensure_one(session, service));
    futures::future::try_join(ecs, scaling).await.map(drop)
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
        // Who may not look may still deploy: where the role exists, nothing more is needed.
        Err(error) if is_denied(&error) => {
            session.note(format!("skipped: {}", aws(doing)(error)));
            return Ok(());
        }
        Err(error) => return Err(aws(doing)(error)),
    }
    session.note(format!(
        "making the service-linked role of {service} (first use in this account)"
    ));
    let request = session.clients.iam.create_service_linked_role();
    let Err(error) = request.aws_service_name(service).send().await else {
        return Ok(());
    };
    // Another run was faster. The code stands for every other mistake, too.
    let exists =
        code(&error).starts_with("InvalidInput") && text(&error).contains("has been taken");
    if exists {
        return Ok(());
    }
    Err(
        aws(format!("make the service-linked role of {service}"))(error).hint(format!(
            "somebody who may can make it once for the account: \
             `aws iam create-service-linked-role --aws-service-name {service}`"
        )),
    )
}
