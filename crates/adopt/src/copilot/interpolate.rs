//! Variables in a manifest's text: `${COPILOT_ENVIRONMENT_NAME}`, or any variable of the environment that `copilot`
//! runs in.

/// Replaces the variables in `known` by their values, and all others by the result of `unknown`. Returns the text,
/// and whether there were others. A backslash before the dollar sign keeps the text unchanged.
pub(super) fn interpolate(
    text: &str,
    known: impl Fn(&str) -> Option<String>,
    unknown: impl Fn(&str) -> String,
) -> (String, bool) {
    let (mut result, mut rest, mut unresolved) = (String::new(), text, false);
    while let Some(start) = rest.find("${") {
        let (before, from) = rest.split_at(start);
        let variable = from.get(2..).and_then(|inner| inner.split_once('}'));
        let Some((name, after)) = variable.filter(|(name, _)| is_name(name)) else {
            let (mark, after) = from.split_at(2);
            result.push_str(before);
            result.push_str(mark);
            rest = after;
            continue;
        };
        rest = after;
        if let Some(before) = before.strip_suffix('\\') {
            result.push_str(before);
            result.push_str(&format!("${{{name}}}"));
            continue;
        }
        result.push_str(before);
        if let Some(value) = known(name) {
            result.push_str(&value);
        } else {
            unresolved = true;
            result.push_str(&unknown(name));
        }
    }
    result.push_str(rest);
    (result, unresolved)
}

fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_variables_are_replaced_and_others_stay() {
        let known = |name: &str| (name == "A").then(|| "x".to_owned());
        let unknown = |name: &str| format!("<{name}>");
        let cases = [
            ("${A}/${A}-b", "x/x-b", false),
            ("a${B}c", "a<B>c", true),
            ("\\${A} ${A}", "${A} x", false),
            ("${}${ A}$A${", "${}${ A}$A${", false),
            ("${${A}}", "${x}", false),
        ];
        for (text, wanted, unresolved) in cases {
            assert_eq!(
                interpolate(text, known, unknown),
                (wanted.to_owned(), unresolved),
                "{text}"
            );
        }
    }
}
