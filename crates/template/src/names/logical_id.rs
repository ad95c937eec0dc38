//! From a short name to a logical id.

/// A short name as it stands in outputs and logical ids: `voucher-worker` is `VoucherWorker`.
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

/// The logical id of the resource of a kind that belongs to a short name.
pub(super) fn join_kind(short: &str, kind: &str) -> String {
    format!("{}{kind}", to_camel_case(short))
}
