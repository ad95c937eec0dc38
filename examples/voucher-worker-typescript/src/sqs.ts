// The edge to SQS: one queue's operations.

import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";

import type { Message } from "./check.ts";
import type { Config } from "./config.ts";
import { describe } from "./log.ts";

export const BATCH = 10; // SQS receives and deletes at most 10 messages per call.
const PATIENCE = 12_000; // for a call with its retries
const REPLY = 5_000;

export interface Received {
  message: Message;
  receipt: string;
}

export function client(config: Config): SQSClient {
  const [, region] = /^https:\/\/sqs\.([^.]+)\.amazonaws\./.exec(config.queues[0] ?? "") ?? [];
  const isSet = process.env["AWS_REGION"] || !region;
  return new SQSClient({ maxAttempts: 3, ...(isSet ? {} : { region }) });
}

/** Whether the message no longer belongs to this worker: it is visible again, received by another, or deleted. */
export function isLost(code: string | undefined): boolean {
  const short = code?.split(".").at(-1)?.replace(/Exception$/, "");
  return ["MessageNotInflight", "ReceiptHandleIsInvalid", "InvalidParameterValue"].includes(short ?? "");
}

export class Queue {
  readonly url: string;
  readonly name: string;
  readonly #client: SQSClient;
  #visibility: number | undefined; // seconds

  constructor(client: SQSClient, url: string, visibility: number | undefined) {
    this.#client = client;
    this.url = url;
    this.name = url.split("/").at(-1)!;
    this.#visibility = visibility && visibility / 1_000;
  }

  /** In milliseconds; known after the first poll. */
  get visibility(): number {
    return this.#visibility! * 1_000;
  }

  /** Waits for up to `most` messages, and hides them for the visibility timeout. The caller's loop retries. */
  async receive(most: number, wait: number, signal: AbortSignal): Promise<Received[]> {
    this.#visibility ??= await this.#readVisibility();
    const poll = new ReceiveMessageCommand({
      QueueUrl: this.url,
      // Several messages of a FIFO queue can be of one group, whose order would be lost.
      MaxNumberOfMessages: this.url.endsWith(".fifo") ? 1 : Math.min(most, BATCH),
      WaitTimeSeconds: wait / 1_000,
      VisibilityTimeout: this.#visibility,
      MessageSystemAttributeNames: ["SentTimestamp", "ApproximateReceiveCount"],
    });
    const abortSignal = AbortSignal.any([signal, AbortSignal.timeout(wait + REPLY)]);
    const { Messages = [] } = await this.#client.send(poll, { abortSignal });
    return Messages.map(({ MessageId, Body, ReceiptHandle, Attributes }) => {
      const number = (text: string | undefined) => (text === undefined ? undefined : Number(text));
      const sentAtMs = number(Attributes?.SentTimestamp);
      const receiveCount = number(Attributes?.ApproximateReceiveCount);
      return { message: { id: MessageId ?? "", body: Body ?? "", sentAtMs, receiveCount }, receipt: ReceiptHandle ?? "" };
    });
  }

  async #readVisibility(): Promise<number> {
    const read = new GetQueueAttributesCommand({ QueueUrl: this.url, AttributeNames: ["VisibilityTimeout"] });
    const { Attributes } = await this.#client.send(read, { abortSignal: AbortSignal.timeout(PATIENCE) });
    return Number(Attributes?.VisibilityTimeout) || 30; // Instead of 0, with which every worker would get every message.
  }

  /** Sets for how long from now a message stays hidden, in milliseconds; 0 makes it visible immediately. */
  async hide(receipt: string, length: number): Promise<void> {
    const hide = { QueueUrl: this.url, ReceiptHandle: receipt, VisibilityTimeout: length / 1_000 };
    const abortSignal = AbortSignal.timeout(PATIENCE);
    await this.#client.send(new ChangeMessageVisibilityCommand(hide), { abortSignal });
  }

  /** Deletes up to 10 messages; returns those that weren't deleted, by their place, and whether they are lost. */
  async delete(receipts: string[]): Promise<Map<number, { reason: string; isLost: boolean }>> {
    const Entries = receipts.map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle }));
    try {
      const request = new DeleteMessageBatchCommand({ QueueUrl: this.url, Entries });
      const { Failed = [] } = await this.#client.send(request, { abortSignal: AbortSignal.timeout(PATIENCE) });
      const entry = ({ Code, Message }: (typeof Failed)[0]) => ({ reason: `${Code}: ${Message}`, isLost: isLost(Code) });
      return new Map(Failed.map((failed) => [Number(failed.Id), entry(failed)]));
    } catch (error) {
      return new Map(receipts.map((_, index) => [index, { reason: describe(error), isLost: false }]));
    }
  }
}
