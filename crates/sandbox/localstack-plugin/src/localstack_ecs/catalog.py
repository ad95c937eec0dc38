"""The services and CloudFormation types of this process, listed without any request.

LocalStack would fetch the answer from its maker's server. The sandbox reaches no server, and a
type that it lacks must fail the change set instead of passing as a placeholder.
"""

from localstack.services.cloudformation.resource_provider import plugin_manager
from localstack.utils.catalog.catalog import CatalogPlugin
from localstack.utils.catalog.common import (
    CloudFormationResourcesSupportAtRuntime,
    CloudFormationResourcesSupportInLatest,
)


class LocalCatalog(CatalogPlugin):
    """Takes the place of LocalStack's catalogue of the same name."""

    name = "aws-catalog-remote-state"

    def get_aws_service_status(self, service_name: str, operation_name: str | None = None):
        return None

    def get_cloudformation_resource_status(
        self, resource_name: str, service_name: str, is_pro_resource: bool = False
    ):
        if plugin_manager.exists(resource_name):
            return CloudFormationResourcesSupportAtRuntime.AVAILABLE
        return CloudFormationResourcesSupportInLatest.NOT_SUPPORTED
