// Task protection: while a message takes long, ECS doesn't end the task for scale-in or a deployment.
//
// Source: ECS Developer Guide, Task scale-in protection endpoint.

import * as log from "./log.ts";

const TICK = 200;
const EXPIRES_MINUTES = 10; // A worker that hangs doesn't block a deployment for longer.
const RENEW = 300_000;
const HOLD = 5_000; // Protection outlasts the work: ECS throttles requests, and the next long message may follow.

/** Asks the agent; rejects if it doesn't do it. */
export async function put(agent: string, enabled: boolean): Promise<void> {
  const response = await fetch(`${agent}/task-protection/v1/state`, {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ProtectionEnabled: enabled, ...(enabled && { ExpiresInMinutes: EXPIRES_MINUTES }) }),
    signal: AbortSignal.timeout(5_000),
  });
  const text = await response.text();
  let reply;
  try {
    reply = JSON.parse(text);
  } catch {}
  if (reply?.protection?.ProtectionEnabled !== enabled) throw new Error(`the ECS agent answered ${text.slice(0, 300)}`);
}

/** Calls the agent only on a change, and to renew. The work continues whatever the agent responds. */
export class Protection {
  readonly #put: (enabled: boolean) => Promise<void>;
  readonly #isLong: () => boolean;
  #protected: boolean | undefined = false; // undefined: unknown, because a request failed
  #again = 0;
  #held = 0;
  #failures = 0;

  constructor(put: (enabled: boolean) => Promise<void>, isLong: () => boolean) {
    this.#put = put;
    this.#isLong = isLong;
  }

  async run(): Promise<void> {
    await this.step(performance.now());
    setTimeout(() => this.run(), TICK).unref();
  }

  async step(now: number): Promise<void> {
    const isLong = this.#isLong();
    if (isLong) this.#held = now + HOLD;
    const wanted = isLong || (this.#protected !== false && now < this.#held);
    const isDue = now >= this.#again && (wanted || this.#protected === undefined);
    if (!isDue && this.#protected !== !wanted) return;
    try {
      await this.#put(wanted);
    } catch (error) {
      log.problem(wanted ? "protecting the task" : "ending the task's protection", error);
      this.#failures += 1;
      this.#protected = undefined;
      this.#again = now + Math.min(500 * 2 ** this.#failures, 60_000);
      return;
    }
    if (this.#protected !== wanted) log.write("protection", { enabled: wanted });
    this.#failures = 0;
    this.#protected = wanted;
    this.#again = now + RENEW;
  }
}
