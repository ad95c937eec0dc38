//! `init --from`: reads a running service, writes its definition, and simulates the last two weeks.

use std::time::SystemTime;

use adopt::live::{Facts, Readings, Written, infer, write_definition};
use deployer::{AdoptRequest, Between};
use serde::Serialize;

use super::judge::{self, Judgment};
use super::{Args, is_standard_output, there_already, write_file};
use crate::connect::Cloud;
use crate::definition::Known;
use crate::failure::{Failure, Result};
use crate::output::{self, Format};
use crate::ui::Ui;
use crate::workshop::program;

use super::text::format_result;

/// The service that runs, and what only a person knows of it.
#[derive(Debug, clap::Args)]
pub(super) struct LiveArgs {
    /// Write the definition of this running ECS service: read it and two weeks of its metrics, and simulate them
    #[arg(long, value_name = "CLUSTER/SERVICE", value_parser = parse_service, help_heading = "With --from")]
    pub(super) from: Option<ServiceRef>,
    /// Queue that the service consumes: a URL, an ARN, or a name [default: those of its variables, task role, and tags]
    #[arg(
        long,
        value_name = "QUEUE",
        requires = "from",
        help_heading = "With --from"
    )]
    queue: Vec<String>,
    /// Latency objective, such as `99% within 1m`; without it, the definition asks for one
    #[arg(long, value_name = "OBJECTIVE", requires = "from", value_parser = parse_slo, help_heading = "With --from")]
    slo: Option<String>,
}

/// A service, by the names of its cluster and itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ServiceRef {
    cluster: String,
    service: String,
}

/// Parses `CLUSTER/SERVICE`, or the service's ARN.
fn parse_service(text: &str) -> std::result::Result<ServiceRef, String> {
    let named = match text.split_once(":service/") {
        Some((arn, named)) if arn.starts_with("arn:") => named,
        _ => text,
    };
    let plain = |name: &str| {
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
        !name.is_empty() && name.len() <= 255 && name.chars().all(is_plain)
    };
    match named.split_once('/') {
        Some((cluster, service)) if plain(cluster) && plain(service) => Ok(ServiceRef {
            cluster: cluster.to_owned(),
            service: service.to_owned(),
        }),
        _ => Err("a cluster and a service, such as shop/order-worker".to_owned()),
    }
}

/// Checks a latency objective before anything is read.
fn parse_slo(text: &str) -> std::result::Result<String, String> {
    let quoted = serde_json::Value::from(text);
    let definition = format!(
        "name: a\nqueues: {{q: {{existing: 'arn:aws:sqs:us-east-1:111122223333:q'}}}}\nservices: {{w: {{existing: c/s, consumes: [q], \
         slo: {quoted}, tasks: {{max: 1}}, scaling: {{demand: {{processing_time: 1s}}}}}}}}\n"
    );
    match stack::parse("objective", &definition) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => {
            Err("a latency with or without a share, such as `1m` or `99% within 1m`".to_owned())
        }
    }
}

/// The result of `init --from`.
#[derive(Debug, Serialize)]
pub(super) struct Adopted {
    /// File that was written. `None` for standard output.
    pub(super) written: Option<String>,
    pub(super) definition: String,
    /// The data that was read.
    pub(super) readings: Readings,
    /// The conclusions from it.
    pub(super) facts: Facts,
    /// The policy that currently scales the service, for people.
    pub(super) present: String,
    /// The simulations of the last two weeks.
    pub(super) simulated: Judgment,
}

pub(super) async fn run(from: &ServiceRef, args: &Args, format: Format) -> Result<()> {
    let to_file = !is_standard_output(&args.file);
    // Before any request.
    if to_file && args.file.exists() {
        return Err(there_already(&args.file)
            .without_hints()
            .hint("name another file: `init --from` never overwrites one"));
    }
    let ui = Ui::new();
    let known = Known::default();
    let cloud = args.connect.connect(&known, &ui).await?;
    let adopted = adopt(&cloud, from, args, &ui).await;
    let mut adopted = adopted.map_err(|failure| cloud.explain(failure))?;
    ui.finish();
    if to_file {
        write_file(&args.file, &adopted.definition, false)?;
        adopted.written = Some(args.file.display().to_string());
    } else if format == Format::Text {
        output::document(&adopted.definition);
        Ui::new().block(&format_result(&adopted));
        return Ok(());
    }
    format.print(&adopted, format_result);
    Ok(())
}

async fn adopt(cloud: &Cloud, from: &ServiceRef, args: &Args, ui: &Ui) -> Result<Adopted> {
    let progress = |progress| ui.progress(progress);
    let session = cloud.session(&progress);
    let identity = cloud.identify(&session, &Known::default()).await?;
    let request = AdoptRequest {
        account: identity.account,
        cluster: from.cluster.clone(),
        service: from.service.clone(),
        queues: args.live.queue.clone(),
    };
    let now = SystemTime::now();
    let readings = deployer::read_adopted(&session, &request, now).await?;
    let facts = infer(&readings);
    let day = humantime::format_rfc3339_seconds(now).to_string();
    let command = format!(
        "{} init --from {}/{}",
        program(),
        from.cluster,
        from.service
    );
    let slo = args.live.slo.as_deref();
    let write = |slo: Option<&str>| {
        let written = Written {
            command: &command,
            day: day.get(..10).unwrap_or_default(),
            slo,
        };
        write_definition(&readings, &facts, written)
    };
    let definition = write(slo);
    require_valid(&write(slo.or(Some("1m"))))?;
    let subject = judge::Subject {
        readings: &readings,
        facts: &facts,
        write: &write,
        slo,
    };
    let names = readings.queues.iter().map(|queue| queue.name.clone());
    let names: Vec<String> = names.collect();
    let history = deployer::sent_history(&session, &names, Between::default(), now).await;
    // Nothing else runs in the meantime.
    let simulated = tokio::task::block_in_place(|| judge::judge(&subject, history, ui));
    Ok(Adopted {
        written: None,
        definition,
        present: facts.present.description.clone(),
        simulated,
        readings,
        facts,
    })
}

/// ecs-scaler writes the definition, so a problem in it is a bug, or a name that isn't valid in definitions.
fn require_valid(definition: &str) -> Result<()> {
    match stack::parse("the definition", definition) {
        Ok(_) => Ok(()),
        Err(report) => {
            let failure: Failure = report.into();
            Err(failure.hint("the running service can't be written as a definition; name its queues with --queue if these are wrong"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_named_by_their_cluster_or_arn() {
        let shop = Ok(ServiceRef {
            cluster: "shop".to_owned(),
            service: "order-worker".to_owned(),
        });
        assert_eq!(parse_service("shop/order-worker"), shop);
        assert_eq!(
            parse_service("arn:aws:ecs:us-west-2:111122223333:service/shop/order-worker"),
            shop
        );
        for wrong in [
            "",
            "shop",
            "shop/",
            "/worker",
            "a/b/c",
            "shop/wor ker",
            "arn:aws:ecs:us-west-2:1:cluster/shop",
        ] {
            assert!(parse_service(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn objectives_are_checked_first() {
        for good in ["1m", "99% within 10s", "99.9% within 1m30s"] {
            assert_eq!(parse_slo(good).as_deref(), Ok(good));
        }
        for wrong in ["", "99%", "soon", "0s", "1m\nname: b", "\"}}"] {
            assert!(parse_slo(wrong).is_err(), "{wrong}");
        }
    }
}
