"""The edge to SQS."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.config import Config as SdkConfig
from botocore.exceptions import BotoCoreError, ClientError

from .config import Config

BATCH = 10  # SQS receives, hides, and deletes at most 10 messages per call.
# The receipt has expired: the message is visible again, another worker has it, or it is deleted.
LOST = ("MessageNotInflight", "ReceiptHandleIsInvalid", "InvalidParameterValue", "InvalidParameterValueException")
SDK_ERRORS = (BotoCoreError, ClientError)


def clients(config: Config, variables: Mapping[str, str]) -> tuple[Any, Any]:
    """A client for polls, which the loop retries, and one for the other calls."""
    region = variables.get("AWS_REGION") or variables.get("AWS_DEFAULT_REGION")
    in_url = re.match(r"https://sqs\.([^.]+)\.amazonaws\.", config.queues[0])

    def client(patience: float, attempts: int) -> Any:
        settings = SdkConfig(
            connect_timeout=2, read_timeout=patience, retries={"mode": "standard", "total_max_attempts": attempts}
        )
        return boto3.client("sqs", region_name=region or (in_url and in_url[1]), config=settings)

    return client(config.wait + 5, 1), client(5, 3)


def call_batch(call: Callable[..., Any], url: str, jobs: list[Any], **each: Any) -> list[tuple[Any, str, str]]:
    """Calls an operation for at most 10 messages; returns those that failed, with SQS's code and the reason."""
    entries = [{"Id": str(index), "ReceiptHandle": job.receipt} | each for index, job in enumerate(jobs)]
    try:
        reply = call(QueueUrl=url, Entries=entries)
    except SDK_ERRORS as error:
        return [(job, "", str(error)) for job in jobs]
    return [
        (jobs[int(entry["Id"])], entry["Code"].rsplit(".", 1)[-1], entry.get("Message") or entry["Code"])
        for entry in reply.get("Failed", [])
    ]
