//! `status`: a stack at work.

use std::time::{SystemTime, UNIX_EPOCH};

use comfy_table::{Table, presets};
use deployer::{AlarmState, Inspection, QueueState, ServiceState};

use crate::connect::ConnectArgs;
use crate::definition::StackRef;
use crate::failure::{Failure, Result};
use crate::output::Format;
use crate::ui::Ui;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Stack definition, or the name of the stack
    #[arg(value_name = "STACK")]
    stack: StackRef,
    #[command(flatten)]
    connect: ConnectArgs,
}

pub(crate) async fn run(args: Args, format: Format) -> Result<()> {
    let known = args.stack.resolve()?;
    let ui = Ui::new();
    let cloud = args.connect.connect(&known, &ui).await?;
    let progress = |progress| ui.progress(progress);
    let session = cloud.session(&progress);
    let identity = cloud.identify(&session, &known).await?;
    let now = SystemTime::now();
    let inspection = deployer::inspect(&session, &known.name, now).await?;
    ui.finish();
    let Some(inspection) = inspection else {
        let (account, region) = (identity.account, identity.region);
        return Err(Failure::failed(format!(
            "there is no stack {} in account {account}, {region}",
            known.name
        ))
        .hint("check the name, --profile and --region; `deploy` makes it"));
    };
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    format.print(&inspection, |inspection| text(&known.name, inspection, now));
    Ok(())
}

/// The whole picture; `now` in seconds since 1970.
pub(crate) fn text(name: &str, inspection: &Inspection, now: u64) -> String {
    let mut text = format!("{name}: {}\n", inspection.stack.status_name);
    if let Some(reason) = &inspection.stack.reason {
        text.push_str(&format!("  {reason}\n"));
    }
    for service in &inspection.services {
        text.push_str(&service_text(service, now));
    }
    for queue in &inspection.dead_letters {
        text.push_str(&format!(
            "\ndead letters  {}: {}\n",
            queue.name,
            depth(queue)
        ));
    }
    let noisy: Vec<&AlarmState> = inspection
        .alarms
        .iter()
        .filter(|alarm| alarm.state == "ALARM")
        .collect();
    text.push_str(&format!(
        "\nalarms        {} of {} operational alarms are in ALARM\n",
        noisy.len(),
        inspection.alarms.len()
    ));
    for alarm in noisy {
        let what = if alarm.description.is_empty() {
            &alarm.name
        } else {
            &alarm.description
        };
        text.push_str(&format!("  {what}\n    {}\n", alarm.reason));
    }
    text
}

fn service_text(service: &ServiceState, now: u64) -> String {
    let bounds = service
        .bounds
        .map(|(min, max)| format!(" (min {min}, max {max})"))
        .unwrap_or_default();
    let mut text = format!(
        "\nservice       {} in cluster {}: {}\ntasks         {} running, {} pending, {} desired{bounds}\n",
        service.service,
        service.cluster,
        service.status,
        service.running,
        service.pending,
        service.desired
    );
    let target = service.policies.iter().find_map(|policy| policy.target);
    for queue in &service.queues {
        text.push_str(&format!("queue         {}: {}\n", queue.name, depth(queue)));
        text.push_str(&format!("metric        {}\n", metric(queue, target, now)));
    }
    for policy in &service.policies {
        text.push_str(&format!("policy        {}\n", policy.name));
        text.push_str(&alarms(&policy.alarms));
    }
    for activity in &service.activities {
        let ago = age(now, activity.at);
        text.push_str(&format!(
            "action        {ago} ago: {} ({})\n",
            activity.description, activity.cause
        ));
    }
    text
}

fn depth(queue: &QueueState) -> String {
    match (queue.visible, queue.in_flight, queue.delayed) {
        (Some(visible), Some(in_flight), Some(delayed)) => {
            format!("{visible} waiting, {in_flight} in flight, {delayed} delayed")
        }
        _ => "can't be read: is it gone?".to_owned(),
    }
}

fn metric(queue: &QueueState, target: Option<f64>, now: u64) -> String {
    let target = target
        .map(|target| format!(", target {}", number(target)))
        .unwrap_or_default();
    match queue.backlog_per_task {
        Some(point) => {
            format!(
                "BacklogPerTask {} ({} ago){target}",
                number(point.value),
                age(now, point.at)
            )
        }
        None => format!("no BacklogPerTask in the last 15 minutes{target}"),
    }
}

