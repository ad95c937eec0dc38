// SQS in memory, as far as the worker calls it. A message that isn't deleted doesn't come back.

import { setTimeout as sleep } from "node:timers/promises";

import type { SQSClient } from "@aws-sdk/client-sqs";

export class FakeSqs {
  waiting: { MessageId: string; ReceiptHandle: string; Body: string }[];
  deleteFailures: string[]; // codes of the next deletions that fail
  deleted: string[] = [];
  hidden: [string, number][] = [];
  asked: number[] = [];

  constructor(bodies: string[], deleteFailures: string[] = []) {
    this.waiting = bodies.map((Body, index) => ({ MessageId: `m${index}`, ReceiptHandle: `m${index}`, Body }));
    this.deleteFailures = deleteFailures;
  }

  get client(): SQSClient {
    return this as unknown as SQSClient;
  }

  async send(command: { constructor: { name: string }; input: any }): Promise<object> {
    const { input } = command;
    switch (command.constructor.name) {
      case "GetQueueAttributesCommand":
        return { Attributes: { VisibilityTimeout: "1" } };
      case "ReceiveMessageCommand":
        this.asked.push(input.MaxNumberOfMessages);
        if (this.waiting.length === 0) await sleep(20);
        return { Messages: this.waiting.splice(0, input.MaxNumberOfMessages) };
      case "ChangeMessageVisibilityCommand":
        this.hidden.push([input.ReceiptHandle, input.VisibilityTimeout]);
        return {};
      case "DeleteMessageBatchCommand":
        return { Failed: input.Entries.flatMap((entry: any) => this.#delete(entry)) };
      default:
        throw new Error(command.constructor.name);
    }
  }

  #delete({ Id, ReceiptHandle }: { Id: string; ReceiptHandle: string }): object[] {
    const Code = this.deleteFailures.shift();
    if (Code !== undefined) return [{ Id, Code, Message: "no" }];
    this.deleted.push(ReceiptHandle);
    return [];
  }
}
