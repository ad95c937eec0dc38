//! The log of the process that runs next to LocalStack.

/// Writes a line of one of its parts, such as `tasks`, to standard error.
pub(crate) fn log(part: &str, text: &str) {
    let now = jiff::Timestamp::now();
    eprintln!("{now:.3} {part}: {text}");
}
