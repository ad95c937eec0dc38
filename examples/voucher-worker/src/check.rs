//! The work on one message. This is the file to replace.

use std::time::Duration;

use serde::Deserialize;

/// A message as a check gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// SQS's id: the same at each delivery.
    pub id: String,
    /// The message's text.
    pub body: String,
    /// When it was sent, in milliseconds since 1970; `None` if SQS didn't return it.
    pub sent_at_ms: Option<u64>,
    /// Number of this delivery, starting at 1; `None` if SQS didn't return it.
    pub receive_count: Option<u32>,
}

/// The reason why a message can't be done. It stays in the queue for redelivery, and ends in the
/// dead-letter queue when it has failed as often as its queue allows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// Its form is wrong, so no delivery will ever succeed.
    #[error("malformed: {0}")]
    Malformed(String),
    /// It failed this time.
    #[error("{0}")]
    Failed(String),
}

/// The work on one message.
///
/// - *Idempotent:* SQS delivers at least once. Let the second time do no harm: a conditional write, a
///   key made from the message's id, or an upsert.
/// - *Cancellable at each `await`:* a stopped task's unfinished work is dropped and given back.
/// - *Not blocking:* long computations belong into `tokio::task::spawn_blocking`.
///
/// A panic counts as a failure of this message, and of this one only.
pub trait Check: Send + Sync + 'static {
    /// Works on a message. With `Ok` it is deleted.
    ///
    /// # Errors
    /// When the message isn't done; it is delivered again after its visibility timeout.
    fn check(&self, message: Message) -> impl Future<Output = Result<(), CheckError>> + Send;
}

/// How long a check takes if its message doesn't set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkTime {
    /// Always the same.
    Fixed(Duration),
    /// Exponentially distributed, with this mean.
    Exponential(Duration),
}

/// The example: a check that takes its time and does nothing.
#[derive(Clone, Copy, Debug)]
pub struct VoucherCheck {
    work_time: WorkTime,
}

/// The body of a message: `{"voucher": 17}`, and `"work_ms": 250` to have its own length.
#[derive(Debug, Deserialize)]
struct Voucher {
    #[serde(rename = "voucher")]
    _number: u64,
    work_ms: Option<u64>,
}

impl VoucherCheck {
    /// A check that takes this long.
    #[must_use]
    pub fn new(work_time: WorkTime) -> Self {
        Self { work_time }
    }
}

impl Check for VoucherCheck {
    async fn check(&self, message: Message) -> Result<(), CheckError> {
        let voucher: Voucher = serde_json::from_str(&message.body)
            .map_err(|error| CheckError::Malformed(error.to_string()))?;
        let own = voucher.work_ms.map(Duration::from_millis);
        let takes = own.unwrap_or_else(|| self.work_time.sample(fastrand::f64()));
        tokio::time::sleep(takes).await;
        Ok(())
    }
}

impl WorkTime {
    /// One duration, for a number drawn evenly from 0 to below 1.
    #[must_use]
    pub fn sample(self, drawn: f64) -> Duration {
        match self {
            Self::Fixed(length) => length,
            Self::Exponential(mean) => {
                // The inverse of the distribution function; 0 to below 1 keeps the logarithm finite.
                let means = -(1.0 - drawn.clamp(0.0, 1.0 - f64::EPSILON)).ln();
                Duration::try_from_secs_f64(mean.as_secs_f64() * means).unwrap_or(mean)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(body: &str) -> Message {
        Message {
            id: "m".to_owned(),
            body: body.to_owned(),
            sent_at_ms: None,
            receive_count: None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_voucher_takes_its_time_and_a_message_may_say_its_own() {
        let check = VoucherCheck::new(WorkTime::Fixed(Duration::from_millis(100)));
        for (body, takes) in [
            (r#"{"voucher": 1}"#, 100),
            (r#"{"voucher": 2, "work_ms": 7, "shop": "x"}"#, 7),
            (r#"{"voucher": 3, "work_ms": null}"#, 100),
        ] {
            let begin = tokio::time::Instant::now();
            assert_eq!(check.check(message(body)).await, Ok(()));
            assert_eq!(begin.elapsed(), Duration::from_millis(takes), "{body}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_no_voucher_is_malformed_and_never_a_panic() {
        let check = VoucherCheck::new(WorkTime::Fixed(Duration::ZERO));
        let deep = "[".repeat(100_000);
        for body in [
            "",
            "voucher",
            "{}",
            "[]",
            "null",
            r#"{"voucher": -1}"#,
            r#"{"voucher": 1.5}"#,
            r#"{"voucher": "1"}"#,
            r#"{"voucher": 1, "work_ms": -1}"#,
            r#"{"voucher": 1, "voucher": 2}"#,
            "{\"voucher\": 1}\u{0}",
            &deep,
        ] {
            let checked = check.check(message(body)).await;
            assert!(
                matches!(checked, Err(CheckError::Malformed(_))),
                "{body:.40}: {checked:?}"
            );
        }
    }

    #[test]
    fn exponential_lengths_have_their_mean_and_median() {
        let mean = Duration::from_millis(100);
        let draws = 100_000;
        let total: Duration = (0..draws)
            .map(|n| WorkTime::Exponential(mean).sample((f64::from(n) + 0.5) / f64::from(draws)))
            .sum();
        let off = (total / draws).as_secs_f64() / mean.as_secs_f64() - 1.0;
        assert!(off.abs() < 0.001, "{off}");
        // The median of an exponential distribution is mean × ln 2.
        let median = WorkTime::Exponential(mean).sample(0.5).as_secs_f64();
        assert!((median - 0.1 * std::f64::consts::LN_2).abs() < 1e-9);
        for drawn in [0.0, 1.0, -1.0, 2.0, f64::NAN] {
            let _ = WorkTime::Exponential(Duration::MAX).sample(drawn);
        }
        assert_eq!(WorkTime::Fixed(mean).sample(0.9), mean);
    }
}
