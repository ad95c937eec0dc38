//! What is checked before anything is changed: who we are, whether we may be here, and what the stack
//! needs that CloudFormation would only miss half-way.

use aws_sdk_ecr::types::ImageIdentifier;
use aws_sdk_iam::error::ProvideErrorMetadata;
use serde::Serialize;
use stack::{Cluster, ServiceSource, Stack};

use crate::error::{Error, Result, aws, is_denied};
use crate::session::Session;

/// Whose account this is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// AWS account (12 digits).
    pub account: String,
    /// ARN of the caller.
    pub caller: String,
    /// Region that is worked in.
    pub region: String,
}

/// Asks who the credentials belong to.
///
/// # Errors
/// When there are no valid credentials, or AWS can't be reached.
pub async fn identify(session: &Session<'_>) -> Result<Identity> {
    let reply = session
        .clients
        .sts
        .get_caller_identity()
        .send()
        .await
        .map_err(aws("ask who the credentials belong to"))?;
    Ok(Identity {
        account: reply.account().unwrap_or_default().to_owned(),
        caller: reply.arn().unwrap_or_default().to_owned(),
        region: session.clients.region().to_owned(),
    })
}

/// Refuses to work in another account or region than the definition names.
///
/// # Errors
/// When the account or the region is another one.
pub fn guard(identity: &Identity, account: Option<&str>, region: Option<&str>) -> Result<()> {
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
        .hint("leave --region out, or change `region:` in the definition"));
    }
    Ok(())
}

/// Checks what the stack needs beside its template, and makes the service-linked roles that an account
/// lacks before its first ECS service.
///
/// # Errors
/// When something is missing that would make the deployment fail.
pub async fn check(session: &Session<'_>, stack: &Stack) -> Result<()> {
    futures::future::try_join3(
        check_images(session, stack),
        check_cluster(session, stack),
        service_linked_roles(session),
    )
    .await
    .map(drop)
}

const LINKED_SERVICES: [&str; 2] = [
    "ecs.amazonaws.com",
    "ecs.application-autoscaling.amazonaws.com",
];

/// AWS makes these on first use, but the first use then fails: the role is not yet known everywhere.
async fn service_linked_roles(session: &Session<'_>) -> Result<()> {
    for service in LINKED_SERVICES {
        let path = format!("/aws-service-role/{service}/");
        let found = session
            .clients
            .iam
            .list_roles()
            .path_prefix(&path)
            .send()
            .await;
        match found {
            Ok(found) if !found.roles().is_empty() => continue,
            Ok(_) => {}
            Err(error) => {
                // Who may not look may still deploy: where the role exists, nothing more is needed.
                let doing = format!("look for the service-linked role of {service}");
                session.note(format!("skipped: {}", aws(doing)(error)));
                continue;
            }
        }
        session.note(format!(
            "making the service-linked role of {service} (first use in this account)"
        ));
        let request = session
            .clients
            .iam
            .create_service_linked_role()
            .aws_service_name(service);
        if let Err(error) = request.send().await {
            let code = error
                .as_service_error()
                .and_then(ProvideErrorMetadata::code);
            // Another run was faster.
            if code != Some("InvalidInput") && code != Some("InvalidInputException") {
                return Err(aws(format!("make the service-linked role of {service}"))(
                    error,
                ));
            }
        }
    }
    Ok(())
}

async fn check_cluster(session: &Session<'_>, stack: &Stack) -> Result<()> {
    let mut names: Vec<&str> = stack
        .services
        .values()
        .filter_map(|service| match &service.source {
            ServiceSource::Existing { cluster, .. } => Some(cluster.as_str()),
            ServiceSource::Create(_) => None,
        })
        .collect();
    if let Cluster::Existing { name } = &stack.cluster {
        names.push(name);
    }
    names.sort_unstable();
    names.dedup();
    // DescribeClusters takes up to 100 clusters.
    for names in names.chunks(100) {
        let request = session.clients.ecs.describe_clusters();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let reply = request.set_clusters(Some(names.clone())).send().await;
        let reply = reply.map_err(aws("look for the existing clusters"))?;
        let active = |name: &String| {
            reply.clusters().iter().any(|cluster| {
                cluster.cluster_name() == Some(name) && cluster.status() == Some("ACTIVE")
            })
        };
        if let Some(missing) = names.iter().find(|name| !active(name)) {
            return Err(Error::failed(format!(
                "the cluster {missing} does not exist in {}",
                session.clients.region()
            ))
            .hint("check its name, --profile and --region"));
        }
    }
    Ok(())
}

