"""Lists the services and CloudFormation types of this process without any request.

LocalStack would download the list from its vendor's server. The sandbox connects to no server, and
an unsupported type must fail the change set instead of passing as a placeholder.
"""

from localstack.services.cloudformation.resource_provider import plugin_manager
from localstack.utils.catalog.catalog import CatalogPlugin
from localstack.utils.catalog.common import (
    CloudFormationResourcesSupportAtRuntime,
    CloudFormationResourcesSupportInLatest,
)


class LocalCatalog(CatalogPlugin):
    """Replaces LocalStack's catalog of the same name."""

    name = "aws-catalog-remote-state"

    def get_aws_service_status(self, service_name: str, operation_name: str | None = None):
        return None

    def get_cloudformation_resource_status(
        self, resource_name: str, service_name: str, is_pro_resource: bool = False
    ):
        if plugin_manager.exists(resource_name):
            return CloudFormationResourcesSupportAtRuntime.AVAILABLE
        return CloudFormationResourcesSupportInLatest.NOT_SUPPORTED
