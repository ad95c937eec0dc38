// Receives messages, keeps them hidden while they are worked on, and deletes them when they are done.

import { EventEmitter, once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

import type { SQSClient } from "@aws-sdk/client-sqs";

import type { Check } from "./check.ts";
import { reserve, type Config } from "./config.ts";
import * as log from "./log.ts";
import { Protection, put } from "./protection.ts";
import { BATCH, Queue, isLost, type Received } from "./sqs.ts";

const MOST_DELETIONS = 100; // With more pending, nothing is received: undeleted messages would be processed again.
const GIVEN_BACK = "the worker was stopped before it was done; it is given back";

interface Deletion extends Received {
  until: number; // Then another worker has it.
  resolve: () => void;
}

/** A queue that is polled. */
interface Source {
  queue: Queue;
  done: Deletion[];
  isDeleting: boolean;
  failures: number;
  notBefore: number;
}

export class Worker {
  readonly #config: Config;
  readonly #check: Check;
  readonly #sources: Source[];
  readonly #counts = { done: 0, failed: 0, given_back: 0, not_deleted: 0 };
  readonly #changed = new EventEmitter(); // `change`: a message has ended, or a stop was requested
  readonly #jobs = new Map<AbortController, number>(); // messages in progress, and when each began
  #deletions = 0; // pending
  #isStopping = false;
  #deadlines: NodeJS.Timeout[] = [];
  readonly #workIsOver = new AbortController();
  readonly #end = Promise.withResolvers<void>();

  constructor(config: Config, client: SQSClient, check: Check) {
    this.#config = config;
    this.#check = check;
    this.#sources = config.queues.map((url) => {
      const queue = new Queue(client, url, config.visibility);
      return { queue, done: [], isDeleting: false, failures: 0, notBefore: 0 };
    });
  }

  /** Starts no new work. A second call gives the unfinished messages back now. */
  stop(): void {
    if (this.#isStopping) return this.#cutOff();
    this.#isStopping = true;
    const { stopTimeout } = this.#config;
    const cutOff = setTimeout(() => this.#cutOff(), stopTimeout - reserve(stopTimeout));
    this.#deadlines = [cutOff, setTimeout(this.#end.resolve, stopTimeout - reserve(stopTimeout) / 3)];
    this.#changed.emit("change");
  }

  #cutOff(): void {
    this.#workIsOver.abort();
    for (const job of this.#jobs.keys()) job.abort(GIVEN_BACK);
  }

  /** Works until it is stopped. No failure of SQS ends it. */
  async run(): Promise<Record<string, number>> {
    const { agent, protectAfter } = this.#config;
    const isLong = () => this.#jobs.values().some((began) => performance.now() - began >= protectAfter);
    if (agent) void new Protection((enabled) => put(agent, enabled), isLong).run();
    const finish = async () => {
      // The poll in progress ends first: SQS can give it messages that nobody else would get for a while.
      await this.#receive();
      while (this.#jobs.size + this.#deletions > 0) await once(this.#changed, "change");
    };
    await Promise.race([finish(), this.#end.promise]);
    this.#deadlines.forEach(clearTimeout);
    return this.#counts;
  }

  /** Polls the queues in turn, for as many messages as can be worked on. */
  async #receive(): Promise<void> {
    const several = this.#sources.length;
    for (let turn = 0, quiet = 0; ; ) {
      const free = this.#deletions < MOST_DELETIONS ? this.#config.concurrency - this.#jobs.size : 0;
      if (this.#isStopping) return;
      const now = performance.now();
      const order = [...this.#sources.slice(turn), ...this.#sources.slice(0, turn)];
      const source = order.find(({ notBefore }) => notBefore <= now);
      if (free <= 0) {
        await once(this.#changed, "change");
      } else if (source === undefined) {
        const pause = new AbortController();
        const next = Math.min(...order.map(({ notBefore }) => notBefore)) - now;
        const options = { signal: pause.signal };
        const ended = [sleep(next, undefined, options), once(this.#changed, "change", options)];
        await Promise.race(ended).finally(() => pause.abort());
        await Promise.allSettled(ended);
      } else {
        turn = (this.#sources.indexOf(source) + 1) % several;
        // One queue is polled long. Several are polled without waiting, and for a second when all were empty.
        const shared = quiet >= several ? Math.min(this.#config.wait, 1_000) : 0;
        const count = await this.#poll(source, free, several === 1 ? this.#config.wait : shared);
        quiet = count === 0 ? quiet + 1 : 0;
      }
    }
  }

  async #poll(source: Source, free: number, wait: number): Promise<number> {
    try {
      const messages = await source.queue.receive(free, wait, this.#workIsOver.signal);
      source.failures = 0;
      for (const received of messages) void this.#work(source, received);
      return messages.length;
    } catch (error) {
      source.notBefore = performance.now() + backoff(source.failures++, 10_000);
      log.problem("receiving messages", error, { queue: source.queue.name });
      return 0;
    }
  }

  async #work(source: Source, received: Received): Promise<void> {
    const { message, receipt } = received;
    const { workLimit } = this.#config;
    const job = new AbortController();
    this.#jobs.set(job, performance.now());
    const beganAtMs = Date.now();
    const aborted = once(job.signal, "abort").then(() => Promise.reject(job.signal.reason));
    const limit = setTimeout(() => job.abort(`it took longer than the work limit of ${workLimit / 1_000}s`), workLimit);
    const hidden = new AbortController();
    void this.#keepHidden(source.queue, received, hidden.signal);
    let reason: string | undefined;
    try {
      await Promise.race([this.#check(message, job.signal), aborted]);
    } catch (error) {
      reason = job.signal.aborted ? String(job.signal.reason) : error instanceof Error ? error.message : String(error);
    }
    clearTimeout(limit);
    hidden.abort();
    const isGivenBack = reason === GIVEN_BACK;
    this.#counts[isGivenBack ? "given_back" : reason === undefined ? "done" : "failed"] += 1;
    log.write("message", {
      message_id: message.id,
      sent_at_ms: message.sentAtMs,
      began_at_ms: beganAtMs,
      ended_at_ms: Date.now(),
      outcome: reason === undefined ? "done" : "failed",
      receive_count: message.receiveCount,
      queue: source.queue.name,
      reason,
    });
    if (reason === undefined) {
      this.#deletions += 1;
      const until = performance.now() + source.queue.visibility;
      void new Promise<void>((resolve) => this.#delete(source, { ...received, until, resolve })).then(() => {
        this.#deletions -= 1;
        this.#changed.emit("change");
      });
    } else if (isGivenBack) {
      await source.queue.hide(receipt, 0).catch((error) => {
        log.problem("giving a message back", error, { queue: source.queue.name, message_id: message.id });
      });
    }
    this.#jobs.delete(job);
    this.#changed.emit("change");
  }

  /** After half of its visibility timeout, hides a message for another whole one, until `signal` aborts. */
  async #keepHidden(queue: Queue, { message, receipt }: Received, signal: AbortSignal): Promise<void> {
    for (let next = queue.visibility / 2; ; ) {
      await sleep(next, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      try {
        await queue.hide(receipt, queue.visibility);
        next = queue.visibility / 2;
      } catch (error) {
        log.problem("keeping a message hidden", error, { queue: queue.name, message_id: message.id });
        // A lost message may already have had its effect, so its work goes on: that is why it must be idempotent.
        if (error instanceof Error && isLost(error.name)) return;
        next = Math.min(1_000, next);
      }
    }
  }

  /** Deletes one message immediately, and those that end meanwhile together: none waits for a batch to fill. */
  async #delete(source: Source, first: Deletion): Promise<void> {
    source.done.push(first);
    if (source.isDeleting) return;
    source.isDeleting = true;
    for (let failures = 0; source.done.length > 0; ) {
      const batch = source.done.splice(0, BATCH);
      const failed = await source.queue.delete(batch.map(({ receipt }) => receipt));
      const isOver = ({ until }: Deletion) => performance.now() >= until;
      const again = batch.filter((deletion, index) => failed.get(index)?.isLost === false && !isOver(deletion));
      for (const [index, deletion] of batch.entries()) {
        if (again.includes(deletion)) continue;
        const failure = failed.get(index);
        if (failure !== undefined) {
          this.#counts.not_deleted += 1;
          const fields = { queue: source.queue.name, message_id: deletion.message.id };
          log.problem("deleting a message", `${failure.reason}; it will be delivered again`, fields);
        }
        deletion.resolve();
      }
      source.done.unshift(...again);
      failures = again.length === batch.length ? failures + 1 : 0;
      if (failures > 0) await sleep(backoff(failures - 1, 10_000));
    }
    source.isDeleting = false;
  }
}

function backoff(failures: number, most: number): number {
  return Math.min(500 * 2 ** failures, most) * (0.5 + Math.random() / 2);
}
