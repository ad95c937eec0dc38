//! Suggestions for the probably intended name.

/// Maximum length of compared names, because the comparison takes the product of both lengths.
const LONGEST: usize = 64;

/// Returns the candidate most similar to a name, if one is similar at all: about one wrong letter in three.
#[must_use]
pub fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    if name.len() > LONGEST {
        return None;
    }
    let lower = name.to_lowercase();
    let allowed = (lower.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= LONGEST)
        .map(|candidate| {
            (
                strsim::osa_distance(&lower, &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// A suggestion to replace a name: the most similar candidate, or else the result of `otherwise`.
pub(crate) fn suggest<'c>(
    name: &str,
    candidates: impl IntoIterator<Item = &'c str>,
    otherwise: impl FnOnce() -> String,
) -> String {
    match nearest(name, candidates) {
        Some(near) => format!("did you mean `{near}`?"),
        None => otherwise(),
    }
}

/// Names that a message lists; more than these help nobody.
const LISTED: usize = 20;

/// A hint for a name that doesn't exist: the one most like it, or all there are. `None` if there are none.
#[must_use]
pub fn suggest_name<'c>(name: &str, known: impl IntoIterator<Item = &'c str>) -> Option<String> {
    let known: Vec<&str> = known.into_iter().collect();
    match (nearest(name, known.iter().copied()), known.len()) {
        (_, 0) => None,
        (Some(near), _) => Some(format!("did you mean {near}?")),
        (None, count) => {
            let listed = known.get(..LISTED).unwrap_or(&known).join(", ");
            let more = match count.checked_sub(LISTED) {
                Some(more @ 1..) => format!(", and {more} more"),
                _ => String::new(),
            };
            Some(format!("there are: {listed}{more}"))
        }
    }
}

/// Names as a sentence lists them, each in backquotes.
pub(crate) fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_suggested_or_all_are_listed() {
        let known = ["orders", "mail"];
        assert_eq!(
            suggest_name("order", known).as_deref(),
            Some("did you mean orders?")
        );
        assert_eq!(
            suggest_name("x", known).as_deref(),
            Some("there are: orders, mail")
        );
        assert_eq!(suggest_name("x", []), None);
        let many = vec!["long-name"; 22];
        assert!(suggest_name("x", many).unwrap().ends_with(", and 2 more"));
    }

    #[test]
    fn a_slip_of_the_finger_is_recognised() {
        let known = ["visibility_timeout", "retention", "fifo"];
        assert_eq!(
            nearest("visibilty_timeout", known),
            Some("visibility_timeout")
        );
        assert_eq!(nearest("Retention", known), Some("retention"));
        assert_eq!(nearest("fife", known), Some("fifo"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest(&"retention".repeat(10_000), known), None);
    }
}
