//! Determines who owns a stack. One pure function decides from the stack's tag and its template's metadata.

use template::contract::{STACK_TAG, TemplateMark, VERSION, is_newer_version, read_mark};

use crate::change_set;
use crate::error::{Error, Result};
use crate::observe::{Observed, observe, read_tags, template};
use crate::session::Session;
use crate::status::Status;

/// The marks of a stack, or of a change set that creates one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    /// Value of the stack tag. `None` if there is none, or if the cloud returns no tags.
    pub tag: Option<String>,
    /// The template's mark. `None` if the template can't be read.
    pub template: Option<TemplateMark>,
}

/// Owner of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ownership {
    /// At least one mark is readable, and none has another value.
    Ours,
    /// A mark has another value, or the template is readable and has none.
    Foreign,
    /// No mark is readable.
    Unreadable,
}

/// Decides who owns the stack `name`.
pub(crate) fn decide(name: &str, marks: &Marks) -> Ownership {
    if marks.tag.as_deref().is_some_and(|tag| tag != name) {
        return Ownership::Foreign;
    }
    match (&marks.template, &marks.tag) {
        (Some(TemplateMark::Marked { stack, .. }), _) if stack != name => Ownership::Foreign,
        (Some(TemplateMark::Marked { .. } | TemplateMark::Earlier), _) | (_, Some(_)) => {
            Ownership::Ours
        }
        (Some(TemplateMark::Unmarked), None) => Ownership::Foreign,
        (None, None) => Ownership::Unreadable,
    }
}

/// Decides who owns a stack in review, by its change sets. Without a change set, it contains nothing: a run
/// that was interrupted while it deleted its plan leaves such a stack.
fn decide_in_review(name: &str, tag: Option<&str>, change_sets: &[Marks]) -> Ownership {
    let owners = || change_sets.iter().map(|marks| decide(name, marks));
    if tag.is_some_and(|tag| tag != name) || owners().any(|owner| owner == Ownership::Foreign) {
        Ownership::Foreign
    } else if owners().any(|owner| owner == Ownership::Unreadable) {
        Ownership::Unreadable
    } else {
        Ownership::Ours
    }
}

/// Reads the stack of this name or ID, which must be ours. `None` if the stack doesn't exist.
///
/// # Errors
/// If the stack isn't ours, if ownership can't be determined, or if AWS can't be reached.
pub async fn observe_ours(session: &Session<'_>, name_or_id: &str) -> Result<Option<Observed>> {
    let Some(stack) = observe(session, name_or_id).await? else {
        return Ok(None);
    };
    require_ours(session, &stack).await?;
    Ok(Some(stack))
}

/// Returns the stack of this name or ID, as [`observe_ours`] does, with the literal text of its template. There is no
/// template if the stack is in review, or if only the tag can be read.
///
/// # Errors
/// As [`observe_ours`].
pub(crate) async fn observe_ours_with_template(
    session: &Session<'_>,
    name_or_id: &str,
) -> Result<Option<(Observed, Option<String>)>> {
    let Some(stack) = observe(session, name_or_id).await? else {
        return Ok(None);
    };
    let template = read_ours(session, &stack).await?.ok().flatten();
    Ok(Some((stack, template)))
}

/// Returns the stack, and the literal text of its deployed template. `None` if there is no such stack. A stack in review has no
/// template.
///
/// # Errors
/// As [`observe_ours`], and if the template can't be read.
pub async fn deployed_template(
    session: &Session<'_>,
    name: &str,
) -> Result<Option<(Observed, Option<String>)>> {
    let Some(stack) = observe(session, name).await? else {
        return Ok(None);
    };
    let template = read_ours(session, &stack).await??;
    Ok(Some((stack, template)))
}

/// Refuses a stack that isn't ours, in any state.
pub(crate) async fn require_ours(session: &Session<'_>, stack: &Observed) -> Result<()> {
    // The tag alone can prove ownership, so an unreadable template isn't an error here.
    let _template = read_ours(session, stack).await?;
    Ok(())
}

/// Refuses a stack that isn't ours. Returns the literal text of its template, or why that can't be read. A stack in
/// review has none.
async fn read_ours(session: &Session<'_>, stack: &Observed) -> Result<Result<Option<String>>> {
    let (owner, read) = if stack.status == Status::InReview {
        let (change_sets, unread) = marks_in_review(session, stack).await?;
        let owner = decide_in_review(&stack.name, stack.mark(), &change_sets);
        (owner, unread.map_or(Ok(None), Err))
    } else {
        let read = template(session, &stack.id, None).await;
        let marks = Marks {
            tag: stack.mark().map(str::to_owned),
            template: mark_in_template(&read),
        };
        (decide(&stack.name, &marks), read)
    };
    match owner {
        Ownership::Ours if stack.status == Status::InReview => Ok(Ok(None)),
        Ownership::Ours => Ok(read),
        Ownership::Foreign => Err(foreign(stack)),
        Ownership::Unreadable => Err(unreadable(stack, read.err())),
    }
}

/// The marks of each change set of a stack in review, and why a template couldn't be read.
async fn marks_in_review(
    session: &Session<'_>,
    stack: &Observed,
) -> Result<(Vec<Marks>, Option<Error>)> {
    let mut all = Vec::new();
    let mut unread = None;
    for one in change_set::list(session, &stack.id).await? {
        let id = one.change_set_id().unwrap_or_default();
        let Some(tags) = change_set::tags_of(session, &stack.id, id).await? else {
            continue;
        };
        let read = template(session, &stack.id, Some(id)).await;
        all.push(Marks {
            tag: read_tags(&tags).remove(STACK_TAG),
            template: mark_in_template(&read),
        });
        unread = unread.or(read.err());
    }
    Ok((all, unread))
}

