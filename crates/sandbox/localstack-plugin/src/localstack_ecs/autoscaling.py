"""What moto's EC2 Auto Scaling leaves behind, removed.

A group's instances are entries in moto's EC2: nothing starts, and none registers with a cluster.
"""

from __future__ import annotations

from localstack.utils.patch import Patch
from moto.ec2.models.instances import Instance


def install() -> None:
    """Make a group's instances take their network interfaces with them, as on AWS."""
    Patch.function(Instance.terminate, terminate).apply()


def terminate(original, instance: Instance):
    """End an instance. moto would keep its interface, which would block the subnet's deletion."""
    if getattr(instance, "autoscaling_group", None):
        for interface in instance.nics.values():
            interface.delete_on_termination = True
    return original(instance)
