//! Names of environment variables.

/// The variable for something with a user-defined name: `QUEUE_URL_PAID_ORDERS` for `QUEUE_URL_` and `paid-orders`.
/// Two names can have the same variable, because it ignores case and punctuation.
#[must_use]
pub fn name_variable(prefix: &str, name: &str) -> String {
    let upper = name
        .chars()
        .map(|letter| match letter.is_ascii_alphanumeric() {
            true => letter.to_ascii_uppercase(),
            false => '_',
        });
    prefix.chars().chain(upper).collect()
}