/// Returns the mark of a template that was read.
fn mark_in_template(read: &Result<Option<String>>) -> Option<TemplateMark> {
    mark_in_body(read.as_ref().ok()?.as_deref()?)
}

/// `None` if the text is truncated JSON. Our templates are never YAML.
pub(crate) fn mark_in_body(body: &str) -> Option<TemplateMark> {
    match serde_json::from_str(body) {
        Ok(template) => Some(read_mark(&template)),
        Err(_) if body.trim().is_empty() || body.trim_start().starts_with('{') => None,
        Err(_) => Some(TemplateMark::Unmarked),
    }
}

fn foreign(stack: &Observed) -> Error {
    let name = &stack.name;
    let error = Error::refused(format!(
        "the stack {name} already exists, and ecs-scaler didn't create it"
    ))
    .hint("choose another `name:` in the definition, or check --profile and --region")
    .hint(format!("it is {}", stack.id));
    match stack.mark().filter(|mark| mark != name) {
        Some(mark) => error.hint(format!("its tag `{STACK_TAG}` is `{mark}`")),
        None => error,
    }
}

fn unreadable(stack: &Observed, unread: Option<Error>) -> Error {
    let name = &stack.name;
    let unread = unread.unwrap_or_else(|| {
        Error::refused(format!(
            "the stack {name} already exists, and its template can't be read"
        ))
    });
    unread.hint(format!(
        "{name} has no tag `{STACK_TAG}`, so only its template can show whether ecs-scaler created it"
    ))
}

/// Refuses to deploy over a newer version's deployment, and reports a stack that receives its marks now. Returns
/// the stack, and its template as [`deployed_template`] does.
///
/// # Errors
/// If a newer version deployed the stack and `allow_downgrade` is false, if the stack isn't ours, or if AWS can't
/// be reached.
pub(crate) async fn admit(
    session: &Session<'_>,
    name: &str,
    allow_downgrade: bool,
) -> Result<Option<(Observed, Option<String>)>> {
    let Some(stack) = observe(session, name).await? else {
        return Ok(None);
    };
    let read = read_ours(session, &stack).await?;
    match mark_in_template(&read) {
        Some(TemplateMark::Marked { version, .. })
            if is_newer_version(&version) && !allow_downgrade =>
        {
            Err(Error::refused(format!(
                "ecs-scaler {version} deployed {name}, and this is {VERSION}, which could undo what it added"
            ))
            .hint("install the newer version")
            .hint("to deploy with this version anyway: --allow-downgrade"))
        }
        mark => {
            if mark == Some(TemplateMark::Earlier) {
                session.note(format!(
                    "{name} was deployed by version 0.1.0: this deploy also marks it as ecs-scaler's"
                ));
            }
            Ok(Some((stack, read?)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(stack: &str) -> Option<TemplateMark> {
        Some(TemplateMark::Marked {
            stack: stack.to_owned(),
            version: VERSION.to_owned(),
        })
    }

    /// Each combination of a tag and a template, by the rule in the architecture page: at least one mark is
    /// readable, and none has another value.
    #[test]
    fn every_combination_of_marks_has_one_owner() {
        use Ownership::{Foreign, Ours, Unreadable};
        let templates = [
            marked("shop"),
            marked("other"),
            Some(TemplateMark::Earlier),
            Some(TemplateMark::Unmarked),
            None,
        ];
        let expected = [
            (None, [Ours, Foreign, Ours, Foreign, Unreadable]),
            (Some("shop"), [Ours, Foreign, Ours, Ours, Ours]),
            (Some("other"), [Foreign; 5]),
            (Some(""), [Foreign; 5]),
        ];
        for (tag, owners) in expected {
            for (template, owner) in templates.iter().zip(owners) {
                let marks = Marks {
                    tag: tag.map(str::to_owned),
                    template: template.clone(),
                };
                assert_eq!(decide("shop", &marks), owner, "{marks:?}");
            }
        }
    }

    #[test]
    fn one_foreign_change_set_makes_a_stack_in_review_foreign() {
        let ours = Marks {
            tag: Some("shop".into()),
            template: None,
        };
        let theirs = Marks {
            tag: None,
            template: Some(TemplateMark::Unmarked),
        };
        let review = |sets: &[&Marks]| {
            let sets: Vec<Marks> = sets.iter().map(|&set| set.clone()).collect();
            decide_in_review("shop", None, &sets)
        };
        assert_eq!(review(&[]), Ownership::Ours);
        assert_eq!(review(&[&ours]), Ownership::Ours);
        assert_eq!(review(&[&ours, &theirs]), Ownership::Foreign);
        assert_eq!(review(&[&ours, &Marks::default()]), Ownership::Unreadable);
        assert_eq!(
            decide_in_review("shop", Some("other"), &[]),
            Ownership::Foreign
        );
    }

    #[test]
    fn a_template_that_was_cut_is_unreadable() {
        assert_eq!(mark_in_body("{\"Metadata\": {\"Ecs"), None);
        assert_eq!(mark_in_body(""), None);
        assert_eq!(
            mark_in_body("Resources:\n  Queue: {}\n"),
            Some(TemplateMark::Unmarked)
        );
    }
}
