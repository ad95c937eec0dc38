"""The configuration: environment variables, read once, with all problems reported together."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from .check import exponential

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
HALF_DAY = 12 * 3600.0  # SQS hides no message for longer.


@dataclass(frozen=True)
class Config:
    """Times in seconds."""

    queues: tuple[str, ...]  # URLs
    concurrency: int
    work_time: Callable[[], float]
    work_limit: float
    visibility: float | None  # None: the queue's
    wait: float
    stop_timeout: float
    protect_after: float
    agent: str | None
    health_file: str | None

    @property
    def reserve(self) -> float:
        """The last part of a stop, to give messages back and to delete; a third of it stays unused."""
        return min(self.stop_timeout / 4, 3.0)


class ConfigError(Exception):
    pass


def seconds(text: str) -> float | None:
    """`90s`, `1m 30s`, or `100ms`; None if it is something else."""
    if not re.fullmatch(r"(\d+(ms|s|m|h)\s*)+", text):
        return None
    return sum(int(number) * UNITS[unit] for number, unit in re.findall(r"(\d+)(ms|s|m|h)", text))


def read_config(variables: Mapping[str, str]) -> Config:
    """Raises ConfigError with every variable that is missing or wrong."""
    problems: list[str] = []

    def text(name: str) -> str | None:
        return variables.get(name, "").strip() or None

    def wrong(name: str, expected: str) -> None:
        problems.append(f"{name} is {json.dumps(text(name))}: expected {expected}")

    def time(name: str, default: float | None, least: float, most: float, whole: bool = False) -> float | None:
        given = text(name)
        if given is None:
            return default
        value = seconds(given)
        if value is None or not least <= value <= most or (whole and value % 1):
            kind = "whole seconds" if whole else "a duration"
            wrong(name, f"{kind} such as 30s, from {least:g}s to {most:g}s")
        return value

    queues = []
    for name in sorted(variables):
        if (name == "QUEUE_URL" or name.startswith("QUEUE_URL_")) and (url := text(name)):
            if not re.fullmatch(r"https?://\S+/[^\s/]+", url):
                wrong(name, "the URL of a queue")
            elif url not in queues:
                queues.append(url)
    if not queues and not problems:
        problems.append(
            "QUEUE_URL is not set: expected the URL of a queue, in it or in QUEUE_URL_NAME for each of several"
        )
    concurrency = text("CONCURRENCY") or "1"
    if not concurrency.isdecimal() or not 1 <= int(concurrency) <= 1000:
        wrong("CONCURRENCY", "a whole number from 1 to 1000")
    kind, _, mean = (text("WORK_TIME") or "100ms").rpartition(":")
    work_time = seconds(mean)
    if work_time is None or kind not in ("", "exponential"):
        wrong("WORK_TIME", "a duration such as 100ms, or exponential:100ms for its mean")
    stop_timeout = time("STOP_TIMEOUT", 30.0, 1.0, HALF_DAY)
    config = Config(
        queues=tuple(queues),
        concurrency=int(concurrency) if concurrency.isdecimal() else 1,
        work_time=partial(exponential, work_time) if kind else lambda: work_time,
        work_limit=time("WORK_LIMIT", 900.0, 0.001, HALF_DAY),
        visibility=time("VISIBILITY_TIMEOUT", None, 1.0, HALF_DAY, whole=True),
        wait=time("WAIT_TIME", 20.0, 0.0, 20.0, whole=True),
        stop_timeout=stop_timeout,
        protect_after=time("PROTECT_AFTER", 1.0, 0.0, HALF_DAY),
        agent=text("ECS_AGENT_URI"),
        health_file=text("HEALTH_FILE"),
    )
    if problems:
        raise ConfigError("the configuration is invalid" + "".join(f"\n  {one}" for one in problems))
    # A stop waits for the poll in progress, which must end within it, with 2 s left for its messages.
    within = max(0, int(config.stop_timeout - config.reserve - 2.0))
    return Config(**{**vars(config), "wait": min(config.wait, within)})
