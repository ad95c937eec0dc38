"""The plugin's own routes in LocalStack's gateway, for the emulators next to it.

Each module of routes has a list `ROUTES`; all paths start with `/_ecs_scaler/`.
"""

from __future__ import annotations


def install() -> None:
    """Adds every route to the gateway."""
    from localstack.services.edge import ROUTER

    from localstack_ecs import routes_agent, routes_scaling, routes_tasks

    for module in (routes_agent, routes_scaling, routes_tasks):
        ROUTER.add(module.ROUTES)
