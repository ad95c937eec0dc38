// `node src/main.ts` is the worker, and `node src/main.ts check` its health check.

import { voucherCheck } from "./check.ts";
import { ConfigError, readConfig } from "./config.ts";
import { isHealthy, reportHealth } from "./health.ts";
import * as log from "./log.ts";
import { client } from "./sqs.ts";
import { Worker } from "./worker.ts";

async function main(): Promise<number> {
  if (process.argv[2] === "check") return (await isHealthy(process.env["HEALTH_FILE"])) ? 0 : 1;
  let config;
  try {
    config = readConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(`voucher-worker: ${error.message}`);
    return 2;
  }
  process.stdout.on("error", () => {}); // There is no place to report it, and the work continues without a log.
  const worker = new Worker(config, client(config), voucherCheck(config.workTime));
  for (const signal of ["SIGTERM", "SIGINT"]) {
    process.on(signal, () => {
      log.write("stop", { signal });
      worker.stop();
    });
  }
  log.write("start", {
    queues: config.queues.map((url) => url.split("/").at(-1)),
    concurrency: config.concurrency,
    wait_ms: config.wait,
    stop_timeout_ms: config.stopTimeout,
    protection: config.agent !== undefined,
  });
  if (config.healthFile) reportHealth(config.healthFile);
  log.write("end", await worker.run());
  return 0;
}

// Not `process.exitCode`, which would wait for a check that the stop has left unfinished.
process.exit(await main());
