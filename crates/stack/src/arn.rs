//! Amazon Resource Names.

/// The parts of an ARN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Arn<'a> {
    pub(crate) partition: &'a str,
    pub(crate) service: &'a str,
    /// Empty for global services.
    pub(crate) region: &'a str,
    pub(crate) account: &'a str,
    /// Everything after the account.
    pub(crate) resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Splits a text at its first five colons; `None` if it isn't an ARN.
    pub(crate) fn split(text: &'a str) -> Option<Self> {
        let mut parts = text.strip_prefix("arn:")?.splitn(5, ':');
        Some(Self {
            partition: parts.next()?,
            service: parts.next()?,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next()?,
        })
    }
}

/// The partition that a region belongs to.
///
/// Source: botocore 1.42, `data/partitions.json`.
#[must_use]
pub fn partition_of(region: &str) -> &'static str {
    const BY_PREFIX: [(&str, &str); 7] = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("eusc-", "aws-eusc"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("eu-isoe-", "aws-iso-e"),
        ("us-isof-", "aws-iso-f"),
    ];
    let found = BY_PREFIX
        .iter()
        .find(|(prefix, _)| region.starts_with(prefix));
    found.map_or("aws", |(_, partition)| partition)
}
