import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import type { Check } from "../src/check.ts";
import { readConfig } from "../src/config.ts";
import { output } from "../src/log.ts";
import { Worker } from "../src/worker.ts";
import { FakeSqs } from "./fake_sqs.ts";

/** Runs a worker until the condition holds; returns its counts and its log. */
async function work(t: TestContext, sqs: FakeSqs, check: Check, until: () => boolean, variables = {}) {
  const base = { QUEUE_URL: "https://sqs/1/vouchers", WAIT_TIME: "1s", STOP_TIMEOUT: "4s" };
  const worker = new Worker(readConfig({ ...base, ...variables }), sqs.client, check);
  const said: any[] = [];
  const write = t.mock.method(output, "write", (line: string) => said.push(JSON.parse(line)) > 0);
  const running = worker.run();
  for (const end = Date.now() + 10_000; !until() && Date.now() < end; ) await sleep(10);
  worker.stop();
  const counts = await running;
  write.mock.restore();
  return { counts, said };
}

test("a check that rejects costs its message only", async (t) => {
  const sqs = new FakeSqs(["good", "bad", "good"]);
  const check: Check = async ({ body }) => {
    if (body === "bad") throw new Error("no");
  };
  const { counts, said } = await work(t, sqs, check, () => sqs.deleted.length === 2, { CONCURRENCY: "2" });
  assert.deepEqual(counts, { done: 2, failed: 1, given_back: 0, not_deleted: 0 });
  assert.deepEqual(sqs.deleted.sort(), ["m0", "m2"]);
  assert.deepEqual(said.filter(({ outcome }) => outcome === "failed").map(({ reason }) => reason), ["no"]);
  assert.ok(Math.max(...sqs.asked) <= 2);
});

test("a failed deletion is repeated unless the message is lost", async (t) => {
  const again = new FakeSqs(["a"], ["InternalError"]);
  const repeated = await work(t, again, async () => {}, () => again.deleted.length > 0);
  assert.deepEqual([again.deleted, repeated.counts["not_deleted"]], [["m0"], 0]);
  const lost = new FakeSqs(["a"], ["ReceiptHandleIsInvalid"]);
  const { counts, said } = await work(t, lost, async () => {}, () => lost.deleteFailures.length === 0);
  assert.deepEqual([lost.deleted, counts["not_deleted"]], [[], 1]);
  assert.equal(said.at(-1).error, "ReceiptHandleIsInvalid: no; it will be delivered again");
});

test("a message over the limit has failed, and its late success is ignored", async (t) => {
  let hasEnded = false;
  const check: Check = async () => {
    await sleep(1_000);
    hasEnded = true;
  };
  const sqs = new FakeSqs(["slow"]);
  const { counts, said } = await work(t, sqs, check, () => hasEnded, { WORK_LIMIT: "300ms" });
  assert.deepEqual([counts["done"], counts["failed"], sqs.deleted], [0, 1, []]);
  assert.equal(said[0].reason, "it took longer than the work limit of 0.3s");
});

test("the visibility timeout is extended at its half", async (t) => {
  const sqs = new FakeSqs(["slow"]);
  await work(t, sqs, () => sleep(1_300), () => sqs.deleted.length > 0);
  // After 0.5 s, and 0.5 s after that.
  assert.deepEqual(sqs.hidden, [["m0", 1], ["m0", 1]]);
});
