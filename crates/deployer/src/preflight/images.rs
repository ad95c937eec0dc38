//! Images that tasks will pull.

use std::collections::BTreeMap;

use aws_sdk_ecr::types::ImageIdentifier;
use futures::stream::{self, TryStreamExt};
use stack::{ServiceSource, Stack};

use crate::error::{Error, Result, aws, is_denied};
use crate::session::Session;

/// Requests at once.
const AT_ONCE: usize = 8;

/// Checks that images in ECR exist, in the region of the deploy. Another region's registry would
/// need another client; CloudFormation reports it soon enough.
pub(super) async fn check(session: &Session<'_>, stack: &Stack) -> Result<()> {
    let written = stack
        .services
        .values()
        .filter_map(|service| match &service.source {
            ServiceSource::Create(spec) => Some(spec),
            ServiceSource::Existing { .. } => None,
        })
        .flat_map(|spec| spec.containers().map(|container| container.image));
    // Each once, however many services run it.
    let images: BTreeMap<&str, EcrImage> = written
        .filter_map(|written| Some((written, EcrImage::parse(written)?)))
        .filter(|(_, image)| image.region == session.clients.region())
        .collect();
    stream::iter(images.values().map(Ok))
        .try_for_each_concurrent(AT_ONCE, |image| check_image(session, image))
        .await
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
    // Tasks pull with their own role, so a deploy works without the permission to check.
    if is_denied(&error) {
        session.note(format!("skipped: {}", aws(doing)(error)));
        return Ok(());
    }
    // An emulator without ECR pulls no images either.
    if error.as_service_error().is_some() {
        session.note(format!(
            "the image {image} isn't looked for, because ECR doesn't answer here"
        ));
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
