//! The first invocation of a deployed stack's functions. The rules would invoke them within a minute, but then
//! no one would notice a failure.

use std::time::Duration;

use futures::stream::{self, StreamExt, TryStreamExt};
use tokio::time::Instant;

use crate::error::{Error, Kind, Result};
use crate::functions::check_once;
use crate::invoke::{self, Attempt, Invocation, function_name};
use crate::pause::unread_pause;
use crate::resource::Resource;
use crate::session::Session;
use crate::targets::{Purpose, Target, read_targets};

/// New roles work only a few seconds after they are created, because IAM replicates them to its servers.
const PATIENCE: Duration = Duration::from_secs(30);
/// Concurrent invocations.
const AT_ONCE: usize = 4;

/// Invokes the functions that the rules among a stack's resources target, once for each target. The event is the
/// target's own input, or a request for a single check for a function that scales by demand. So the first datapoints
/// exist when the deploy ends, and each scaling function has shown that it can read its alarms or queues, and its
/// service. It does only what the rule would make it do within the minute. Returns the number of targets that were
/// invoked.
///
/// # Errors
/// If a function still fails after the time that a new role might need to work, or if AWS can't be reached.
/// Missing permission to invoke functions isn't an error, because the stack is deployed: it is only reported.
pub(crate) async fn measure_once(session: &Session<'_>, resources: &[Resource]) -> Result<usize> {
    let targets: Vec<Target> = read_targets(session, resources)
        .await?
        .into_iter()
        .filter(|target| target.arn.contains(":lambda:") && !target.input.is_empty())
        .collect();
    let any = |purpose| targets.iter().any(|target| target.purpose() == purpose);
    if any(Purpose::Measure) {
        session.note("measuring once, instead of waiting for the rules");
    }
    if any(Purpose::ReEvaluate) || any(Purpose::ScaleByDemand) {
        session.note("invoking the scaling functions once, instead of waiting for the rules");
    }
    let invoked: Vec<bool> = stream::iter(&targets)
        .map(|target| until_it_works(session, target))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(invoked.into_iter().filter(|invoked| *invoked).count())
}

/// Returns whether the target was invoked. False without the permission.
async fn until_it_works(session: &Session<'_>, target: &Target) -> Result<bool> {
    let begun = Instant::now();
    let mut delay = session.pace.first;
    let mut noted = false;
    let event = check_once(&target.input);
    loop {
        let why = match invoke::invoke_once(session, &target.arn, &event).await? {
            Attempt::ScoredRun(invocation) => match invocation.error {
                None => {
                    note_unread_pauses(session, &invocation);
                    return Ok(true);
                }
                Some(why) => why,
            },
            Attempt::NotAllowed(error) => {
                let what = match target.purpose() {
                    Purpose::Measure => "not measured",
                    Purpose::ReEvaluate | Purpose::ScaleByDemand => "not tried",
                };
                session.note(format!("{what}: {error}"));
                return Ok(false);
            }
            // Its rule was faster and uses its only concurrency: for most of each minute, if it scales by demand.
            Attempt::Busy(_) if target.purpose() != Purpose::Measure => {
                session.note(format!(
                    "{} isn't invoked: its rule has just invoked it, and it runs only once at a time",
                    function_name(&target.arn)
                ));
                return Ok(false);
            }
            Attempt::Busy(error) if begun.elapsed() + delay > PATIENCE => {
                session.note(format!("not measured: {error}"));
                return Ok(false);
            }
            Attempt::Busy(error) | Attempt::NotRun(error) => error.to_string(),
        };
        if begun.elapsed() + delay > PATIENCE {
            return Err(explain_failure(session, target, &why).await);
        }
        if !noted {
            session.note(format!(
                "{} failed; new roles need a few seconds to work; trying again: {why}",
                function_name(&target.arn)
            ));
            noted = true;
        }
        tokio::time::sleep(delay).await;
        delay = session.pace.next(delay);
    }
}

/// A function that can't read pauses keeps scaling, so people should know that before they need a pause.
fn note_unread_pauses(session: &Session<'_>, invocation: &Invocation) {
    let unread = invocation.log.iter().find_map(|line| unread_pause(line));
    if let Some(error) = unread {
        session.note(format!(
            "{} couldn't read whether its services are paused; if that stays so, `pause` doesn't stop it: {error}",
            invocation.function
        ));
    }
}

async fn explain_failure(session: &Session<'_>, target: &Target, why: &str) -> Error {
    let function = function_name(&target.arn);
    let task = match target.purpose() {
        Purpose::Measure => "measure",
        Purpose::ReEvaluate | Purpose::ScaleByDemand => "read the data that it scales by",
    };
    Error::new(
        Kind::DeploymentFailed,
        format!("deployed, but the function {function} can't {task}: {why}"),
    )
    .hint(format!(
        "its log: {} in CloudWatch Logs",
        log_group(session, &target.arn).await
    ))
    .hint(format!(
        "the rule {} continues to invoke it; fix the cause, then deploy again",
        target.rule
    ))
}

async fn log_group(session: &Session<'_>, arn: &str) -> String {
    let request = session.clients.lambda.get_function_configuration();
    let reply = request.function_name(arn).send().await.ok();
    let named = reply.as_ref().and_then(|reply| {
        let logging = reply.logging_config()?;
        logging.log_group().map(str::to_owned)
    });
    named.unwrap_or_else(|| format!("/aws/lambda/{}", function_name(arn)))
}
