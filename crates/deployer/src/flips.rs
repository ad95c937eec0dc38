//! Keeps two machines with the same version from replacing each other's functions unnoticed.

use serde_json::Value;
use stack::{Architecture, Stack};
use template::contract::{TemplateMark, VERSION, types};

use crate::change_set::Source;
use crate::code::FunctionCode;
use crate::error::{Error, Result};
use crate::observe::Observed;
use crate::ownership::mark_in_body;
use crate::session::Session;

/// Says so if the same version deployed the stack with other code of its functions. Every release has its own version,
/// and its archives have the same code, so one of the two builds isn't a release.
pub(crate) fn note_other_build(
    session: &Session<'_>,
    deployed: &Observed,
    template: Option<&str>,
    source: &Source,
) {
    let mark = template.and_then(mark_in_body);
    let is_ours = matches!(mark, Some(TemplateMark::Marked { version, .. }) if version == VERSION);
    let is_other = |function: &FunctionCode| {
        let key = function.parameter();
        let keys = (deployed.parameters.get(key), source.parameters.get(key));
        matches!(keys, (Some(theirs), Some(ours)) if theirs != ours)
    };
    let others: Vec<_> = FunctionCode::ALL.into_iter().filter(is_other).collect();
    if is_ours && !others.is_empty() {
        let names: Vec<_> = others.iter().map(|function| function.package()).collect();
        session.note(format!(
            "another build of the same version, {VERSION}, deployed {}; this build replaces the code of {}. If others \
             deploy with that build, they replace it again",
            deployed.name,
            names.join(" and ")
        ));
    }
}

/// Refuses functions for another processor than the definition's, if the deployed ones run on the definition's.
/// Otherwise a machine that can't build for it and one that can would replace each other's functions forever.
pub(crate) fn require_same_processor(
    stack: &Stack,
    built: Architecture,
    deployed: Option<&str>,
) -> Result<()> {
    let wanted = stack.metric.architecture;
    let deployed: Option<Value> = deployed.and_then(|text| serde_json::from_str(text).ok());
    let runs_on_wanted = deployed.as_ref().is_some_and(|template| {
        let resources = template["Resources"].as_object();
        let wanted = wanted.to_string();
        resources.into_iter().flatten().any(|(_, resource)| {
            resource["Type"] == types::FUNCTION
                && resource["Properties"]["Architectures"][0] == wanted
        })
    });
    if built == wanted || !runs_on_wanted {
        return Ok(());
    }
    Err(Error::refused(format!(
        "the functions of {} run on {wanted}, and this program can provide them for {built} only",
        stack.name
    ))
    .hint("deploy with a released program, which contains both")
    .hint(format!("or move them: `metric: {{architecture: {built}}}`")))
}
