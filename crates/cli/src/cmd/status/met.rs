//! How the latency objectives were met, for people.

use deployer::{QueueShares, ServiceShares, ServiceState, Share};
use indicatif::HumanCount;
use simulator::{format_duration, format_share};

/// A line for each queue of a service.
pub(super) fn format_met(service: &ServiceState, shares: &[ServiceShares]) -> String {
    let is_meant = |one: &&ServiceShares| {
        one.ecs.service == service.service && one.ecs.cluster == service.cluster
    };
    let queues = shares.iter().filter(is_meant).flat_map(|one| &one.queues);
    queues.map(format_queue).collect()
}

fn format_queue(shares: &QueueShares) -> String {
    let QueueShares {
        queue, hour, day, ..
    } = shares;
    let within = format_duration(shares.objective);
    let text = match (hour.share, day.share) {
        (None, None) => {
            let reason = day.reason.unwrap_or_default();
            format!("not measurable: {reason} in the last day")
        }
        _ => format!(
            "{} in the last hour, {} in the last day",
            format_one(hour),
            format_one(day)
        ),
    };
    format!("met           {queue} within {within}: {text}\n")
}

fn format_one(share: &Share) -> String {
    match share.share {
        Some(met) => format!(
            "about {} of {}",
            format_share(met),
            HumanCount(share.messages)
        ),
        None => share.reason.unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_t_be_measured_says_why() {
        let met = |share, messages| Share {
            messages,
            share: Some(share),
            reason: None,
        };
        let none = Share {
            messages: 0,
            share: None,
            reason: Some("no message was received"),
        };
        let line = |hour: &Share, day: &Share| {
            format_queue(&QueueShares {
                queue: "jobs".to_owned(),
                objective: 10.0,
                hour: hour.clone(),
                day: day.clone(),
            })
        };
        let (hour, day) = (met(0.992, 1_234), met(0.97319, 20_000));
        insta::assert_snapshot!(
            [line(&hour, &day), line(&none, &day), line(&none, &none)].concat(),
            @r"
        met           jobs within 10s: about 99.20% of 1,234 in the last hour, about 97.31% of 20,000 in the last day
        met           jobs within 10s: no message was received in the last hour, about 97.31% of 20,000 in the last day
        met           jobs within 10s: not measurable: no message was received in the last day
        "
        );
    }
}
