//! Images of tasks: whether they exist, and their digests.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ecr::config::Region;
use aws_sdk_ecr::error::SdkError;
use aws_sdk_ecr::operation::describe_images::{DescribeImagesError, DescribeImagesOutput};
use aws_sdk_ecr::types::ImageIdentifier;
use futures::stream::{self, TryStreamExt};
use stack::{EcrImage, ServiceSource, ServiceSpec, Stack};

use super::list_created;
use crate::error::{Error, Result, aws, is_denied};
use crate::session::Session;

/// Concurrent requests.
const AT_ONCE: usize = 8;

/// Checks that images in ECR exist, in the region of the deploy. Another region's registry would require
/// another client, and CloudFormation soon reports a missing image.
pub(super) async fn check(session: &Session<'_>, stack: &Stack) -> Result<()> {
    let written = list_created(stack)
        .flat_map(|(_, spec)| spec.containers().map(|container| container.image));
    // Each image once, even if several services run it.
    let images: BTreeMap<&str, EcrImage<'_>> = written
        .filter_map(|written| Some((written, EcrImage::parse(written)?)))
        .filter(|(_, image)| image.region == session.clients.region())
        .collect();
    stream::iter(images.values().map(Ok))
        .try_for_each_concurrent(AT_ONCE, |image| check_image(session, image))
        .await
}

async fn check_image(session: &Session<'_>, image: &EcrImage<'_>) -> Result<()> {
    let doing = format!("look for the image {image}");
    let Err(error) = describe(&session.clients.ecr, image).await else {
        return Ok(());
    };
    if is_missing(&error) {
        return Err(missing(image));
    }
    // Tasks pull with their own role, so a deploy works without the permission to check.
    if is_denied(&error) {
        session.note(format!("skipped: {}", aws(doing)(error)));
        return Ok(());
    }
    // An emulator without ECR doesn't pull images either.
    if error.as_service_error().is_some() {
        session.note(format!(
            "the image {image} isn't checked, because ECR doesn't respond here"
        ));
        return Ok(());
    }
    Err(aws(doing)(error))
}

/// Replaces tags with their current digests in ECR, in services and sidecars with `image_digest: resolve`.
///
/// # Errors
/// If an image doesn't exist, or AWS doesn't return its digest.
pub(crate) async fn resolve_digests(session: &Session<'_>, stack: &mut Stack) -> Result<()> {
    let specs = stack.services.values_mut().filter_map(|service| {
        let ServiceSource::Create(spec) = &mut service.source else {
            return None;
        };
        Some(spec)
    });
    let mut images: Vec<&mut String> = specs.flat_map(|spec| list_unresolved(spec)).collect();
    let written: BTreeSet<String> = images.iter().map(|image| (*image).clone()).collect();
    let written = stream::iter(written.into_iter().map(Ok));
    let resolve = |written: String| async move {
        let resolved = resolve_digest(session, &written).await?;
        Ok::<_, Error>((written, resolved))
    };
    let resolved = written.map_ok(resolve).try_buffer_unordered(AT_ONCE);
    let resolved: BTreeMap<String, Option<String>> = resolved.try_collect().await?;
    for image in &mut images {
        if let Some(Some(resolved)) = resolved.get(*image) {
            (*image).clone_from(resolved);
        }
    }
    Ok(())
}

/// Returns the images of a service whose tags must be resolved.
fn list_unresolved(spec: &mut ServiceSpec) -> impl Iterator<Item = &mut String> {
    let own = spec.container.resolve_digest.then_some(&mut spec.image);
    let sidecars = spec.sidecars.values_mut();
    let sidecars = sidecars.filter(|sidecar| sidecar.container.resolve_digest);
    own.into_iter()
        .chain(sidecars.map(|sidecar| &mut sidecar.image))
        .filter(|image| !image.contains('@'))
}

/// Returns the image with its digest instead of its tag. `None` if the emulator has no ECR.
async fn resolve_digest(session: &Session<'_>, written: &str) -> Result<Option<String>> {
    // The check of the definition has already refused other registries.
    let Some(image) = EcrImage::parse(written) else {
        return Ok(None);
    };
    let region = Region::new(image.region.to_owned());
    let config = session.clients.ecr.config().to_builder().region(region);
    let sent = describe(&aws_sdk_ecr::Client::from_conf(config.build()), &image).await;
    let doing = format!("resolve the digest of the image {image}");
    let reply = match sent {
        Ok(reply) => reply,
        Err(error) if is_missing(&error) => return Err(missing(&image)),
        Err(error) => {
            let here = session.clients.is_aws() || is_denied(&error);
            if here || error.as_service_error().is_none() {
                return Err(aws(doing)(error).hint(
                    "without `image_digest`, the service runs the image that the tag refers to when ECS deploys it",
                ));
            }
            session.note(format!(
                "the digest of the image {image} isn't resolved, because ECR doesn't respond here"
            ));
            return Ok(None);
        }
    };
    let details = reply.image_details().first();
    let digest = details.and_then(|details| details.image_digest());
    let digest =
        digest.ok_or_else(|| Error::failed(format!("failed to {doing}: ECR returned none")))?;
    session.note(format!("the image {image} is {digest}"));
    Ok(Some(format!(
        "{}/{}@{digest}",
        image.registry, image.repository
    )))
}

type Described = std::result::Result<DescribeImagesOutput, SdkError<DescribeImagesError>>;

async fn describe(ecr: &aws_sdk_ecr::Client, image: &EcrImage<'_>) -> Described {
    let id = match image.digest {
        Some(digest) => ImageIdentifier::builder().image_digest(digest),
        None => ImageIdentifier::builder().image_tag(image.tag_or_latest()),
    };
    let images = ecr.describe_images().registry_id(image.account);
    let images = images.repository_name(image.repository);
    images.image_ids(id.build()).send().await
}

fn is_missing(error: &SdkError<DescribeImagesError>) -> bool {
    error.as_service_error().is_some_and(|error| {
        error.is_image_not_found_exception() || error.is_repository_not_found_exception()
    })
}

fn missing(image: &EcrImage<'_>) -> Error {
    Error::failed(format!("the image {image} does not exist")).hint(
        "push it first, or correct `image:`: a service without its image never becomes stable",
    )
}
