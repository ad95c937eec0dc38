//! Preparing a stack definition: built functions, uploaded assets, and what a change set is made from.

use std::collections::BTreeMap;
use std::time::SystemTime;

use stack::{Architecture, Stack};
use template::Template;

use crate::assets::{Asset, object_url, upload};
use crate::change_set::{Source, TemplateSource};
use crate::code::{BuiltFunctions, FunctionCode};
use crate::error::{Error, Result};
use crate::preflight::{Identity, can_serialize};
use crate::session::Session;

/// Builds and packs functions, for the requested architecture if possible.
pub type BuildFunctions<'a, E> =
    dyn Fn(&[FunctionCode], Architecture) -> Result<BuiltFunctions, E> + 'a;

/// A template, and what a change set is made from.
pub struct Prepared {
    /// What a change set is made from.
    pub source: Source,
    /// The template.
    pub template: Template,
}

/// Builds the functions, makes the template that updates the `deployed` one, and uploads what is too large for a
/// request. `now` decides which uploaded assets are so old that they are uploaded again.
///
/// # Errors
/// If `build` fails, if the definition needs more than a template can hold, or if AWS refuses or can't be
/// reached.
pub async fn prepare_stack<E: From<Error>>(
    session: &Session<'_>,
    stack: &Stack,
    deployed: Option<&str>,
    identity: &Identity,
    now: SystemTime,
    build: &BuildFunctions<'_, E>,
) -> Result<Prepared, E> {
    let built = build(&FunctionCode::list_needed(stack), stack.metric.architecture)?;
    let mut stack = stack.clone();
    stack.metric.architecture = built.architecture;
    stack.region = Some(identity.region.clone());
    let template = synthesize_update(&stack, deployed)?;
    let keys = built.assets.iter();
    let mut parameters: BTreeMap<&str, String> = keys
        .map(|(function, asset)| (function.parameter(), asset.key.clone()))
        .collect();
    if let Some(serialized) = decide_serialization(session, &stack.name, &template).await? {
        parameters.insert(
            template::PARAMETER_SERIALIZE_SCALING,
            serialized.to_string(),
        );
    }
    let mut assets: Vec<Asset> = built.assets.into_values().collect();
    let mut large = None;
    if template.body().len() > template::INLINE_BODY_BYTES {
        let asset = Asset::template(template.body());
        large = Some(asset.key.clone());
        assets.push(asset);
    }
    let bucket = upload(session, &identity.account, &assets, now).await?;
    let body = match large {
        Some(key) => TemplateSource::Url(object_url(session.clients, &bucket, &key)),
        None => TemplateSource::Inline(template.body().to_owned()),
    };
    parameters.insert(template::PARAMETER_ASSETS_BUCKET, bucket);
    Ok(Prepared {
        source: make_source(&stack, &template, body, parameters),
        template,
    })
}

/// Makes the template that updates the deployed one. A deployed text that isn't JSON isn't ours, and the change set
/// will show what it changes.
fn synthesize_update(stack: &Stack, deployed: Option<&str>) -> Result<Template> {
    let template = template::synthesize(stack)?;
    let deployed = deployed.and_then(|text| serde_json::from_str(text).ok());
    Ok(match deployed {
        Some(deployed) => template.adapt_to(&deployed)?,
        None => template,
    })
}

/// Decides whether the scaling functions reserve their concurrency. `None` if there are none.
async fn decide_serialization(
    session: &Session<'_>,
    stack: &str,
    template: &Template,
) -> Result<Option<bool>> {
    let parameter = template::PARAMETER_SERIALIZE_SCALING;
    if !template.parameters().contains(&parameter) {
        return Ok(None);
    }
    let functions = template.list_reserving_functions();
    let possible = can_serialize(session, stack, parameter, &functions).await?;
    Ok(Some(possible))
}

fn make_source(
    stack: &Stack,
    template: &Template,
    body: TemplateSource,
    mut parameters: BTreeMap<&str, String>,
) -> Source {
    parameters.retain(|name, _| template.parameters().contains(name));
    let mut source = Source::new(&stack.name, template.to_json(), body);
    let parameters = parameters.into_iter();
    source.parameters = parameters
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    for (key, value) in &stack.tags {
        source.tags.entry(key.clone()).or_insert(value.clone());
    }
    source
}
