// The work on one message. This is the file to replace.

import { setTimeout as sleep } from "node:timers/promises";

export interface Message {
  id: string; // the same at each delivery
  body: string;
  sentAtMs: number | undefined;
  receiveCount: number | undefined;
}

/**
 * Resolves when the message is done, and rejects if it isn't: then it is delivered again. It must be idempotent, because
 * SQS delivers at least once. It must end when `signal` aborts, because the message then belongs to another worker. A
 * long computation belongs into a worker thread: it would keep all other messages, and the signals, waiting.
 */
export type Check = (message: Message, signal: AbortSignal) => Promise<void>;

/** The example: a check that takes its time, in milliseconds, and does nothing. */
export function voucherCheck(workTime: () => number): Check {
  return async (message, signal) => {
    const voucher = parse(message.body);
    if (!isNatural(voucher?.voucher) || !(voucher.work_ms == null || isNatural(voucher.work_ms))) {
      throw new Error("malformed: `voucher` and `work_ms` are whole numbers");
    }
    // A timer of Node can fire a millisecond early.
    await sleep((voucher.work_ms ?? workTime()) + 1, undefined, { signal });
  };
}

function parse(body: string) {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw new Error(`malformed: ${(error as Error).message}`);
  }
}

function isNatural(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** A number from the exponential distribution with this mean. */
export function exponential(mean: number): number {
  return -mean * Math.log(1 - Math.random());
}
