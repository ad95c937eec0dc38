//! Takes existing services and queues over into a stack, by CloudFormation's resource import.
//!
//! An import changes no property of a resource: CloudFormation records that it belongs to the stack, with the properties of a
//! template, and adds the stack's tags to it. The import writes the properties as they are, so that the plan of the next deploy shows, and CloudFormation
//! knows, everything that the definition changes in them. A resource that the next deploy would replace is refused.

mod describe;
mod find;
mod refuse;

use std::time::SystemTime;

use serde::Serialize;
use serde_json::{Value, json};
use stack::Stack;
use template::Template;

use crate::assets::{Bucket, upload};
use crate::change_set::{self, Import, Planned, Source, TemplateSource};
use crate::delete::delete;
use crate::deploy::{Deployed, carry_out, refuse_unknown_recovery};
use crate::error::{Error, Kind, Result};
use crate::explanation::Explanation;
use crate::observe::{Observed, deletes_nothing, live_resources};
use crate::ownership::admit;
use crate::plan::Plan;
use crate::preflight::{Identity, identify_for};
use crate::prepare::place_template;
use crate::region::require_partition;
use crate::session::{DeployStep, Progress, Session};
use crate::status::Status;

use describe::{compare_policies, write_template};
use find::{Found, find_all};

/// The definition whose services and queues exist already.
#[derive(Clone, Debug)]
pub struct ImportRequest {
    /// The stack definition.
    pub stack: Stack,
    /// Whether the target is the sandbox. Its account isn't real, so it isn't compared with the definition's.
    pub in_sandbox: bool,
    /// The current time.
    pub now: SystemTime,
}

/// A service or queue of the definition that wasn't imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotImported {
    /// Logical ID in the template.
    pub logical_id: String,
    /// CloudFormation's type.
    pub resource_type: String,
    /// Why not.
    pub reason: String,
}

/// The result of an import.
#[derive(Clone, Debug, Serialize)]
pub struct Imported {
    /// The stack's name.
    pub stack: String,
    /// Account and region of the stack.
    #[serde(flatten)]
    pub identity: Identity,
    /// The resources that the stack has now.
    pub imports: Vec<Import>,
    /// The others, each with a reason.
    pub not_imported: Vec<NotImported>,
    /// What was executed. `None` if there was nothing to import.
    pub deployed: Option<Deployed>,
}

/// The deployed stack, to which an import adds resources.
struct Base {
    stack: Observed,
    template: Value,
}

/// Imports the services and queues that the definition creates under a fixed name, and that exist. `confirm` decides whether
/// to execute the plan. Changes no other resource. CloudFormation adds the stack's tags to the imported ones, and changes nothing
/// else in them.
///
/// # Errors
/// If the account or region isn't the definition's, if the stack isn't ours or isn't settled, if a resource would be replaced by
/// the next deploy, if a service can't be deployed as it is, if CloudFormation refuses a resource, if the plan isn't confirmed, or if AWS can't be reached.
pub async fn import_resources(
    session: &Session<'_>,
    request: &ImportRequest,
    confirm: &mut (dyn FnMut(&Plan) -> bool + Send),
) -> Result<Imported> {
    session.begin(DeployStep::Identify);
    require_partition(&request.stack, session.clients.region())?;
    let account = request.stack.account.as_deref();
    let account = account.filter(|_| !request.in_sandbox);
    let region = request.stack.region.as_deref();
    let identity = identify_for(session, account, region).await?;
    session.begin(DeployStep::Check);
    let mut stack = request.stack.clone();
    stack.region = Some(identity.region.clone());
    let (base, left) = read_base(session, &stack.name).await?;
    let template = template::synthesize(&stack)?;
    let deployed = base.as_ref().map(|base| &base.template);
    let (found, not_imported) = find_all(session, template.to_json(), deployed).await?;
    let mut imported = Imported {
        stack: stack.name.clone(),
        identity,
        imports: found.iter().map(|one| one.import.clone()).collect(),
        not_imported,
        deployed: None,
    };
    if !found.is_empty() {
        if let Some(left) = left {
            remove(session, &left).await?;
        }
        let creates = base.is_none();
        let source = make_source(&stack, template, (base, found))?;
        let source = upload_large(session, source, (&stack, &imported.identity), request.now);
        let deployed = execute(session, &source.await?, creates, confirm).await?;
        imported.deployed = Some(deployed);
    }
    Ok(imported)
}

