"""The work on one message. This is the file to replace."""

import json
import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Message:
    id: str  # the same at each delivery
    body: str
    sent_at_ms: int | None
    receive_count: int | None


def voucher_check(work_time: Callable[[], float]) -> Callable[[Message], None]:
    """The example: a check that takes its time and does nothing.

    A check returns when the message is done, and raises if it isn't: then it is delivered again. It must be
    idempotent, because SQS delivers at least once, and a stop can end it at any point. It runs in a thread.
    """

    def check(message: Message) -> None:
        try:
            voucher = json.loads(message.body)
            number, own = voucher["voucher"], voucher.get("work_ms")
            if not is_natural(number) or not (own is None or is_natural(own)):
                raise ValueError("`voucher` and `work_ms` are whole numbers")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"malformed: {error}") from error
        time.sleep(work_time() if own is None else own / 1000)

    return check


def is_natural(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def exponential(mean: float) -> float:
    """A number from the exponential distribution with this mean."""
    return -mean * math.log(1.0 - random.random())
