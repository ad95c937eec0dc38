//! Scaling activities, as DescribeScalingActivities shows them.

use std::time::Duration;

use scaling::ActivityStatus;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// A scaling activity. Times are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Activity {
    activity_id: String,
    service_namespace: &'static str,
    pub resource_id: String,
    scalable_dimension: &'static str,
    description: String,
    cause: String,
    start_time: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<f64>,
    status_code: ActivityStatus,
    status_message: String,
    /// The count that it sets.
    #[serde(skip)]
    pub to: u32,
}

impl Activity {
    /// Creates an activity that starts to set a count at `start`, since 1970.
    pub(super) fn begin(resource_id: &str, to: u32, cause: &str, start: Duration) -> Self {
        Self {
            activity_id: derive_id(resource_id, start),
            service_namespace: "ecs",
            resource_id: resource_id.to_owned(),
            scalable_dimension: "ecs:service:DesiredCount",
            description: format!("Setting desired count to {to}."),
            cause: cause.to_owned(),
            start_time: start.as_secs_f64(),
            end_time: None,
            status_code: ActivityStatus::InProgress,
            status_message: format!(
                "Successfully set desired count to {to}. Waiting for change to be fulfilled by ecs."
            ),
            to,
        }
    }

    /// Returns the same activity after the service has this number of running tasks.
    #[must_use]
    pub(super) fn fulfilled(self, at: Duration) -> Self {
        let to = self.to;
        let message = format!(
            "Successfully set desired count to {to}. Change successfully fulfilled by ecs."
        );
        self.finish(ActivityStatus::Successful, message, at)
    }

    /// Returns the same activity after the count was changed again earlier.
    #[must_use]
    pub(super) fn overridden(self, at: Duration) -> Self {
        let to = self.to;
        let message = format!("Set desired count to {to}. Change overridden by a later one.");
        self.finish(ActivityStatus::Overridden, message, at)
    }

    /// Returns the same activity if the count couldn't be set.
    #[must_use]
    pub(super) fn failed(self, why: &str, at: Duration) -> Self {
        let message = format!("Failed to set desired count to {}. Reason: {why}", self.to);
        self.finish(ActivityStatus::Failed, message, at)
    }

    /// Returns the activity if this observation of the service ends it. `counts` are the desired and the
    /// running tasks. `None` if the service is gone.
    pub(super) fn observe(&self, counts: Option<(u32, u32)>, at: Duration) -> Option<Self> {
        match counts {
            Some((desired, running)) if desired == self.to => {
                (running == self.to).then(|| self.clone().fulfilled(at))
            }
            _ => Some(self.clone().overridden(at)),
        }
    }

    fn finish(self, status_code: ActivityStatus, status_message: String, at: Duration) -> Self {
        Self {
            status_code,
            status_message,
            end_time: Some(at.as_secs_f64()),
            ..self
        }
    }
}

/// Returns an ID in Application Auto Scaling's format. No two activities of a target start at the same time.
fn derive_id(resource_id: &str, start: Duration) -> String {
    let digest = Sha256::digest(format!("{resource_id} {}", start.as_nanos()));
    let text = hex::encode(digest);
    let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
    let parts = [
        part(0..8),
        part(8..12),
        part(12..16),
        part(16..20),
        part(20..32),
    ];
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The example of `describe-scaling-activities` in the AWS CLI's reference, with another ID.
    #[test]
    fn reads_like_application_auto_scalings() {
        let cause =
            "monitor alarm web-app-cpu-lt-25 in state ALARM triggered policy web-app-cpu-lt-25";
        let begin = Duration::from_millis(1_462_575_838_171);
        let end = Duration::from_millis(1_462_575_872_111);
        let activity = Activity::begin("service/default/web-app", 1, cause, begin);
        let mut shown = serde_json::to_value(activity.fulfilled(end)).unwrap();
        let id = shown.as_object_mut().unwrap().remove("ActivityId").unwrap();
        let lengths: Vec<usize> = id.as_str().unwrap().split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        let expected = json!({
            "ScalableDimension": "ecs:service:DesiredCount",
            "Description": "Setting desired count to 1.",
            "ResourceId": "service/default/web-app",
            "StartTime": 1_462_575_838.171,
            "ServiceNamespace": "ecs",
            "EndTime": 1_462_575_872.111,
            "Cause": cause,
            "StatusMessage": "Successfully set desired count to 1. Change successfully fulfilled by ecs.",
            "StatusCode": "Successful",
        });
        assert_eq!(shown, expected);
    }

    #[test]
    fn ends_when_as_many_run_or_the_count_is_another() {
        let at = Duration::from_secs(9);
        let activity = Activity::begin("service/c/s", 3, "", Duration::from_secs(1));
        assert_eq!(activity.observe(Some((3, 2)), at), None);
        let ended = |counts| activity.observe(counts, at).unwrap().status_code;
        assert_eq!(ended(Some((3, 3))), ActivityStatus::Successful);
        assert_eq!(ended(Some((2, 3))), ActivityStatus::Overridden);
        assert_eq!(ended(None), ActivityStatus::Overridden);
        let other = Activity::begin("service/c/s", 3, "", Duration::from_secs(2));
        assert_ne!(other.activity_id, activity.activity_id);
        let failed = activity.failed("denied", at);
        assert_eq!(failed.status_code, ActivityStatus::Failed);
        assert_eq!(
            failed.status_message,
            "Failed to set desired count to 3. Reason: denied"
        );
    }
}
