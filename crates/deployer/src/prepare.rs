//! Prepares a stack definition: builds functions, uploads assets, and collects the input of a change set.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use serde_json::Value;
use stack::{Architecture, Stack, ValueChange};
use template::Template;
use template::contract::list_retained;

use crate::assets::{Asset, Bucket, DraftTemplate, object_url, require_code, upload};
use crate::change_set::{Source, TemplateSource};
use crate::code::{BuiltFunctions, FunctionCode};
use crate::deploy::plan;
use crate::deploys::DeployRecord;
use crate::error::{Error, Result};
use crate::explanation::Explanation;
use crate::flips::{note_other_build, require_same_processor};
use crate::observe::observe;
use crate::plan::Plan;
use crate::preflight::{Identity, can_serialize, resolve_digests};
use crate::region::require_partition;
use crate::reviewed::Inputs;
use crate::session::Session;
use crate::suspension::plan_suspensions;

/// Builds and packs functions. Uses the requested architecture if possible.
pub type BuildFunctions<'a, E> =
    dyn Fn(&[FunctionCode], Architecture) -> Result<BuiltFunctions, E> + 'a;

/// Where a template comes from.
pub(crate) enum Origin<'a, E> {
    /// The definition, whose functions are built.
    Definition(&'a BuildFunctions<'a, E>),
    /// An earlier deploy.
    Record(&'a DeployRecord),
}

impl<E> Origin<'_, E> {
    /// The deploy that a rollback goes back to, by its time.
    pub(crate) fn rolled_back_to(&self) -> Option<&str> {
        match self {
            Self::Definition(_) => None,
            Self::Record(record) => Some(record.origin()),
        }
    }
}

/// A template, and what a change set is made from.
pub(crate) struct Prepared {
    /// The input of a change set.
    pub source: Source,
    /// The template.
    pub template: Template,
}

/// A template, its parameters, and its assets, before the upload.
struct Unuploaded {
    stack: Stack,
    template: Template,
    parameters: BTreeMap<&'static str, String>,
    assets: Vec<Asset>,
    /// See [`Source::shortened_queues`].
    shortened_queues: Vec<String>,
    /// See [`Source::retained`].
    retained: BTreeSet<String>,
    explanation: Explanation,
}

/// What a deploy would change.
#[derive(Clone, Debug)]
pub struct StackDiff {
    /// The template.
    pub template: Template,
    /// What a deploy would do. `None` if nothing changes.
    pub plan: Option<Plan>,
    /// The differences in the definition, even if they change no resource.
    pub words: Vec<ValueChange>,
    /// What the plan was made from.
    pub inputs: Inputs,
}

/// Makes the template that updates the `deployed` one, and uploads it if it is too large for a request. `now` decides which uploaded assets are so old that they are uploaded again.
///
/// # Errors
/// If the functions can't be built, if the code of an earlier deploy is gone, if the definition needs more than a template can
/// hold, or if AWS refuses or can't be reached.
pub(crate) async fn prepare_stack<E: From<Error>>(
    session: &Session<'_>,
    stack: &Stack,
    deployed: Option<&str>,
    identity: &Identity,
    now: SystemTime,
    origin: &Origin<'_, E>,
) -> Result<Prepared, E> {
    let mut made = make_template(session, stack, deployed, identity, origin).await?;
    if let Origin::Record(record) = origin {
        require_code(session, &record.parameters, &identity.account, now).await?;
    }
    let bucket = Bucket::of(stack, &identity.account, &identity.region);
    let (body, large) = place_template(session, &bucket, made.template.body());
    made.assets.extend(large);
    upload(session, &bucket, &made.assets, now).await?;
    Ok(made.into_prepared(bucket.name, body))
}

/// Determines what a deploy would change, and leaves nothing behind: no change set, code, or template. Builds the
/// functions, because a change set needs the key of their code. Uploads a template that is too large for a request
/// while CloudFormation plans.
///
/// # Errors
/// If `build` fails, if the definition needs more than a template can hold, if CloudFormation refuses the template,
/// if the stack is busy, or if AWS refuses or can't be reached.
pub async fn diff_stack<E: From<Error>>(
    session: &Session<'_>,
    stack: &Stack,
    deployed: Option<&str>,
    identity: &Identity,
    build: &BuildFunctions<'_, E>,
) -> Result<StackDiff, E> {
    require_partition(stack, &identity.region)?;
    let observed = observe(session, &stack.name).await?;
    let tags = observed.as_ref().map(|observed| observed.tags.clone());
    let stack = &plan_suspensions(session, stack, &tags.unwrap_or_default()).await?;
    let origin = Origin::Definition(build);
    let made = make_template(session, stack, deployed, identity, &origin).await?;
    let bucket = Bucket::of(stack, &identity.account, &identity.region);
    let body = made.template.body();
    let draft = match is_large(body) {
        true => Some(DraftTemplate::upload(session, &bucket, body).await?),
        false => None,
    };
    let body = match &draft {
        Some(draft) => TemplateSource::Url(draft.url.clone()),
        None => TemplateSource::Inline(body.to_owned()),
    };
    let prepared = made.into_prepared(bucket.name, body);
    if let Some(observed) = &observed {
        note_other_build(session, observed, deployed, &prepared.source);
    }
    session.note(format!(
        "planning what a deploy of {} would change",
        stack.name
    ));
    let plan = plan(session, &prepared.source).await;
    if let Some(draft) = draft {
        draft.delete(session).await;
    }
    let Source { explanation, .. } = &prepared.source;
    Ok(StackDiff {
        plan: plan?,
        words: explanation.words.clone(),
        inputs: Inputs::of(&prepared.source, prepared.template.body()),
        template: prepared.template,
    })
}

