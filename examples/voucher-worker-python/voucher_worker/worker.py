"""Receives messages, keeps them hidden while they are worked on, and deletes them when they are done.

Threads: one receives, one per message works, one per queue deletes, one keeps messages hidden. The main one waits.
"""

import os
import queue
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import log, protection
from .check import Message
from .config import Config
from .sqs import BATCH, LOST, SDK_ERRORS, call_batch

TICK = 0.2
HEALTH_EVERY, HEALTH_LIMIT = 5.0, 60.0
MOST_DELETIONS = 100  # With more pending, nothing is received: undeleted messages would be processed again.


def is_healthy(file: str | None) -> bool:
    try:
        return file is None or time.time() - os.stat(file).st_mtime < HEALTH_LIMIT
    except OSError:
        return False


def backoff(failures: int, most: float) -> float:
    return min(0.5 * 2**failures, most) * random.uniform(0.5, 1.0)


@dataclass(eq=False)
class Source:
    """A queue that is polled."""

    url: str
    visibility: float | None
    done: queue.SimpleQueue["Job"] = field(default_factory=queue.SimpleQueue)
    failures: int = 0
    not_before: float = 0.0

    @property
    def name(self) -> str:
        return self.url.rsplit("/", 1)[-1]


@dataclass(eq=False)
class Job:
    """A message in progress. Moments of the monotonic clock, except the one in the log."""

    source: Source
    receipt: str
    message: Message
    began: float = field(default_factory=time.monotonic)
    began_at_ms: int = field(default_factory=log.now_ms)
    hidden_until: float = 0.0
    hide_at: float = 0.0

    def is_hidden_from(self, now: float) -> None:
        self.hidden_until = now + self.source.visibility
        self.hide_at = now + self.source.visibility / 2


