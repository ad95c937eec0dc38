"""Removes what moto's EC2 Auto Scaling leaves behind.

A group's instances are only entries in moto's EC2: nothing starts, and no instance registers with a
cluster.
"""

from __future__ import annotations

from localstack.utils.patch import Patch
from moto.ec2.models.instances import Instance


def install() -> None:
    """Makes a group's instances delete their network interfaces with them, as on AWS."""
    Patch.function(Instance.terminate, terminate).apply()


def terminate(original, instance: Instance):
    """Terminates an instance. moto would keep its interface, which would prevent the subnet's
    deletion.
    """
    if getattr(instance, "autoscaling_group", None):
        for interface in instance.nics.values():
            interface.delete_on_termination = True
    return original(instance)
