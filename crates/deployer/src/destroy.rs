//! Taking a stack away: the guards, the deletion, and the proof that nothing is left.

use aws_sdk_sqs::types::QueueAttributeName;
use futures::future::try_join_all;
use serde::Serialize;

use crate::deploy::failure;
use crate::error::{Error, Result, aws};
use crate::follow::Follower;
use crate::observe::{Observed, Resource, observe, resources};
use crate::remains::{Remains, remains};
use crate::session::Session;
use crate::status::{Operation, Status};

/// What a destruction will take away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Doomed {
    /// The stack's name.
    pub stack: String,
    /// Its resources.
    pub resources: Vec<Resource>,
    /// Messages in its queues, those with none left out.
    pub messages: Vec<QueueMessages>,
}

/// Messages in a queue, of every kind: waiting, in flight, delayed. SQS's numbers are approximate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QueueMessages {
    /// Logical id in the template.
    pub logical_id: String,
    /// Queue URL.
    pub url: String,
    /// How many.
    pub messages: u64,
}

/// What a destruction came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Destroyed {
    /// Whether there was a stack.
    pub existed: bool,
    /// The proof: what was looked for, and what was found.
    pub remains: Remains,
}

/// Takes the stack away, after `approve` has seen what that means. No stack is success.
///
/// # Errors
/// When a guard refuses (termination protection, messages without `force`, `approve`), when
/// CloudFormation can't delete a resource, when something is left, or when AWS can't be reached.
pub async fn destroy(
    session: &Session<'_>,
    name: &str,
    force: bool,
    approve: &mut (dyn FnMut(&Doomed) -> Result<()> + Send),
) -> Result<Destroyed> {
    let Some(stack) = settled(session, name).await? else {
        return Ok(Destroyed {
            existed: false,
            remains: Remains::default(),
        });
    };
    if stack.termination_protection {
        return Err(
            Error::refused(format!("the stack {name} is protected against termination")).hint(
                "set `termination_protection: false` in the definition and deploy, then destroy",
            ),
        );
    }
    let doomed = doomed(session, name, &stack).await?;
    refuse_messages(&doomed, force)?;
    approve(&doomed)?;
    delete(session, name, &stack, &doomed).await?;
    let remains = remains(session, &doomed.resources).await?;
    if let Some(left) = remains.left.first() {
        let text = format!(
            "CloudFormation deleted {name}, but {} {} is still there",
            left.resource_type, left.physical_id
        );
        return Err(Error::failed(text).hint("remove it by hand, or look for who made it again"));
    }
    Ok(Destroyed {
        existed: true,
        remains,
    })
}

/// The stack once nothing goes on in it; a deletion in progress is followed to its end.
async fn settled(session: &Session<'_>, name: &str) -> Result<Option<Observed>> {
    loop {
        let Some(stack) = observe(session, name).await? else {
            return Ok(None);
        };
        let Status::Busy(operation) = stack.status else {
            return Ok(Some(stack));
        };
        let word = operation.name();
        session.note(format!(
            "a {word} of {name} is already in progress: following it"
        ));
        let before = resources(session, &stack.id).await?;
        let ended = Follower::start(session, &stack.id)
            .await?
            .until_settled()
            .await?;
        if operation == Operation::Delete && ended.stack.is_none() {
            let remains = remains(session, &before).await?;
            session.note(format!(
                "{} resources looked for, {} left",
                remains.gone,
                remains.left.len()
            ));
            return Ok(None);
        }
    }
}

async fn doomed(session: &Session<'_>, name: &str, stack: &Observed) -> Result<Doomed> {
    let resources = resources(session, &stack.id).await?;
    let queues = resources.iter().filter(|resource| {
        resource.resource_type == "AWS::SQS::Queue" && !resource.physical_id.is_empty()
    });
    let messages = try_join_all(queues.map(|queue| messages(session, queue))).await?;
    let messages = messages
        .into_iter()
        .filter(|queue| queue.messages > 0)
        .collect();
    Ok(Doomed {
        stack: name.to_owned(),
        resources,
        messages,
    })
}

async fn messages(session: &Session<'_>, queue: &Resource) -> Result<QueueMessages> {
    let url = queue.physical_id.clone();
    let attributes = [
        QueueAttributeName::ApproximateNumberOfMessages,
        QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        QueueAttributeName::ApproximateNumberOfMessagesDelayed,
    ];
    let request = session.clients.sqs.get_queue_attributes().queue_url(&url);
    let reply = request
        .set_attribute_names(Some(attributes.to_vec()))
        .send()
        .await;
    let reply = match reply {
        Ok(reply) => reply,
        // Deleted by an earlier, half-done run.
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|e| e.is_queue_does_not_exist()) =>
        {
            return Ok(QueueMessages {
                logical_id: queue.logical_id.clone(),
                url,
                messages: 0,
            });
        }
        Err(error) => return Err(aws(format!("count the messages in {url}"))(error)),
    };
    let mut messages = 0u64;
    for name in attributes {
        let text = reply.attributes().and_then(|all| all.get(&name));
        let count = text
            .and_then(|text| text.parse::<u64>().ok())
            .ok_or_else(|| {
                Error::failed(format!(
                    "failed to count the messages in {url}: no {}",
                    name.as_str()
                ))
            })?;
        messages = messages.saturating_add(count);
    }
    Ok(QueueMessages {
        logical_id: queue.logical_id.clone(),
        url,
        messages,
    })
}

