//! From a short name to a logical ID.

/// A short name as part of outputs and logical IDs: `voucher-worker` becomes `VoucherWorker`.
#[must_use]
pub fn to_camel_case(short: &str) -> String {
    short
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .flat_map(|word| {
            let mut letters = word.chars();
            letters
                .next()
                .map(|first| first.to_ascii_uppercase())
                .into_iter()
                .chain(letters)
        })
        .collect()
}

/// The logical ID of the resource of a kind that belongs to a short name.
pub(super) fn join_kind(short: &str, kind: &str) -> String {
    format!("{}{kind}", to_camel_case(short))
}
