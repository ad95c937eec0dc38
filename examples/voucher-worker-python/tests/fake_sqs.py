"""SQS in memory, as far as the worker calls it. A message that isn't deleted doesn't come back."""

import threading
import time
from typing import Any


class FakeSqs:
    def __init__(self, bodies: list[str], delete_failures: list[str] | None = None) -> None:
        self.lock = threading.Lock()
        self.waiting = list(enumerate(bodies))
        self.delete_failures = delete_failures or []  # codes of the next deletions that fail
        self.deleted: list[str] = []
        self.hidden: list[tuple[str, int]] = []
        self.asked: list[int] = []

    def get_queue_attributes(self, **_: Any) -> dict:
        return {"Attributes": {"VisibilityTimeout": "1"}}

    def receive_message(self, MaxNumberOfMessages: int, **_: Any) -> dict:
        with self.lock:
            self.asked.append(MaxNumberOfMessages)
            taken, self.waiting = self.waiting[:MaxNumberOfMessages], self.waiting[MaxNumberOfMessages:]
        if not taken:
            time.sleep(0.02)
        return {
            "Messages": [
                {"MessageId": f"m{number}", "ReceiptHandle": f"m{number}", "Body": body} for number, body in taken
            ]
        }

    def change_message_visibility_batch(self, Entries: list[dict], **_: Any) -> dict:
        self.hidden += [(entry["ReceiptHandle"], entry["VisibilityTimeout"]) for entry in Entries]
        return {}

    def delete_message_batch(self, Entries: list[dict], **_: Any) -> dict:
        failed = []
        for entry in Entries:
            if self.delete_failures:
                failed.append({"Id": entry["Id"], "Code": self.delete_failures.pop(0), "Message": "no"})
            else:
                self.deleted.append(entry["ReceiptHandle"])
        return {"Failed": failed}
