//! Container images in Amazon ECR.

use std::fmt;

/// An image in a private ECR repository: `ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY[:TAG][@DIGEST]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EcrImage<'a> {
    /// Host name of the registry.
    pub registry: &'a str,
    /// AWS account (12 digits).
    pub account: &'a str,
    /// AWS region.
    pub region: &'a str,
    /// Name of the repository.
    pub repository: &'a str,
    /// Tag; without a tag or digest, ECS pulls `latest`.
    pub tag: Option<&'a str>,
    /// Digest, such as `sha256:…`; with both, the digest counts.
    pub digest: Option<&'a str>,
}

impl<'a> EcrImage<'a> {
    /// Reads an image, also from the registry's FIPS endpoint; `None` if it is in another registry.
    #[must_use]
    pub fn parse(image: &'a str) -> Option<Self> {
        let (registry, path) = image.split_once('/')?;
        let mut labels = registry.split('.');
        let account = labels.next()?;
        let (dkr, ecr, region) = (labels.next()?, labels.next()?, labels.next()?);
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        if !is_account || dkr != "dkr" || !matches!(ecr, "ecr" | "ecr-fips") {
            return None;
        }
        let split = |text: &'a str, mark| match text.split_once(mark) {
            Some((start, end)) => (start, Some(end)),
            None => (text, None),
        };
        let (path, digest) = split(path, '@');
        let (repository, tag) = split(path, ':');
        Some(Self {
            registry,
            account,
            region,
            repository,
            tag,
            digest,
        })
    }

    /// Returns the tag that is pulled if there is no digest.
    #[must_use]
    pub fn tag_or_latest(&self) -> &'a str {
        self.tag.unwrap_or("latest")
    }
}

impl fmt::Display for EcrImage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{} (ECR, account {}, {})",
            self.repository,
            self.digest.unwrap_or(self.tag_or_latest()),
            self.account,
            self.region
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_images_in_private_ecr_are_read() {
        let cases = [
            ("", None, None),
            (":1.2.0", Some("1.2.0"), None),
            ("@sha256:abc", None, Some("sha256:abc")),
            (":1@sha256:abc", Some("1"), Some("sha256:abc")),
        ];
        for ecr in ["ecr", "ecr-fips"] {
            let registry = format!("111122223333.dkr.{ecr}.us-west-2.amazonaws.com");
            for (tail, tag, digest) in cases {
                let text = format!("{registry}/team/worker{tail}");
                let expected = EcrImage {
                    registry: &registry,
                    account: "111122223333",
                    region: "us-west-2",
                    repository: "team/worker",
                    tag,
                    digest,
                };
                assert_eq!(EcrImage::parse(&text), Some(expected));
            }
        }
        let elsewhere = [
            "nginx",
            "public.ecr.aws/nginx/nginx:stable",
            "1.dkr.ecr.x.amazonaws.com/a",
            "localhost:5000/a",
        ];
        for image in elsewhere {
            assert_eq!(EcrImage::parse(image), None, "{image}");
        }
    }
}