/// Reads the deployed stack. If there is none, also returns what a failed import into a new stack left.
async fn read_base(session: &Session<'_>, name: &str) -> Result<(Option<Base>, Option<Observed>)> {
    let Some((stack, text)) = admit(session, name, false).await? else {
        return Ok((None, None));
    };
    match stack.status {
        Status::Absent | Status::InReview => return Ok((None, None)),
        _ if is_left(session, &stack).await? => return Ok((None, Some(stack))),
        Status::Ready { .. } => {}
        Status::HalfImported => return refuse_unknown_recovery(&stack),
        _ => {
            return Err(Error::refused(format!(
                "the stack {name} is in {}, and only a stack whose last operation has ended can import",
                stack.status_name
            ))
            .hint("`status` shows it, and `deploy` of the deployed definition follows or recovers it"));
        }
    }
    let template = text.and_then(|text| serde_json::from_str(&text).ok());
    let template = template.ok_or_else(|| {
        Error::failed(format!(
            "the template of the stack {name} can't be read, and an import must repeat it"
        ))
    })?;
    Ok((Some(Base { stack, template }), None))
}

/// Whether a stack is what a failed import into a new stack left: it has no resources, and those of its template would stay.
/// AWS doesn't document which of the states it is in.
async fn is_left(session: &Session<'_>, stack: &Observed) -> Result<bool> {
    let failed = stack.status == Status::NeverCreated || stack.is_import_rolled_back();
    Ok(failed
        && deletes_nothing(session, &stack.id).await?
        && live_resources(session, &stack.id, false).await?.is_empty())
}

/// Deletes an empty stack, because CloudFormation accepts no other first import for it.
async fn remove(session: &Session<'_>, empty: &Observed) -> Result<()> {
    let (name, status) = (&empty.name, &empty.status_name);
    session.note(format!(
        "deleting the stack {name}, which a failed import left empty in {status}"
    ));
    delete(session, name, empty, &[], &[]).await
}

/// Makes the change set's input: the deployed template, or one without resources, and the imported resources.
fn make_source(
    stack: &Stack,
    template: Template,
    (base, found): (Option<Base>, Vec<Found>),
) -> Result<Source> {
    let deployed = match &base {
        Some(base) => base.template.clone(),
        None => begin_template(template.to_json()),
    };
    let (document, next) = write_template(template, deployed, &found)?;
    let body = TemplateSource::Inline(document.to_string());
    let mut source = Source::new(&stack.name, &document, body);
    match base {
        Some(base) => {
            source.parameters = base.stack.parameters;
            source.tags = base.stack.tags;
        }
        None => source.tags.extend(stack.tags.clone()),
    }
    let mut values = Explanation::of(&document, next.to_json()).values;
    for (id, change) in compare_policies(next.to_json(), &found) {
        values.entry(id).or_default().push(change);
    }
    source.imports = found.into_iter().map(|one| one.import).collect();
    source.explanation = Explanation {
        values,
        ..Explanation::default().locate(stack, &next)
    };
    Ok(source)
}

/// A template of ours without resources. An import can't add outputs, so it has none.
fn begin_template(template: &Value) -> Value {
    let mut begun = json!({ "Resources": {} });
    for section in ["AWSTemplateFormatVersion", "Description", "Metadata"] {
        if let Some(value) = template.get(section) {
            begun[section] = value.clone();
        }
    }
    begun
}

/// Uploads a template that is too large for a request.
async fn upload_large(
    session: &Session<'_>,
    mut source: Source,
    (stack, identity): (&Stack, &Identity),
    now: SystemTime,
) -> Result<Source> {
    if let TemplateSource::Inline(body) = &source.template {
        let bucket = Bucket::of(stack, &identity.account, &identity.region);
        let (place, large) = place_template(session, &bucket, body);
        if let Some(asset) = large {
            upload(session, &bucket, &[asset], now).await?;
        }
        source.template = place;
    }
    Ok(source)
}

async fn execute(
    session: &Session<'_>,
    source: &Source,
    creates_stack: bool,
    confirm: &mut (dyn FnMut(&Plan) -> bool + Send),
) -> Result<Deployed> {
    session.begin(DeployStep::Plan);
    let mut approve = |plan: &Plan| {
        (session.progress)(Progress::Planned { plan: plan.clone() });
        match confirm(plan) {
            true => Ok(()),
            false => Err(Error::refused(
                "nothing was imported: the plan was not confirmed",
            )),
        }
    };
    let overtaken = match change_set::create(session, source, creates_stack).await? {
        Planned::Ready(change_set) => {
            let carried = carry_out(session, change_set, (None, source), &mut approve).await;
            match carried.map_err(|error| explain(error, creates_stack))? {
                Ok(deployed) => return Ok(deployed),
                Err(overtaken) => overtaken,
            }
        }
        Planned::Overtaken(why) => why,
        Planned::NoChange => "another import came first".to_owned(),
    };
    Err(Error::failed(format!(
        "the stack {} changed in the meantime ({overtaken})",
        source.stack
    ))
    .hint("nothing was imported: run it again"))
}

/// Says how to go on after a failed import into a new stack.
fn explain(error: Error, created_stack: bool) -> Error {
    if created_stack && error.kind() == Kind::DeploymentFailed {
        return error.hint(
            "fix the cause and run the same command again: it deletes the empty stack first",
        );
    }
    error
}
