//! Errors for a cluster or service that doesn't exist, with the names of existing ones.

use stack::nearest;

use crate::described::name_of;
use crate::error::{Error, Kind, aws};
use crate::session::Session;

/// Maximum number of names in a hint.
const LISTED: usize = 10;

/// Returns the error for a missing cluster, with the most similar names if they can be listed.
pub(super) async fn no_cluster(session: &Session<'_>, cluster: &str) -> Error {
    let pages = session.clients.ecs.list_clusters().into_paginator().items();
    let listed: Result<Vec<String>, _> = pages.send().try_collect().await;
    let names = listed.map_err(aws("list the clusters"));
    explain(session, &format!("cluster {cluster}"), cluster, names)
}

/// Returns the error for a missing service in a cluster.
pub(super) async fn no_service(session: &Session<'_>, cluster: &str, service: &str) -> Error {
    let request = session.clients.ecs.list_services().cluster(cluster);
    let listed: Result<Vec<String>, _> =
        request.into_paginator().items().send().try_collect().await;
    let names = listed.map_err(aws(format!("list the services of {cluster}")));
    explain(
        session,
        &format!("service {service} in the cluster {cluster}"),
        service,
        names,
    )
}

fn explain(
    session: &Session<'_>,
    what: &str,
    name: &str,
    arns: Result<Vec<String>, Error>,
) -> Error {
    let region = session.clients.region();
    let error = Error::new(Kind::Usage, format!("there is no {what} in {region}"));
    let elsewhere = "check --profile and --region";
    let arns = match arns {
        Ok(arns) => arns,
        Err(denied) => {
            return error
                .hint(elsewhere)
                .hint(format!("{denied}, so no names are shown"));
        }
    };
    let mut names: Vec<&str> = arns.iter().map(|arn| name_of(arn)).collect();
    names.sort_unstable();
    let error = match nearest(name, names.iter().copied()) {
        Some(near) => error.hint(format!("did you mean {near}?")),
        None => error,
    };
    let error = match names.len() {
        0 => error.hint("there are none at all"),
        all if all > LISTED => error.hint(format!(
            "there are {all}, such as {}",
            names[..LISTED].join(", ")
        )),
        _ => error.hint(format!("there are: {}", names.join(", "))),
    };
    error.hint(elsewhere)
}
