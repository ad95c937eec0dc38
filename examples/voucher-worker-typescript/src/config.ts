// The configuration: environment variables, read once, with all problems reported together.

import { exponential } from "./check.ts";

/** Times in milliseconds. */
export interface Config {
  queues: string[]; // URLs
  concurrency: number;
  workTime: () => number;
  workLimit: number;
  visibility: number | undefined; // undefined: the queue's
  wait: number;
  stopTimeout: number;
  protectAfter: number;
  agent: string | undefined;
  healthFile: string | undefined;
}

export class ConfigError extends Error {}

const UNITS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const HALF_DAY = 12 * 3_600_000; // SQS hides no message for longer.

/** `90s`, `1m 30s`, or `100ms` in milliseconds; undefined if it is something else. */
export function milliseconds(text: string): number | undefined {
  if (!/^(\d+(ms|s|m|h)\s*)+$/.test(text)) return undefined;
  return text.matchAll(/(\d+)(ms|s|m|h)/g).reduce((sum, [, count, unit]) => sum + Number(count) * UNITS[unit!]!, 0);
}

/** The last part of a stop, to give messages back and to delete; a third of it stays unused. */
export function reserve(stopTimeout: number): number {
  return Math.min(stopTimeout / 4, 3_000);
}

/** Throws a ConfigError with every variable that is missing or wrong. */
export function readConfig(variables: Record<string, string | undefined>): Config {
  const problems: string[] = [];
  const text = (name: string) => variables[name]?.trim() || undefined;
  const wrong = (name: string, expected: string) =>
    problems.push(`${name} is ${JSON.stringify(text(name))}: expected ${expected}`);
  const time = (name: string, fallback: number, least: number, most: number, whole = false): number => {
    const given = text(name);
    if (given === undefined) return fallback;
    const value = milliseconds(given);
    if (value === undefined || value < least || value > most || (whole && value % 1_000 !== 0)) {
      const kind = whole ? "whole seconds" : "a duration";
      wrong(name, `${kind} such as 30s, from ${least / 1_000}s to ${most / 1_000}s`);
    }
    return value ?? fallback;
  };

  const queues = new Set<string>();
  for (const name of Object.keys(variables).sort()) {
    const url = text(name);
    if (url === undefined || !(name === "QUEUE_URL" || name.startsWith("QUEUE_URL_"))) continue;
    if (/^https?:\/\/\S+\/[^\s/]+$/.test(url)) queues.add(url);
    else wrong(name, "the URL of a queue");
  }
  if (queues.size === 0 && problems.length === 0) {
    problems.push(
      "QUEUE_URL is not set: expected the URL of a queue, in it or in QUEUE_URL_NAME for each of several",
    );
  }
  const concurrency = /^\d+$/.test(text("CONCURRENCY") ?? "1") ? Number(text("CONCURRENCY") ?? "1") : 0;
  if (concurrency < 1 || concurrency > 1_000) wrong("CONCURRENCY", "a whole number from 1 to 1000");
  const [, random, mean] = /^(exponential:)?(.*)$/.exec(text("WORK_TIME") ?? "100ms")!;
  const workTime = milliseconds(mean!);
  if (workTime === undefined) wrong("WORK_TIME", "a duration such as 100ms, or exponential:100ms for its mean");
  const stopTimeout = time("STOP_TIMEOUT", 30_000, 1_000, HALF_DAY);
  // A stop waits for the poll in progress, which must end within it, with 2 s left for its messages.
  const within = Math.max(0, Math.floor((stopTimeout - reserve(stopTimeout)) / 1_000 - 2) * 1_000);
  const config: Config = {
    queues: [...queues],
    concurrency,
    workTime: () => (random ? exponential(workTime!) : workTime!),
    workLimit: time("WORK_LIMIT", 900_000, 1, HALF_DAY),
    visibility: time("VISIBILITY_TIMEOUT", 0, 1_000, HALF_DAY, true) || undefined,
    wait: Math.min(time("WAIT_TIME", 20_000, 0, 20_000, true), within),
    stopTimeout,
    protectAfter: time("PROTECT_AFTER", 1_000, 0, HALF_DAY),
    agent: text("ECS_AGENT_URI"),
    healthFile: text("HEALTH_FILE"),
  };
  if (problems.length > 0) throw new ConfigError(["the configuration is invalid", ...problems].join("\n  "));
  return config;
}
