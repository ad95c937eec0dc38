//! The receive loop: polls the queues in turn, for as many messages as can be worked on.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, sleep_until};

use crate::backoff::Backoff;
use crate::check::Check;
use crate::delete::Deletion;
use crate::log::Event;
use crate::sqs::{BATCH, Queue, Received, SqsError};
use crate::work::{Desk, Origin, work};

/// While SQS fails, each queue is polled at least this often. It is also how long work can be idle after SQS
/// is back.
const LONGEST_BACKOFF: Duration = Duration::from_secs(10);

/// How long a poll of one of several queues waits when all are empty: messages in another queue wait for it.
const SHARED_WAIT: Duration = Duration::from_secs(1);

/// Instead of a visibility timeout of zero, with which every worker would get every message.
const INSTEAD_OF_ZERO: Duration = Duration::from_secs(30);

/// A queue that is polled.
#[derive(Debug)]
pub(crate) struct Source {
    origin: Origin,
    /// Whether the visibility timeout must still be read.
    is_unknown: bool,
    backoff: Backoff,
    not_before: Instant,
}

/// Which queue is next, and how long its poll waits.
#[derive(Debug)]
struct Rotation {
    last: usize,
    /// Polls without a message since the last with one.
    quiet: usize,
    wait: Duration,
}

impl Source {
    /// `visibility` is `None` if the queue's own timeout applies.
    pub(crate) fn new(
        queue: Arc<Queue>,
        deletions: mpsc::Sender<Deletion>,
        visibility: Option<Duration>,
    ) -> Self {
        Self {
            origin: Origin {
                queue,
                visibility: visibility.unwrap_or(INSTEAD_OF_ZERO),
                deletions,
            },
            is_unknown: visibility.is_none(),
            backoff: Backoff::up_to(LONGEST_BACKOFF),
            not_before: Instant::now(),
        }
    }

    /// One poll. Before the first, the visibility timeout is read; each poll then passes it, so that SQS and
    /// the heartbeat use the same timeout even if the queue's changes.
    async fn poll(&mut self, most: usize, wait: Duration) -> Result<Vec<Received>, SqsError> {
        let queue = &self.origin.queue;
        if self.is_unknown {
            let visibility = queue.visibility().await?;
            if !visibility.is_zero() {
                self.origin.visibility = visibility;
            }
            self.is_unknown = false;
        }
        queue.receive(most, wait, self.origin.visibility).await
    }
}

impl Rotation {
    /// The next queue that isn't backing off, or when the first of them will be done with it.
    fn next(&mut self, not_before: &[Instant], now: Instant) -> Result<usize, Instant> {
        let count = not_before.len();
        let turns = (1..=count).map(|step| (self.last + step) % count.max(1));
        for index in turns {
            if not_before.get(index).is_some_and(|at| *at <= now) {
                self.last = index;
                return Ok(index);
            }
        }
        // Without a queue there is nothing to wait for; the configuration demands one.
        Err(not_before
            .iter()
            .min()
            .copied()
            .unwrap_or(now + LONGEST_BACKOFF))
    }

    /// A single queue is polled for as long as possible. Several queues are polled without waiting until all
    /// were empty, so an idle queue never delays a busy one.
    fn wait_time(&self, queues: usize) -> Duration {
        match queues {
            0 | 1 => self.wait,
            several if self.quiet >= several => self.wait.min(SHARED_WAIT),
            _ => Duration::ZERO,
        }
    }
}

