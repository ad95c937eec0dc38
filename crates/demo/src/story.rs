//! The story of the demo: load arrives, tasks are added, the backlog is processed, the first task is removed.

use deployer::ServiceState;
use serde::Serialize;

/// An event of the story.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Chapter {
    /// The desired count is higher than at first.
    ScaledOut,
    /// More tasks are running than at first.
    MoreRun,
    /// Sending has ended.
    LoadEnded,
    /// No messages are waiting or in flight.
    Drained,
    /// Fewer tasks are desired and running than at the peak. Target tracking removes one at a time, so waiting
    /// for the minimum would take many cooldowns.
    ScaledIn,
}

/// The progress of the story.
#[derive(Clone, Debug, Serialize)]
pub struct Story {
    /// Minimum number of tasks.
    min: u32,
    /// Whether there is a queue to drain.
    pub queue: bool,
    /// Past events in order, each with its time in seconds since the start of the load.
    pub chapters: Vec<(Chapter, f64)>,
    /// Maximum number of running tasks.
    pub most_running: u32,
    /// Maximum desired count.
    pub most_desired: u32,
}

impl Chapter {
    const ALL: [Self; 5] = [
        Self::ScaledOut,
        Self::MoreRun,
        Self::LoadEnded,
        Self::Drained,
        Self::ScaledIn,
    ];

    /// Returns the event.
    #[must_use]
    pub fn told(self) -> &'static str {
        match self {
            Self::ScaledOut => "scaled out: the desired count increased",
            Self::MoreRun => "the first added task runs",
            Self::LoadEnded => "the load has ended",
            Self::Drained => "the queue is empty, and nothing is in flight",
            Self::ScaledIn => "scaled in: the first task is removed",
        }
    }

    /// Returns the event that the demo waits for.
    pub(crate) fn awaited(self) -> &'static str {
        match self {
            Self::ScaledOut => "the decision to add tasks",
            Self::MoreRun => "the first added task to run",
            Self::LoadEnded => "the load's end",
            Self::Drained => "the queue to be empty",
            Self::ScaledIn => "the first task to be removed",
        }
    }

    /// Returns the event, if it hasn't happened.
    #[must_use]
    pub fn missed(self) -> &'static str {
        match self {
            Self::ScaledOut => "no task was added",
            Self::MoreRun => "no added task has run",
            Self::LoadEnded => "the load has not ended",
            Self::Drained => "the queue was not emptied",
            Self::ScaledIn => "no task was removed again",
        }
    }
}

impl Story {
    /// Creates a story of a service with `min` tasks, and of its queue if there is one.
    #[must_use]
    pub fn new(min: u32, queue: bool) -> Self {
        Self {
            min,
            queue,
            chapters: Vec::new(),
            most_running: 0,
            most_desired: 0,
        }
    }

    /// Returns the events since the last sample. `at` is in seconds since the start of the load.
    pub(crate) fn see(&mut self, seen: &ServiceState, at: f64, load_ended: bool) -> Vec<Chapter> {
        self.most_running = self.most_running.max(seen.running.unwrap_or_default());
        self.most_desired = self.most_desired.max(seen.desired.unwrap_or_default());
        let had = self.chapters.len();
        for chapter in Chapter::ALL {
            if self.when(chapter).is_none() && self.has_come(chapter, seen, load_ended) {
                self.chapters.push((chapter, at));
            }
        }
        self.chapters
            .iter()
            .skip(had)
            .map(|(chapter, _)| *chapter)
            .collect()
    }

    fn has_come(&self, chapter: Chapter, seen: &ServiceState, load_ended: bool) -> bool {
        let came = |chapter| self.when(chapter).is_some();
        match chapter {
            Chapter::ScaledOut => seen.desired > Some(self.min),
            Chapter::MoreRun => seen.running > Some(self.min),
            Chapter::LoadEnded => load_ended,
            Chapter::Drained => {
                let queue = seen.queues.first();
                let counts = queue.map(|queue| (queue.visible, queue.in_flight));
                self.queue && load_ended && counts == Some((Some(0), Some(0)))
            }
            Chapter::ScaledIn => {
                came(Chapter::MoreRun)
                    && came(Chapter::LoadEnded)
                    && (came(Chapter::Drained) || !self.queue)
                    && seen.desired < Some(self.most_desired)
                    && (seen.running, seen.pending) == (seen.desired, Some(0))
            }
        }
    }

