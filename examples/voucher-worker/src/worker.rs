//! The whole worker: its parts, and their orderly shutdown.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_sqs::Client;
use serde::Serialize;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;

use crate::check::Check;
use crate::config::Config;
use crate::delete::{WAITING, delete_all};
use crate::health::report_health;
use crate::log::Log;
use crate::protection;
use crate::receive::{Source, receive};
use crate::shutdown::Stop;
use crate::sqs::Queue;
use crate::work::Desk;

/// The summary of a worker at its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Messages whose check succeeded.
    pub done: u64,
    /// Messages whose check failed, which are left for redelivery.
    pub failed: u64,
    /// Messages that were released because the stop left no more time.
    pub given_back: u64,
    /// Messages that are done but couldn't be deleted, which will be delivered again.
    pub not_deleted: u64,
}

/// Counts while the worker runs.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    done: AtomicU64,
    failed: AtomicU64,
    given_back: AtomicU64,
    not_deleted: AtomicU64,
}

impl Tally {
    pub(crate) fn done(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn given_back(&self) {
        self.given_back.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn not_deleted(&self) {
        self.not_deleted.fetch_add(1, Ordering::Relaxed);
    }

    fn summary(&self) -> Summary {
        Summary {
            done: self.done.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            given_back: self.given_back.load(Ordering::Relaxed),
            not_deleted: self.not_deleted.load(Ordering::Relaxed),
        }
    }
}

/// Works until it is asked to stop, and then ends within the stop timeout. No failure of SQS ends it.
pub async fn run<C: Check>(
    config: &Config,
    client: Client,
    check: C,
    log: &Log,
    stop: Stop,
) -> Summary {
    let tally = Arc::new(Tally::default());
    let (long_work, _) = watch::channel(0);
    let desk = Arc::new(Desk {
        check: Arc::new(check),
        log: log.clone(),
        stop: stop.clone(),
        tally: Arc::clone(&tally),
        long_work,
        work_limit: config.work_limit,
        protect_after: config.protect_after,
    });
    // Dropping a set ends its tasks, so nothing outlives the worker.
    let mut helpers = JoinSet::new();
    if let Some(agent) = config.agent.clone() {
        let long_work = desk.long_work.subscribe();
        let put = async move |enabled| protection::put(&agent, enabled).await;
        helpers.spawn(protection::protect(long_work, log.clone(), put));
    }
    if let Some(file) = config.health_file.clone() {
        helpers.spawn(report_health(file, log.clone()));
    }
    let mut deleters = JoinSet::new();
    let mut sources = Vec::new();
    for address in &config.queues {
        let queue = Arc::new(Queue::new(client.clone(), address.clone()));
        let (deletions, asked) = mpsc::channel(WAITING);
        let deleting = delete_all(Arc::clone(&queue), asked, Arc::clone(&tally), log.clone());
        deleters.spawn(deleting);
        sources.push(Source::new(queue, deletions, config.visibility));
    }
    let slots = Arc::new(Semaphore::new(config.concurrency));
    receive(&desk, &mut sources, &slots, config.wait).await;
    let all = u32::try_from(config.concurrency).unwrap_or(u32::MAX);
    let finish = async {
        // Every place is free again: no message is in work.
        let _places = slots.acquire_many(all).await;
        // The deleters end when no sender is left and all is deleted.
        drop(sources);
        while deleters.join_next().await.is_some() {}
    };
    tokio::select! {
        () = finish => {}
        () = stop.end() => {}
    }
    tally.summary()
}
