"""Public parameters that moto's Systems Manager lacks: the ECS-optimized Amazon Linux 2023 images.

The image IDs are invented, because nothing starts from them here. They are the same at every start.
Names: Amazon ECS Developer Guide, "Retrieving Amazon ECS-optimized Linux AMI metadata".
"""

from __future__ import annotations

import hashlib
import json
import time

from localstack.utils.patch import Patch
from moto.ssm.models import Parameter, ParameterDict

PREFIX = "/aws/service/ecs/optimized-ami"
VARIANTS = ("amazon-linux-2023", "amazon-linux-2023/arm64")
"""For x86_64 and for arm64."""


def install() -> None:
    """Adds the parameters to moto's own."""
    Patch.function(ParameterDict._load_tree_parameters, load).apply()


def load(original, parameters: ParameterDict, path: str) -> None:
    """Reads moto's own parameters, and adds the plugin's."""
    original(parameters, path)
    if "optimized_amis" not in path:
        return
    for variant in VARIANTS:
        for name, value in recommended(variant, parameters.region_name).items():
            add(parameters, f"{PREFIX}/{variant}/recommended{name}", value)


def recommended(variant: str, region: str) -> dict[str, str]:
    """Returns the end of each parameter's name, and its value."""
    image = "ami-" + hashlib.sha256(f"{variant} {region}".encode()).hexdigest()[:17]
    name = f"sandbox-{variant.replace('/', '-')}"
    details = {"image_id": image, "image_name": name, "os": "Amazon Linux 2023"}
    return {"": json.dumps(details), "/image_id": image, "/image_name": name}


def add(parameters: ParameterDict, name: str, value: str) -> None:
    """Adds a parameter of version 1."""
    # moto's own way to bypass the check, which would load them again.
    super(ParameterDict, parameters).__getitem__(name).append(
        Parameter(
            account_id=parameters.account_id,
            name=name,
            value=value,
            parameter_type="String",
            description=None,
            allowed_pattern=None,
            keyid=None,
            last_modified_date=time.time(),
            version=1,
            data_type="text",
        )
    )