    /// Returns when an event happened, in seconds since the start of the load.
    pub(crate) fn when(&self, chapter: Chapter) -> Option<f64> {
        let found = self.chapters.iter().find(|(known, _)| *known == chapter);
        found.map(|(_, at)| *at)
    }

    /// Returns the latest event.
    pub(crate) fn last(&self) -> Option<Chapter> {
        self.chapters.last().map(|(chapter, _)| *chapter)
    }

    /// Whether all events have happened.
    pub(crate) fn is_told(&self) -> bool {
        self.missing().next().is_none()
    }

    /// Returns the events that haven't happened.
    pub(crate) fn missing(&self) -> impl Iterator<Item = Chapter> {
        Chapter::ALL
            .into_iter()
            .filter(|chapter| self.queue || *chapter != Chapter::Drained)
            .filter(|chapter| self.when(*chapter).is_none())
    }
}

#[cfg(test)]
mod tests {
    use deployer::QueueState;

    use super::*;

    fn seen(waiting: u64, desired: u32, running: u32) -> ServiceState {
        let queue = QueueState {
            visible: Some(waiting),
            in_flight: Some(waiting.min(1)),
            ..QueueState::default()
        };
        ServiceState {
            desired: Some(desired),
            running: Some(running),
            pending: Some(desired.saturating_sub(running)),
            queues: vec![queue],
            ..ServiceState::default()
        }
    }

    #[test]
    fn the_whole_story() {
        let mut story = Story::new(1, true);
        assert_eq!(story.see(&seen(0, 1, 1), 0.0, false), []);
        assert_eq!(story.see(&seen(900, 1, 1), 5.0, false), []);
        assert_eq!(
            story.see(&seen(1_500, 9, 1), 9.0, false),
            [Chapter::ScaledOut]
        );
        assert_eq!(
            story.see(&seen(1_400, 9, 5), 12.0, false),
            [Chapter::MoreRun]
        );
        assert_eq!(
            story.see(&seen(0, 10, 10), 13.0, false),
            [],
            "drained while load comes"
        );
        assert_eq!(
            story.see(&seen(7, 10, 10), 20.0, true),
            [Chapter::LoadEnded]
        );
        assert_eq!(story.see(&seen(0, 10, 10), 21.0, true), [Chapter::Drained]);
        assert!(!story.is_told());
        assert_eq!(story.see(&seen(0, 9, 10), 70.0, true), [], "it still stops");
        assert_eq!(story.see(&seen(0, 9, 9), 71.0, true), [Chapter::ScaledIn]);
        assert!(story.is_told());
        assert_eq!(story.when(Chapter::ScaledOut), Some(9.0));
        assert_eq!((story.most_running, story.most_desired), (10, 10));
    }

    #[test]
    fn what_did_not_happen_is_named() {
        let mut story = Story::new(1, true);
        story.see(&seen(900, 1, 1), 5.0, true);
        let missed: Vec<_> = story.missing().collect();
        assert_eq!(
            missed,
            [
                Chapter::ScaledOut,
                Chapter::MoreRun,
                Chapter::Drained,
                Chapter::ScaledIn
            ]
        );
        // A service that never scaled out hasn't scaled in either.
        story.see(&seen(0, 1, 1), 60.0, true);
        assert!(story.missing().any(|chapter| chapter == Chapter::ScaledIn));
    }

    #[test]
    fn without_a_queue_nothing_is_drained() {
        let mut story = Story::new(1, false);
        let seen = |desired| ServiceState {
            queues: vec![],
            ..seen(0, desired, desired)
        };
        assert_eq!(
            story.see(&seen(2), 1.0, false),
            [Chapter::ScaledOut, Chapter::MoreRun]
        );
        assert_eq!(
            story.see(&seen(1), 1.0, true),
            [Chapter::LoadEnded, Chapter::ScaledIn]
        );
        assert!(story.is_told());
    }
}