fn alarms(alarms: &[AlarmState]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    for alarm in alarms {
        let threshold = alarm.threshold.map(number).unwrap_or_default();
        let sign = match alarm.comparison.as_str() {
            "GreaterThanThreshold" => ">",
            "GreaterThanOrEqualToThreshold" => "≥",
            "LessThanThreshold" => "<",
            "LessThanOrEqualToThreshold" => "≤",
            other => other,
        };
        let window = format!(
            "{} of {} × {} s",
            alarm.datapoints, alarm.periods, alarm.period_s
        );
        table.add_row([
            format!("              {sign} {threshold}"),
            window,
            alarm.state.clone(),
        ]);
    }
    if alarms.is_empty() {
        String::new()
    } else {
        format!("{}\n", table.trim_fmt())
    }
}

/// At most three decimals, none that say nothing.
pub(crate) fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn age(now: u64, at: i64) -> String {
    let seconds = now.saturating_sub(u64::try_from(at).unwrap_or_default());
    humantime::format_duration(std::time::Duration::from_secs(seconds)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use deployer::{Activity, Datapoint, Observed, PolicyState, Status};

    const NOW: u64 = 1_800_000_000;

    fn alarm(comparison: &str, threshold: f64, periods: i32, state: &str) -> AlarmState {
        AlarmState {
            name: "alarm".into(),
            description: "the promise is broken: messages wait over 10 s".into(),
            state: state.into(),
            reason: "Threshold Crossed: 1 datapoint".into(),
            comparison: comparison.into(),
            threshold: Some(threshold),
            datapoints: periods,
            periods,
            period_s: 60,
        }
    }

    fn queue(name: &str, visible: Option<u64>, point: Option<f64>) -> QueueState {
        QueueState {
            name: name.into(),
            url: format!("https://sqs/{name}"),
            visible,
            in_flight: visible.map(|_| 7),
            delayed: visible.map(|_| 0),
            backlog_per_task: point.map(|value| Datapoint {
                value,
                at: 1_800_000_000 - 75,
            }),
        }
    }

    #[test]
    fn the_whole_picture() {
        let policy = PolicyState {
            name: "voucher-worker-backlog-per-task".into(),
            target: Some(100.0),
            alarms: vec![
                alarm("GreaterThanThreshold", 100.0, 3, "ALARM"),
                alarm("LessThanThreshold", 90.0, 15, "OK"),
            ],
        };
        let activity = Activity {
            at: 1_800_000_000 - 3_661,
            description: "Setting desired count to 15.".into(),
            cause: "monitor alarm TargetTracking in state ALARM".into(),
            status: "Successful".into(),
        };
        let service = ServiceState {
            cluster: "voucher".into(),
            service: "voucher-worker".into(),
            status: "ACTIVE".into(),
            desired: 15,
            running: 10,
            pending: 5,
            bounds: Some((1, 20)),
            queues: vec![
                queue("vouchers", Some(1_500), Some(150.0)),
                queue("late", Some(0), None),
                queue("gone", None, None),
            ],
            policies: vec![policy],
            activities: vec![activity],
        };
        let stack = Observed {
            id: "arn".into(),
            status: Status::Ready { rolled_back: true },
            status_name: "UPDATE_ROLLBACK_COMPLETE".into(),
            reason: Some(
                "The following resource(s) failed to update: [VoucherWorkerService].".into(),
            ),
            termination_protection: false,
            ours: true,
            outputs: Default::default(),
        };
        let inspection = Inspection {
            stack,
            services: vec![service],
            dead_letters: vec![queue("vouchers-dead-letter", Some(3), None)],
            alarms: vec![
                alarm("GreaterThanThreshold", 10.0, 3, "ALARM"),
                alarm("GreaterThanThreshold", 10.0, 3, "OK"),
            ],
        };
        insta::assert_snapshot!(text("voucher-worker", &inspection, NOW));
    }

    #[test]
    fn a_number_has_no_decimals_that_say_nothing() {
        assert_eq!(number(150.0), "150");
        assert_eq!(number(0.5), "0.5");
        assert_eq!(number(1.0 / 3.0), "0.333");
        assert_eq!(number(0.0), "0");
    }
}
