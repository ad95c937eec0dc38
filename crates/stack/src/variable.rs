//! Names of environment variables.

/// The variable that carries something with a name of the user's own: `QUEUE_URL_PAID_ORDERS` of `QUEUE_URL_` and
/// `paid-orders`. Two names can have the same variable, since it keeps neither case nor punctuation.
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
