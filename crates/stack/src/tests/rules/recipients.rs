//! The recipients of the alarms.

use crate::Recipient;
use crate::tests::{changed, line, problems};

const NOTIFY: &str = "notify: [ops@example.com]\n";

fn found(notify: &str) -> Vec<String> {
    problems(&changed(NOTIFY, &format!("notify:\n{notify}")))
        .iter()
        .map(line)
        .collect()
}

#[test]
fn addresses_topics_and_channels_are_taken() {
    let text = "notify:\n  - ops@example.com\n  - arn:aws:sns:us-west-2:111122223333:pager\n  - slack: {workspace: T0123456789, channel: C0123456789}\n";
    let stack = crate::parse("", &changed(NOTIFY, text)).unwrap().stack;
    assert_eq!(
        stack.notify,
        [
            Recipient::Email("ops@example.com".to_owned()),
            Recipient::Topic("arn:aws:sns:us-west-2:111122223333:pager".to_owned()),
            Recipient::Slack {
                workspace: "T0123456789".to_owned(),
                channel: "C0123456789".to_owned(),
            },
        ]
    );
    assert!(stack.has_subscribers());
}

/// An alarm can act on at most five topics in its own region; one of them is the stack's.
#[test]
fn topics_are_few_and_in_the_stack_s_region() {
    let line = found("  - arn:aws:sns:eu-west-1:111122223333:pager\n");
    assert_eq!(line.len(), 1, "{line:?}");
    assert!(
        line[0].ends_with("notify[0]: the topic is in another region than the alarms"),
        "{line:?}"
    );
    let topics = |count: usize| {
        let topic = |index| format!("  - arn:aws:sns:us-west-2:111122223333:pager{index}\n");
        found(&(0..count).map(topic).collect::<String>())
    };
    assert!(topics(4).is_empty());
    assert!(topics(5)[0].ends_with("notify: more than 4 topics receive the alarms"));
}

#[test]
fn what_is_no_recipient_is_refused() {
    for (recipient, message) in [
        ("ops", "isn't an email address or an SNS topic's ARN"),
        (
            "arn:aws:sns:us-west-2:111122223333:pager.fifo",
            "isn't an email address or an SNS topic's ARN",
        ),
        ("slack: {workspace: T0123456789}", "`channel` is missing"),
        (
            "slack: {workspace: T0123456789, channel: '#alarms'}",
            "isn't the ID of a Slack channel",
        ),
        ("email: ops@example.com", "unknown key `email`"),
    ] {
        let found = found(&format!("  - {recipient}\n"));
        assert!(found.len() == 1 && found[0].contains(message), "{found:?}");
    }
}

/// Each channel is a resource whose name comes from its IDs.
#[test]
fn a_channel_is_listed_once() {
    let slack = "  - slack: {workspace: T0123456789, channel: C0123456789}\n";
    let other = slack.replace("C0123", "C9123");
    assert!(found(&(slack.to_owned() + &other)).is_empty());
    let twice = found(&(slack.to_owned() + &other + slack));
    assert_eq!(twice.len(), 1, "{twice:?}");
    assert!(
        twice[0].ends_with("notify[2]: the channel is listed twice"),
        "{twice:?}"
    );
}
