//! The record of an alarm's last step: a tag on the alarm.

use aws_sdk_cloudwatch::types::Tag;
use lambda_kit::{Level, Log, in_time};
use scaling::{LAST_STEP_TAG, PerSide, StepRecord};
use serde::Serialize;
use tokio::time::Instant;

use crate::Problem;
use crate::alarms::Alarm;

#[derive(Serialize)]
struct Garbled<'a> {
    alarm: &'a str,
    tag: &'static str,
    value: &'a str,
}

/// Reads the records of the alarms. An invalid record is ignored, and reported in the log.
pub(crate) async fn recall(
    client: &aws_sdk_cloudwatch::Client,
    alarms: &PerSide<Option<Alarm>>,
    deadline: Instant,
    log: &mut Log<'_>,
) -> Result<PerSide<Option<StepRecord>>, Problem> {
    let tag = async |alarm: &Option<Alarm>| match alarm {
        Some(alarm) => read_tag(client, alarm, deadline).await,
        None => Ok(None),
    };
    let (scale_out, scale_in) = tokio::try_join!(tag(&alarms.scale_out), tag(&alarms.scale_in))?;
    let mut understood = |alarm: &Option<Alarm>, value: Option<String>| {
        let (alarm, value) = (alarm.as_ref()?, value?);
        let record: Option<StepRecord> = value.parse().ok();
        if record.is_none() {
            let fields = Garbled {
                alarm: &alarm.name,
                tag: LAST_STEP_TAG,
                value: &value,
            };
            log.line(
                Level::Warn,
                "the record of the last step is garbled",
                fields,
            );
        }
        record
    };
    Ok(PerSide {
        scale_out: understood(&alarms.scale_out, scale_out),
        scale_in: understood(&alarms.scale_in, scale_in),
    })
}

async fn read_tag(
    client: &aws_sdk_cloudwatch::Client,
    alarm: &Alarm,
    deadline: Instant,
) -> Result<Option<String>, Problem> {
    let call = client
        .list_tags_for_resource()
        .resource_arn(&alarm.arn)
        .send();
    let output = in_time("ListTagsForResource", deadline, call).await?;
    let mut tags = output.tags().iter();
    let found = tags.find(|tag| tag.key() == Some(LAST_STEP_TAG));
    Ok(found.and_then(Tag::value).map(str::to_owned))
}

/// Writes the record of an alarm.
pub(crate) async fn remember(
    client: &aws_sdk_cloudwatch::Client,
    alarm: &Alarm,
    step: &StepRecord,
    deadline: Instant,
) -> Result<(), Problem> {
    let tag = Tag::builder()
        .key(LAST_STEP_TAG)
        .value(step.to_string())
        .build();
    let call = client
        .tag_resource()
        .resource_arn(&alarm.arn)
        .tags(tag)
        .send();
    in_time("TagResource", deadline, call).await?;
    Ok(())
}
