import assert from "node:assert/strict";
import { test } from "node:test";

import { voucherCheck } from "../src/check.ts";
import { ConfigError, milliseconds, readConfig } from "../src/config.ts";
import { output } from "../src/log.ts";
import { Protection } from "../src/protection.ts";

const QUEUE_URL = "https://sqs.us-west-2.amazonaws.com/111122223333/vouchers";

test("durations", () => {
  const cases = { "100ms": 100, "1m 30s": 90_000, "12h": 43_200_000, "1": undefined, "": undefined, "1.5s": undefined };
  for (const [text, expected] of Object.entries(cases)) assert.equal(milliseconds(text), expected, text);
});

test("each queue is polled once", () => {
  const other = "https://sqs.us-west-2.amazonaws.com/111122223333/other";
  const config = readConfig({ QUEUE_URL, QUEUE_URL_VOUCHERS: QUEUE_URL, QUEUE_URL_OTHER: other, X: other });
  assert.deepEqual(config.queues, [QUEUE_URL, other]);
});

test("a poll ends within the stop", () => {
  // 30 s − 3 s to give back − 2 s for the last messages = 25 s, so 20 s fit; 8 s − 2 s − 2 s = 4 s.
  assert.equal(readConfig({ QUEUE_URL }).wait, 20_000);
  assert.equal(readConfig({ QUEUE_URL, STOP_TIMEOUT: "8s" }).wait, 4_000);
});

test("all problems are reported", () => {
  const variables = { QUEUE_URL: "vouchers", CONCURRENCY: "0", WAIT_TIME: "21s", WORK_LIMIT: "x" };
  assert.throws(
    () => readConfig(variables),
    (error) => {
      assert.ok(error instanceof ConfigError);
      const names = error.message.split("\n").slice(1).map((line) => line.trim().split(" ")[0]);
      assert.deepEqual(names.sort(), ["CONCURRENCY", "QUEUE_URL", "WAIT_TIME", "WORK_LIMIT"]);
      return true;
    },
  );
});

test("what is no voucher is malformed", async () => {
  const check = voucherCheck(() => 0);
  const run = (body: string) =>
    check({ id: "m", body, sentAtMs: undefined, receiveCount: undefined }, new AbortController().signal);
  const malformed = ["", "[]", "null", "{}", '{"voucher": -1}', '{"voucher": true}', '{"voucher": 1, "work_ms": "x"}'];
  for (const body of [...malformed, "[".repeat(100_000)]) await assert.rejects(run(body), /malformed: /);
  await run('{"voucher": 1, "work_ms": 1}');
});

test("protection is switched on, renewed, held, and switched off", async (t) => {
  t.mock.method(output, "write", () => true);
  let isLong = false;
  const asked: boolean[] = [];
  const protection = new Protection(async (enabled) => void asked.push(enabled), () => isLong);
  const steps: Record<number, boolean> = {};
  for (let second = 100; second < 900; second++) {
    isLong = second >= 110 && second < 500;
    const before = asked.length;
    await protection.step(second * 1_000);
    if (asked.length > before) steps[second] = asked.at(-1)!;
  }
  // Renewed after 300 s; held for 5 s after the last moment of work.
  assert.deepEqual(steps, { 110: true, 410: true, 504: false });
});

test("a refusal is repeated less and less often", async (t) => {
  t.mock.method(output, "write", () => true);
  let second = 0;
  const tries: number[] = [];
  const put = async () => {
    tries.push(second);
    throw new Error("DEPLOYMENT_BLOCKED");
  };
  const protection = new Protection(put, () => true);
  for (; second < 40; second++) await protection.step(second * 1_000);
  assert.deepEqual(tries, [0, 1, 3, 7, 15, 31]);
});
