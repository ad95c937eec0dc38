//! The end of a run: counts what remains.

use crate::control::Foreknowledge;
use crate::time::Nanos;

use super::agenda::Event;
use super::records::Records;
use super::state::Engine;
use super::tasks::Work;

/// The result of a run.
pub(crate) struct Finished {
    pub(crate) records: Records,
    pub(crate) foreknowledge: Foreknowledge,
    /// When the load ended.
    pub(crate) loaded: Nanos,
    /// When the last message was done, or when the run was stopped.
    pub(crate) end: Nanos,
    pub(crate) task_time: Nanos,
    pub(crate) billed: Nanos,
    pub(crate) function_runs: u64,
    /// Seconds that each run of the function waits between its checks.
    pub(crate) run_span: f64,
}

impl Engine<'_> {
    /// Whether no messages are waiting or in flight.
    #[inline]
    pub(super) fn is_done(&self) -> bool {
        self.queue.visible() == 0 && self.queue.in_flight() == 0
    }

    pub(super) fn finish(mut self, loaded: Nanos, end: Nanos) -> Finished {
        self.records
            .advance(end, self.queue.visible(), self.queue.in_flight());
        self.foreknowledge.finish(loaded);
        self.close_messages();
        self.records
            .point(self.queue.visible(), self.desired, self.control.shown());
        self.tasks.close(end);
        Finished {
            loaded,
            end,
            task_time: self.tasks.used,
            billed: self.tasks.billed,
            function_runs: self.control.runs(),
            run_span: self.control.run_span(),
            foreknowledge: self.foreknowledge,
            records: self.records,
        }
    }

    /// Counts the messages that remain at the end. Each is either waiting or in flight, once.
    fn close_messages(&mut self) {
        let (queue, records) = (&self.queue, &mut self.records);
        records.totals.waiting = queue.visible();
        records.totals.in_flight = queue.in_flight();
        for message in queue.waiting() {
            records.gone(message.sent);
            if !queue.is_finished(message) {
                records.judge_waiting(message.sent, message.queue);
            }
        }
        for event in self.agenda.rest() {
            match event {
                Event::Return(message) => {
                    records.gone(message.sent);
                    records.judge_waiting(message.sent, message.queue);
                }
                Event::Reappear(message, until)
                    if queue.is_hidden(message)
                        && queue.slow(message).is_some_and(|slow| slow.until == *until) =>
                {
                    records.gone(message.sent);
                }
                _ => {}
            }
        }
        for message in self.tasks.held() {
            if queue.is_hidden(message) && !queue.is_finished(message) {
                records.judge_waiting(message.sent, message.queue);
            }
        }
        for Work { message, begun } in self.tasks.work() {
            if message.slow.is_none() {
                records.gone(message.sent);
                records.judge(message.sent, *begun, message.queue);
            } else if queue.is_hidden(message) && !queue.is_finished(message) {
                records.judge(message.sent, *begun, message.queue);
            }
        }
    }
}
