"""The AWS services that this plugin adds to LocalStack.

moto, which LocalStack contains, implements ECS, Application Auto Scaling, EC2 Auto Scaling, and
Elastic Load Balancing. `ecs`, `scaling`, and `autoscaling` correct where moto differs from AWS.
"""

from localstack.aws.api import RequestContext, ServiceRequest
from localstack.aws.skeleton import DispatchTable, Skeleton
from localstack.aws.spec import load_service
from localstack.services.moto import call_moto
from localstack.services.plugins import Service, aws_provider


def forward(context: RequestContext, _request: ServiceRequest):
    """Handles an operation as moto does."""
    return call_moto(context)


def moto_service(name: str, corrections: DispatchTable | None = None) -> Service:
    """A service whose operations moto handles, except those in `corrections`."""
    model = load_service(name)
    table = {operation: forward for operation in model.operation_names}
    table.update(corrections or {})
    return Service(name, skeleton=Skeleton(model, table))


@aws_provider()
def ecs() -> Service:
    from localstack_ecs.ecs import CORRECTIONS

    return moto_service("ecs", CORRECTIONS)


@aws_provider(api="application-autoscaling")
def application_autoscaling() -> Service:
    from localstack_ecs.scaling import CORRECTIONS

    return moto_service("application-autoscaling", CORRECTIONS)


@aws_provider()
def elbv2() -> Service:
    return moto_service("elbv2")


@aws_provider()
def autoscaling() -> Service:
    from localstack_ecs.autoscaling import install

    install()
    return moto_service("autoscaling")


@aws_provider()
def ssm() -> Service:
    """LocalStack's own with more public parameters. Replaces the provider of this name."""
    from localstack.services.moto import MotoFallbackDispatcher
    from localstack.services.ssm.provider import SsmProvider

    from localstack_ecs.ssm import install

    install()
    return Service.for_provider(SsmProvider(), dispatch_table_factory=MotoFallbackDispatcher)


@aws_provider()
def scheduler() -> Service:
    """LocalStack's own, whose schedules are carried out."""
    from localstack.services.moto import MotoFallbackDispatcher
    from localstack.services.scheduler.provider import SchedulerProvider

    from localstack_ecs import scheduler

    scheduler.install()
    return Service.for_provider(SchedulerProvider(), dispatch_table_factory=MotoFallbackDispatcher)


@aws_provider()
def sqs() -> Service:
    """LocalStack's own with more metrics. Replaces the provider of this name."""
    from localstack.services.sqs.provider import SqsProvider

    from localstack_ecs.sqs_metrics import install

    install()
    return Service.for_provider(SqsProvider())


@aws_provider()
def events() -> Service:
    """LocalStack's own with other schedules. Replaces the provider of this name."""
    from localstack.services.events.provider import EventsProvider

    from localstack_ecs import rules

    rules.install()
    return Service.for_provider(EventsProvider())