fn is_large(body: &str) -> bool {
    body.len() > template::INLINE_BODY_BYTES
}

/// Returns where CloudFormation reads a template: in the request, or in an asset to upload if it is too large for a request.
pub(crate) fn place_template(
    session: &Session<'_>,
    bucket: &Bucket,
    body: &str,
) -> (TemplateSource, Option<Asset>) {
    if !is_large(body) {
        return (TemplateSource::Inline(body.to_owned()), None);
    }
    let asset = Asset::template(body);
    let url = object_url(session.clients, &bucket.name, &asset.key);
    (TemplateSource::Url(url), Some(asset))
}

async fn make_template<E: From<Error>>(
    session: &Session<'_>,
    stack: &Stack,
    deployed: Option<&str>,
    identity: &Identity,
    origin: &Origin<'_, E>,
) -> Result<Unuploaded, E> {
    let mut stack = stack.clone();
    stack.region = Some(identity.region.clone());
    let mut assets = Vec::new();
    let (template, mut parameters) = match origin {
        Origin::Record(record) => record.template()?,
        Origin::Definition(build) => {
            resolve_digests(session, &mut stack).await?;
            let needed = FunctionCode::list_needed(&stack);
            let built = build(&needed, stack.metric.architecture)?;
            require_same_processor(&stack, built.architecture, deployed)?;
            stack.metric.architecture = built.architecture;
            let keys = built.assets.iter();
            let keys = keys.map(|(function, asset)| (function.parameter(), asset.key.clone()));
            let parameters = keys.collect();
            assets.extend(built.assets.into_values());
            let template = template::synthesize(&stack).map_err(Error::from)?;
            (template, parameters)
        }
    };
    // A deployed text that isn't JSON isn't ours, and the change set will show what it changes.
    let deployed: Option<Value> = deployed.and_then(|text| serde_json::from_str(text).ok());
    let template = match &deployed {
        Some(deployed) => adapt(template, deployed)?,
        None => template,
    };
    let template = match (origin, stack.record()) {
        (Origin::Definition(_), Some(record)) => template.with_record(&record),
        _ => template,
    };
    let shortened_queues = deployed
        .as_ref()
        .map(|deployed| template.list_shortened_queues(deployed));
    let shortened_queues = shortened_queues.unwrap_or_default();
    let retained = deployed.as_ref().map(list_retained).unwrap_or_default();
    let explanation = deployed.map(|deployed| Explanation::of(&deployed, template.to_json()));
    let explanation = explanation.unwrap_or_default().locate(&stack, &template);
    if explanation.is_unrecorded {
        session.note(format!(
            "{} was deployed without a record of its definition, so the plan names resources only; the next change that is \
             deployed leaves one",
            stack.name
        ));
    }
    assets.extend(template.objects().iter().map(Asset::of_template));
    if let Some(serialized) = decide_serialization(session, &stack.name, &template).await? {
        parameters.insert(
            template::PARAMETER_SERIALIZE_SCALING,
            serialized.to_string(),
        );
    }
    Ok(Unuploaded {
        stack,
        template,
        parameters,
        assets,
        shortened_queues,
        retained,
        explanation,
    })
}

/// Makes the template that updates the deployed one. A template that needs no change stays identical, word for word.
fn adapt(template: Template, deployed: &Value) -> Result<Template> {
    let adapted = template.clone().adapt_to(deployed)?;
    Ok(match adapted.to_json() == template.to_json() {
        true => template,
        false => adapted,
    })
}

impl Unuploaded {
    fn into_prepared(mut self, bucket: String, body: TemplateSource) -> Prepared {
        self.parameters
            .insert(template::PARAMETER_ASSETS_BUCKET, bucket);
        let mut source = make_source(&self.stack, &self.template, body, self.parameters);
        source.shortened_queues = self.shortened_queues;
        source.retained = self.retained;
        source.explanation = self.explanation;
        Prepared {
            source,
            template: self.template,
        }
    }
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