class Worker:
    def __init__(self, config: Config, polls: Any, calls: Any, check: Callable[[Message], None]) -> None:
        self.config, self.polls, self.calls, self.check = config, polls, calls, check
        self.sources = [Source(url, config.visibility) for url in config.queues]
        self.counts = {"done": 0, "failed": 0, "given_back": 0, "not_deleted": 0}
        self.changed = threading.Condition()  # guards the five below, and `counts`
        self.receiving = True
        self.jobs: set[Job] = set()  # in progress
        self.threads = 0  # of checks, also of those whose message isn't in progress anymore
        self.deletions = 0  # pending
        self.stop_at: tuple[float, float] | None = None  # until when work can go on, and when the process ends

    def stop(self) -> None:
        """Starts no new work. A second call gives the unfinished messages back now."""
        now, length = time.monotonic(), self.config.stop_timeout
        with self.changed:
            ends = (now + length - self.config.reserve, now + length - self.config.reserve / 3)
            self.stop_at = (min(now, self.stop_at[0]), self.stop_at[1]) if self.stop_at else ends
            self.changed.notify_all()

    def run(self) -> dict[str, int]:
        """Works until it is stopped. No failure of SQS ends it."""
        helpers: list[Callable[[], None]] = [self._keep_hidden, self._receive]
        helpers += [lambda source=source: self._delete_all(source) for source in self.sources]
        if (agent := self.config.agent) is not None:
            helpers.append(protection.Protection(lambda on: protection.put(agent, on), self._is_long).run)
        for helper in helpers:
            threading.Thread(target=helper, daemon=True).start()
        with self.changed:
            self.changed.wait_for(lambda: self.stop_at)
            # The poll in progress ends first: SQS can give it messages that nobody else would get for a while.
            while (self.receiving or self.jobs) and (left := self.stop_at[0] - time.monotonic()) > 0:
                self.changed.wait(left)
        self._give_back()
        with self.changed:
            self.changed.wait_for(lambda: self.deletions == 0, self.stop_at[1] - time.monotonic())
        return self.counts

    def _receive(self) -> None:
        self._poll_in_turn()
        with self.changed:
            self.receiving = False
            self.changed.notify_all()

    def _poll_in_turn(self) -> None:
        """Polls for as many messages as can be worked on, until it must stop."""
        turn = quiet = 0
        while (free := self._wait_for_slots()) > 0:
            now, several = time.monotonic(), len(self.sources)
            ready = [source for source in self.sources[turn:] + self.sources[:turn] if source.not_before <= now]
            if not ready:
                self._pause(min(source.not_before for source in self.sources) - now)
                continue
            turn = (self.sources.index(ready[0]) + 1) % several
            # One queue is polled long. Several are polled without waiting, and for a second when all were empty.
            wait = self.config.wait if several == 1 else min(self.config.wait, 1.0) if quiet >= several else 0
            try:
                messages = self._poll(ready[0], free, wait)
                ready[0].failures, quiet = 0, 0 if messages else quiet + 1
            except SDK_ERRORS as error:
                ready[0].not_before = time.monotonic() + backoff(ready[0].failures, 10)
                ready[0].failures += 1
                log.problem("receiving messages", error, queue=ready[0].name)

    def _wait_for_slots(self) -> int:
        """How many messages fit, at least one; 0 when it must stop."""

        def free() -> int:
            return self.config.concurrency - self.threads if self.deletions < MOST_DELETIONS else 0

        with self.changed:
            self.changed.wait_for(lambda: self.stop_at or free() > 0)
            return 0 if self.stop_at else free()

    def _pause(self, length: float) -> None:
        with self.changed:
            self.changed.wait_for(lambda: self.stop_at, length)

    def _poll(self, source: Source, free: int, wait: float) -> list[dict[str, Any]]:
        if source.visibility is None:
            attributes = self.calls.get_queue_attributes(QueueUrl=source.url, AttributeNames=["VisibilityTimeout"])
            # Instead of zero, with which every worker would get every message.
            source.visibility = float(attributes["Attributes"]["VisibilityTimeout"]) or 30.0
        reply = self.polls.receive_message(
            QueueUrl=source.url,
            # Several messages of a FIFO queue can be of one group, whose order would be lost.
            MaxNumberOfMessages=1 if source.url.endswith(".fifo") else min(free, BATCH),
            WaitTimeSeconds=int(wait),
            VisibilityTimeout=int(source.visibility),
            MessageSystemAttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
        )
        for received in reply.get("Messages", []):
            about = received.get("Attributes", {})
            sent, count = about.get("SentTimestamp"), about.get("ApproximateReceiveCount")
            message = Message(received["MessageId"], received["Body"], sent and int(sent), count and int(count))
            job = Job(source, received["ReceiptHandle"], message)
            job.is_hidden_from(job.began)
            with self.changed:
                self.jobs.add(job)
                self.threads += 1
            threading.Thread(target=self._work, args=[job], daemon=True).start()
        return reply.get("Messages", [])

    def _work(self, job: Job) -> None:
        try:
            self.check(job.message)
            reason = None
        except BaseException as error:  # Whatever it raises, also SystemExit, costs no more than its message.
            reason = str(error) or type(error).__name__
        if self._ended(job, "failed" if reason else "done", reason) and reason is None:
            job.source.done.put(job)
        with self.changed:
            self.threads -= 1
            self.changed.notify_all()

    def _ended(self, job: Job, count: str, reason: str | None) -> bool:
        """Ends a message once: later calls return False."""
        with self.changed:
            if job not in self.jobs:
                return False
            self.jobs.remove(job)
            self.counts[count] += 1
            self.deletions += count == "done"
            self.changed.notify_all()
        log.write(
            "message",
            message_id=job.message.id,
            sent_at_ms=job.message.sent_at_ms,
            began_at_ms=job.began_at_ms,
            ended_at_ms=log.now_ms(),
            outcome="done" if count == "done" else "failed",
            receive_count=job.message.receive_count,
            queue=job.source.name,
            reason=reason,
        )
        return True

    def _give_back(self) -> None:
        """Makes unfinished messages visible immediately, instead of after their visibility timeout."""
        reason = "the worker was stopped before it was done; it is given back"
        with self.changed:
            jobs = list(self.jobs)
        ended = [job for job in jobs if self._ended(job, "given_back", reason)]
        for source, batch in self._batches(ended):
            failed = call_batch(self.calls.change_message_visibility_batch, source.url, batch, VisibilityTimeout=0)
            for job, _, error in failed:
                log.problem("giving a message back", error, queue=source.name, message_id=job.message.id)

    def _batches(self, jobs: list[Job]) -> Iterator[tuple[Source, list[Job]]]:
        """The messages of each queue, at most 10 at a time."""
        for source in self.sources:
            own = [job for job in jobs if job.source is source]
            for start in range(0, len(own), BATCH):
                yield source, own[start : start + BATCH]

    def _is_long(self) -> bool:
        with self.changed:
            return any(time.monotonic() - job.began >= self.config.protect_after for job in self.jobs)

    def _keep_hidden(self) -> None:
        """After half of its visibility timeout, hides each message in progress for another whole one."""
        next_health = 0.0
        while True:
            now = time.monotonic()
            with self.changed:
                jobs, is_stuck = list(self.jobs), self.threads - len(self.jobs) >= self.config.concurrency
            for job in jobs:
                if now - job.began >= self.config.work_limit:
                    # A thread can't be ended: it keeps its place, but its message comes back.
                    limit = f"it took longer than the work limit of {self.config.work_limit:g}s"
                    self._ended(job, "failed", limit)
            for source, batch in self._batches([job for job in jobs if job.hide_at <= now]):
                self._hide(source, batch)
            if self.config.health_file and now >= next_health and not is_stuck:
                next_health = now + HEALTH_EVERY
                try:
                    Path(self.config.health_file).touch()
                except OSError as error:
                    log.problem("writing the health file", error)
            time.sleep(TICK)

    def _hide(self, source: Source, batch: list[Job]) -> None:
        now = time.monotonic()
        failed = call_batch(self.calls.change_message_visibility_batch, source.url, batch, VisibilityTimeout=int(source.visibility))
        for job in batch:
            job.is_hidden_from(now)
        for job, code, reason in failed:
            # A lost message may already have had its effect, so its work goes on: that is why it must be idempotent.
            job.hide_at = float("inf") if code in LOST else now + 1
            log.problem("keeping a message hidden", reason, queue=source.name, message_id=job.message.id)

    def _delete_all(self, source: Source) -> None:
        """Deletes one message immediately, and those that end meanwhile together: none waits for a batch to fill."""
        batch: list[Job] = []
        failures = 0
        while True:
            if not batch:
                batch.append(source.done.get())
            while len(batch) < BATCH and not source.done.empty():
                batch.append(source.done.get())
            failed = call_batch(self.calls.delete_message_batch, source.url, batch)
            again = []
            for job, code, reason in failed:
                if code not in LOST and time.monotonic() < job.hidden_until:
                    again.append(job)
                    continue
                with self.changed:
                    self.counts["not_deleted"] += 1
                reason = f"{reason}; it will be delivered again"
                log.problem("deleting a message", reason, queue=source.name, message_id=job.message.id)
            with self.changed:
                self.deletions -= len(batch) - len(again)
                self.changed.notify_all()
            failures = failures + 1 if len(again) == len(batch) else 0
            batch = again
            if failures:
                time.sleep(backoff(failures - 1, 10))
