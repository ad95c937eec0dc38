// The health check: the worker touches a file, which grows old when its event loop is blocked.

import { stat, writeFile } from "node:fs/promises";

import * as log from "./log.ts";

const EVERY = 5_000;
const LIMIT = 60_000;

export function reportHealth(file: string): void {
  const touch = () => writeFile(file, "").catch((error) => log.problem("writing the health file", error));
  void touch();
  setInterval(touch, EVERY).unref();
}

/** Without a file, it is enough that the check itself runs. */
export async function isHealthy(file: string | undefined): Promise<boolean> {
  if (!file) return true;
  return stat(file).then(
    ({ mtimeMs }) => Date.now() - mtimeMs < LIMIT,
    () => false,
  );
}
