//! Valid names in the format.

/// A short name of a definition: letters, digits, and hyphens, at most 64, the first not a hyphen.
pub(super) fn short_name(text: &str) -> String {
    let plain = text.chars().map(|letter| {
        if letter.is_ascii_alphanumeric() {
            letter
        } else {
            '-'
        }
    });
    let plain: String = plain.collect();
    let plain: String = plain.trim_matches('-').chars().take(60).collect();
    match plain.is_empty() {
        true => "worker".to_owned(),
        false => plain,
    }
}

/// A stack's name starts with a letter.
pub(super) fn stack_name(service: &str) -> String {
    let first = service.chars().next();
    match first.is_some_and(|letter| letter.is_ascii_alphabetic()) {
        true => format!("{service}-scaling"),
        false => format!("scaling-{service}"),
    }
}