fn refuse_messages(doomed: &Doomed, force: bool) -> Result<()> {
    let Some(first) = doomed.messages.first().filter(|_| !force) else {
        return Ok(());
    };
    let mut error = Error::refused(format!(
        "{} ({}) still holds about {} messages, which would be lost",
        first.logical_id, first.url, first.messages
    ));
    for queue in doomed.messages.iter().skip(1) {
        error = error.hint(format!(
            "so does {}: about {} messages",
            queue.logical_id, queue.messages
        ));
    }
    Err(error.hint("let the workers finish or move the messages, or give them up with --force"))
}

async fn delete(
    session: &Session<'_>,
    name: &str,
    stack: &Observed,
    doomed: &Doomed,
) -> Result<()> {
    stop_stray_tasks(session, doomed).await?;
    session.note(format!(
        "deleting {name} ({} resources)",
        doomed.resources.len()
    ));
    let follower = Follower::start(session, &stack.id).await?;
    session
        .clients
        .cloudformation
        .delete_stack()
        .stack_name(&stack.id)
        .client_request_token(session.token())
        .send()
        .await
        .map_err(aws(format!("delete the stack {name}")))?;
    let ended = follower.until_settled().await?;
    match ended.stack {
        None => Ok(()),
        Some(left) => Err(failure(name, &left, &ended.causes)),
    }
}

/// Stops tasks that somebody ran by hand in a cluster of the stack: CloudFormation can't delete a cluster
/// with tasks in it. Those of its services end with their services.
async fn stop_stray_tasks(session: &Session<'_>, doomed: &Doomed) -> Result<()> {
    let ecs = &session.clients.ecs;
    let clusters = doomed.resources.iter().filter(|resource| {
        resource.resource_type == "AWS::ECS::Cluster" && !resource.physical_id.is_empty()
    });
    for cluster in clusters {
        let cluster = &cluster.physical_id;
        let mut pages = ecs.list_tasks().cluster(cluster).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = match page {
                Ok(page) => page,
                Err(error)
                    if error
                        .as_service_error()
                        .is_some_and(|e| e.is_cluster_not_found_exception()) =>
                {
                    break;
                }
                Err(error) => return Err(aws(format!("list the tasks of {cluster}"))(error)),
            };
            if page.task_arns().is_empty() {
                continue;
            }
            // A page holds up to 100 tasks, which is what DescribeTasks takes.
            let tasks = ecs
                .describe_tasks()
                .cluster(cluster)
                .set_tasks(page.task_arns);
            let tasks = tasks
                .send()
                .await
                .map_err(aws(format!("describe the tasks of {cluster}")))?;
            let strays = tasks.tasks().iter().filter(|task| {
                !task
                    .group()
                    .is_some_and(|group| group.starts_with("service:"))
            });
            for arn in strays.filter_map(|task| task.task_arn()) {
                session.note(format!("stopping the task {arn}, which no service started"));
                let request = ecs.stop_task().cluster(cluster).task(arn);
                let sent = request
                    .reason("its cluster is being destroyed")
                    .send()
                    .await;
                sent.map_err(aws(format!("stop the task {arn}")))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doomed(messages: &[u64]) -> Doomed {
        let messages = messages.iter().enumerate().map(|(i, count)| QueueMessages {
            logical_id: format!("Q{i}"),
            url: format!("https://sqs/q{i}"),
            messages: *count,
        });
        Doomed {
            stack: "s".into(),
            resources: vec![],
            messages: messages.collect(),
        }
    }

    #[test]
    fn messages_are_refused_unless_forced() {
        assert!(refuse_messages(&doomed(&[]), false).is_ok());
        assert!(refuse_messages(&doomed(&[3]), true).is_ok());
        let error = refuse_messages(&doomed(&[3, 4]), false).unwrap_err();
        assert_eq!(error.kind(), crate::Kind::Refused);
        assert!(error.to_string().contains("Q0"), "{error}");
        assert!(
            error.hints().iter().any(|hint| hint.contains("Q1")),
            "{error:?}"
        );
        assert!(
            error.hints().iter().any(|hint| hint.contains("--force")),
            "{error:?}"
        );
    }
}
