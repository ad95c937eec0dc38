//! Checks before anything changes: the identity, whether it is the right one, and requirements of the stack
//! that would otherwise fail in the middle of CloudFormation's work.

mod existing;
mod images;
mod key_policy;
mod keys;
mod linked_roles;
mod providers;
mod registered;
mod serialize;

use serde::Serialize;
use stack::{ServiceSource, ServiceSpec, Stack};

use crate::error::{Error, Result};
use crate::observe::{ReadError, filled, garbled, read_error, reread};
use crate::session::Session;

pub(crate) use images::resolve_digests;
pub(crate) use registered::list_own;
pub(crate) use serialize::can_serialize;

/// The account, caller, and region of the credentials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// AWS account (12 digits).
    pub account: String,
    /// ARN of the caller.
    pub caller: String,
    /// Region to work in.
    pub region: String,
}

impl Identity {
    /// Returns the error for a stack that isn't deployed here.
    #[must_use]
    pub fn no_such_stack(&self, name: &str) -> Error {
        Error::failed(format!(
            "stack {name} doesn't exist in account {}, {}",
            self.account, self.region
        ))
        .hint("check the name, --profile, and --region; `deploy` creates it")
    }
}

/// Determines who the credentials belong to. Refuses to work in an account or region other than the
/// definition's.
///
/// # Errors
/// If the account or region differs, if the credentials aren't valid, or if AWS can't be reached.
pub async fn identify_for(
    session: &Session<'_>,
    account: Option<&str>,
    region: Option<&str>,
) -> Result<Identity> {
    let identity = identify(session).await?;
    guard(&identity, account, region)?;
    Ok(identity)
}

async fn identify(session: &Session<'_>) -> Result<Identity> {
    reread(session, || read_identity(session)).await
}

async fn read_identity(session: &Session<'_>) -> Result<Identity, ReadError> {
    let doing = "identify the owner of the credentials";
    let reply = session.clients.sts.get_caller_identity().send().await;
    let reply = reply.map_err(|error| read_error(doing, error))?;
    let account = filled(reply.account()).ok_or_else(|| garbled(doing, "no account"))?;
    Ok(Identity {
        account: account.to_owned(),
        caller: reply.arn().unwrap_or_default().to_owned(),
        region: session.clients.region().to_owned(),
    })
}

fn guard(identity: &Identity, account: Option<&str>, region: Option<&str>) -> Result<()> {
    if let Some(account) = account.filter(|account| *account != identity.account) {
        return Err(Error::refused(format!(
            "the stack belongs to account {account}, but the credentials are for {}",
            identity.account
        ))
        .hint(format!(
            "use the profile of {account}, or change `account:` in the definition"
        ))
        .hint(format!("the caller is {}", identity.caller)));
    }
    if let Some(region) = region.filter(|region| *region != identity.region) {
        return Err(Error::refused(format!(
            "the stack belongs to region {region}, but the command is for {}",
            identity.region
        ))
        .hint("remove --region, or change `region:` in the definition"));
    }
    Ok(())
}

/// Returns each service that the stack creates, with its name in the definition.
fn list_created(stack: &Stack) -> impl Iterator<Item = (&str, &ServiceSpec)> {
    let services = stack.services.iter();
    services.filter_map(|(name, service)| match &service.source {
        ServiceSource::Create(spec) => Some((name.as_str(), &**spec)),
        ServiceSource::Existing { .. } => None,
    })
}

/// Checks the stack's requirements outside its template, and creates the service-linked roles that are missing
/// before an account's first ECS service.
///
/// # Errors
/// If a missing requirement would make the deployment fail.
pub(crate) async fn check(session: &Session<'_>, stack: &Stack) -> Result<()> {
    let checks = futures::future::try_join5(
        images::check(session, stack),
        existing::check_clusters(session, stack),
        existing::check_services(session, stack),
        registered::check(session, stack),
        keys::check(session, stack),
    );
    futures::future::try_join(checks, linked_roles::ensure(session, stack))
        .await
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        Identity {
            account: "111122223333".into(),
            caller: "arn:aws:iam::111122223333:user/ana".into(),
            region: "us-west-2".into(),
        }
    }

    #[test]
    fn the_guard_refuses_another_account_or_region() {
        assert!(guard(&identity(), None, None).is_ok());
        assert!(guard(&identity(), Some("111122223333"), Some("us-west-2")).is_ok());
        let error = guard(&identity(), Some("444455556666"), None).unwrap_err();
        assert_eq!(error.kind(), crate::Kind::Refused);
        assert!(error.to_string().contains("444455556666"), "{error}");
        assert!(guard(&identity(), None, Some("eu-west-1")).is_err());
    }
}