async fn check_images(session: &Session<'_>, stack: &Stack) -> Result<()> {
    let images = stack
        .services
        .values()
        .filter_map(|service| match &service.source {
            ServiceSource::Create(spec) => EcrImage::parse(&spec.image),
            ServiceSource::Existing { .. } => None,
        });
    for image in images {
        // Another region's registry would need another client; CloudFormation reports it soon enough.
        if image.region == session.clients.region() {
            check_image(session, &image).await?;
        }
    }
    Ok(())
}

async fn check_image(session: &Session<'_>, image: &EcrImage) -> Result<()> {
    let doing = format!("look for the image {image}");
    let sent = session
        .clients
        .ecr
        .describe_images()
        .registry_id(&image.account)
        .repository_name(&image.repository)
        .image_ids(image.id())
        .send()
        .await;
    let Err(error) = sent else { return Ok(()) };
    let missing = error.as_service_error().is_some_and(|error| {
        error.is_image_not_found_exception() || error.is_repository_not_found_exception()
    });
    if missing {
        return Err(Error::failed(format!("the image {image} does not exist"))
            .hint("push it first, or correct `image:`: a service without its image never becomes stable"));
    }
    let code = error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code)
        .unwrap_or_default();
    // Tasks pull with their own role: a deployer who may not look can still deploy.
    if is_denied(code) || error.as_service_error().is_some() {
        session.note(format!("skipped: {}", aws(doing)(error)));
        return Ok(());
    }
    Err(aws(doing)(error))
}

/// An image in a private ECR registry: `ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY[:TAG][@DIGEST]`.
#[derive(Debug, PartialEq, Eq)]
struct EcrImage {
    account: String,
    region: String,
    repository: String,
    tag: Option<String>,
    digest: Option<String>,
}

impl EcrImage {
    fn parse(image: &str) -> Option<Self> {
        let (host, path) = image.split_once('/')?;
        let (account, rest) = host.split_once(".dkr.ecr.")?;
        let (region, suffix) = rest.split_once('.')?;
        if !suffix.starts_with("amazonaws.com") {
            return None;
        }
        let (path, digest) = match path.split_once('@') {
            Some((path, digest)) => (path, Some(digest.to_owned())),
            None => (path, None),
        };
        let (repository, tag) = match path.rsplit_once(':') {
            Some((repository, tag)) => (repository, Some(tag.to_owned())),
            None => (path, None),
        };
        Some(Self {
            account: account.to_owned(),
            region: region.to_owned(),
            repository: repository.to_owned(),
            tag,
            digest,
        })
    }

    /// The digest decides when both are given, as it does for ECS.
    fn id(&self) -> ImageIdentifier {
        match &self.digest {
            Some(digest) => ImageIdentifier::builder().image_digest(digest).build(),
            None => {
                let tag = self.tag.as_deref().unwrap_or("latest");
                ImageIdentifier::builder().image_tag(tag).build()
            }
        }
    }
}

impl std::fmt::Display for EcrImage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = self
            .digest
            .as_deref()
            .or(self.tag.as_deref())
            .unwrap_or("latest");
        write!(
            f,
            "{}:{name} (ECR, account {}, {})",
            self.repository, self.account, self.region
        )
    }
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

    #[test]
    fn only_private_ecr_images_are_looked_for() {
        let host = "111122223333.dkr.ecr.us-west-2.amazonaws.com";
        let image = EcrImage::parse(&format!("{host}/team/worker:1.2.0")).unwrap();
        assert_eq!(
            (image.repository.as_str(), image.tag.as_deref()),
            ("team/worker", Some("1.2.0"))
        );
        let image = EcrImage::parse(&format!("{host}/worker:1@sha256:abc")).unwrap();
        assert_eq!(image.digest.as_deref(), Some("sha256:abc"));
        assert_eq!(
            EcrImage::parse(&format!("{host}/worker")).unwrap().tag,
            None
        );
        for other in [
            "busybox",
            "public.ecr.aws/nginx/nginx:stable",
            "localhost:5000/worker:1",
        ] {
            assert_eq!(EcrImage::parse(other), None, "{other}");
        }
    }
}