/// Receives until it should stop. It waits for the poll in progress, because SQS might give it messages that
/// no other worker would get during the visibility timeout. They are processed like the others.
pub(crate) async fn receive<C: Check>(
    desk: &Arc<Desk<C>>,
    sources: &mut [Source],
    slots: &Arc<Semaphore>,
    wait: Duration,
) {
    let mut rotation = Rotation {
        last: sources.len().saturating_sub(1),
        quiet: 0,
        wait,
    };
    loop {
        let free = tokio::select! {
            biased;
            () = desk.stop.wait_for_stop() => return,
            free = free_slots(slots) => free,
        };
        let not_before: Vec<Instant> = sources.iter().map(|source| source.not_before).collect();
        let index = match rotation.next(&not_before, Instant::now()) {
            Ok(index) => index,
            Err(at) => {
                drop(free);
                tokio::select! {
                    () = desk.stop.wait_for_stop() => return,
                    () = sleep_until(at) => continue,
                }
            }
        };
        let wait = rotation.wait_time(sources.len());
        let Some(source) = sources.get_mut(index) else {
            return;
        };
        let polled = tokio::select! {
            biased;
            polled = source.poll(free.len(), wait) => polled,
            () = desk.stop.work_is_over() => return,
        };
        match polled {
            Ok(messages) => {
                source.backoff.reset();
                rotation.quiet = match messages.len() {
                    0 => rotation.quiet.saturating_add(1),
                    _ => 0,
                };
                begin(desk, &source.origin, messages, free, slots).await;
            }
            Err(error) => {
                source.not_before = Instant::now() + source.backoff.next(fastrand::f64());
                desk.log.write_line(&Event::Problem {
                    doing: "receiving messages",
                    error: error.to_string(),
                    queue: Some(&source.origin.queue.address.name),
                    message_id: None,
                });
            }
        }
    }
}

/// Waits until a message could be worked on, and takes as many places as are free then, up to a batch.
async fn free_slots(slots: &Arc<Semaphore>) -> Vec<OwnedSemaphorePermit> {
    let first = Arc::clone(slots).acquire_owned().await;
    let more = std::iter::from_fn(|| Arc::clone(slots).try_acquire_owned().ok());
    first.into_iter().chain(more).take(BATCH).collect()
}

/// Starts the work on each message, in a task that keeps its place until the message has ended.
async fn begin<C: Check>(
    desk: &Arc<Desk<C>>,
    origin: &Origin,
    messages: Vec<Received>,
    mut free: Vec<OwnedSemaphorePermit>,
    slots: &Arc<Semaphore>,
) {
    for received in messages {
        let slot = match free.pop() {
            Some(slot) => Some(slot),
            // More than requested, which SQS never sends: they wait.
            None => Arc::clone(slots).acquire_owned().await.ok(),
        };
        let (desk, origin) = (Arc::clone(desk), origin.clone());
        tokio::spawn(async move {
            work(&desk, &origin, &received).await;
            drop(slot);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn queues_take_turns_and_one_that_fails_holds_up_no_other() {
        let now = Instant::now();
        let later = now + Duration::from_secs(7);
        let mut rotation = Rotation {
            last: 2,
            quiet: 0,
            wait: Duration::from_secs(20),
        };
        let mut turns = |not_before: &[Instant]| {
            let mut turn = || rotation.next(not_before, now);
            [turn(), turn(), turn(), turn()]
        };
        assert_eq!(turns(&[now; 3]), [Ok(0), Ok(1), Ok(2), Ok(0)]);
        assert_eq!(turns(&[now, later, now]), [Ok(2), Ok(0), Ok(2), Ok(0)]);
        let last = later + Duration::from_secs(1);
        assert_eq!(turns(&[last, later, last]), [Err(later); 4]);
    }

    #[test]
    fn only_a_queue_that_is_alone_is_polled_long() {
        let wait = |queues, quiet| {
            let wait = Duration::from_secs(20);
            let rotation = Rotation {
                last: 0,
                quiet,
                wait,
            };
            rotation.wait_time(queues).as_secs()
        };
        assert_eq!([wait(1, 0), wait(1, 9)], [20, 20]);
        assert_eq!(
            [wait(3, 0), wait(3, 2), wait(3, 3), wait(3, 9)],
            [0, 0, 1, 1]
        );
    }
}
