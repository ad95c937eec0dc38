//! The sections of the documentation that the descriptions of alarms link to.

/// The page with a section for each alarm.
const PAGE: &str = "alarms.md";

/// Where the documentation is published: the URL of the folder with its pages. The release sets it. Otherwise, a
/// description has the page's path in the repository and in a release's archive.
const DOCS: &str = match option_env!("ECS_SCALER_DOCS") {
    Some(url) => url,
    None => "docs",
};

/// A section of the page. Each has a heading, from which the link is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runbook {
    MessagesWait,
    DeadLetters,
    BacklogMissing,
    NeedMissing,
    MetricFunction,
    RunningTasksMissing,
    ScalingFunction,
    FailedEvents,
    NoHealthyTarget,
    LoadBalancerErrors,
    Scaling,
    NotNotifying,
}

impl Runbook {
    const ALL: [Self; 12] = [
        Self::MessagesWait,
        Self::DeadLetters,
        Self::BacklogMissing,
        Self::NeedMissing,
        Self::MetricFunction,
        Self::RunningTasksMissing,
        Self::ScalingFunction,
        Self::FailedEvents,
        Self::NoHealthyTarget,
        Self::LoadBalancerErrors,
        Self::Scaling,
        Self::NotNotifying,
    ];

    fn anchor(self) -> &'static str {
        match self {
            Self::MessagesWait => "messages-wait-too-long",
            Self::DeadLetters => "messages-are-in-a-dead-letter-queue",
            Self::BacklogMissing => "the-backlog-metric-is-missing",
            Self::NeedMissing => "the-number-of-required-tasks-is-missing",
            Self::MetricFunction => "the-metric-function-fails",
            Self::RunningTasksMissing => "the-number-of-running-tasks-is-missing",
            Self::ScalingFunction => "a-scaling-function-fails",
            Self::FailedEvents => "a-scaling-function-could-not-process-an-event",
            Self::NoHealthyTarget => "no-healthy-target",
            Self::LoadBalancerErrors => "the-load-balancer-returns-errors",
            Self::Scaling => "alarms-that-scale-and-notify-you",
            Self::NotNotifying => "alarms-that-notify-no-one",
        }
    }

    /// The link to the section.
    pub(crate) fn link(self) -> String {
        format!("{DOCS}/{PAGE}#{}", self.anchor())
    }
}

/// The sections that the descriptions of alarms link to: pages in `docs`, and the anchors of their headings.
pub fn list_alarm_sections() -> impl Iterator<Item = (&'static str, &'static str)> {
    let all = Runbook::ALL.into_iter();
    all.map(|section| (PAGE, section.anchor()))
}
