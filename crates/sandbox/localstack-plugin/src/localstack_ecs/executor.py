"""LocalStack's Lambda executor `process`: functions run as plain processes, without Docker.

Supports only custom runtimes (`provided…`) in a zip without layers. Ignores the function's
architecture: its `bootstrap` must run on this machine.
"""

from __future__ import annotations

from localstack.aws.api.lambda_ import PackageType
from localstack.services.lambda_.invocation.execution_environment import ExecutionEnvironment
from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InvocationResult
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.lambda_.invocation.runtime_executor import (
    LambdaRuntimeException,
    RuntimeExecutor,
)
from localstack.utils.patch import patch

from localstack_ecs import speed
from localstack_ecs.environment import Environment, Function

HOST = "127.0.0.1"
INTERNAL_VARIABLES = ("LOCALSTACK_RUNTIME_", "LOCALSTACK_FUNCTION_ACCOUNT_ID")
"""Variables for LocalStack's own helper inside a container, which is not there."""


class ProcessExecutor(RuntimeExecutor):
    """One execution environment of a function version."""

    environment: Environment | None = None

    def start(self, env_vars: dict[str, str]) -> None:
        config = self.function_version.config
        config.code.prepare_for_execution()
        self.environment = Environment(
            Function(
                code=config.code.get_unzipped_code_location(),
                timeout_seconds=config.timeout,
                memory_mb=config.memory_size,
                version=self.function_version.id.qualifier,
                variables=speed.variables(function_variables(env_vars)),
            )
        )
        self.environment.start()

    def stop(self) -> None:
        if self.environment:
            self.environment.stop()

    def get_address(self) -> str:
        return HOST

    def get_endpoint_from_executor(self) -> str:
        return HOST

    def get_runtime_endpoint(self) -> str:
        return f"http://{HOST}"

    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        request_id, event = payload["invoke-id"], payload["payload"]
        result = self.environment.invoke(
            request_id,
            speed.event(event.encode() if isinstance(event, str) else event),
            payload["invoked-function-arn"],
            payload.get("trace-id", ""),
        )
        return InvocationResult(
            request_id, result.payload, is_error=result.is_error, logs=result.logs
        )

    def get_logs(self) -> str:
        return self.environment.output() if self.environment else ""

    @classmethod
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        config = function_version.config
        if refusal := refused(config.package_type, config.runtime, config.layers):
            raise LambdaRuntimeException(refusal)
        config.code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        pass


def refused(package_type: str, runtime: str | None, layers: list | None) -> str | None:
    """Returns the reason why this executor can't run a function. None if it can."""
    if package_type != PackageType.Zip:
        return "the sandbox runs functions from zip files only, not from images"
    if not (runtime or "").startswith("provided"):
        return f"the sandbox runs custom runtimes (provided.al2023) only, not {runtime}"
    if layers:
        return "the sandbox runs functions without layers only"
    return None


def function_variables(env_vars: dict) -> dict[str, str]:
    """Returns LocalStack's environment of a function, in the form for a process."""
    return {
        name: str(value)
        for name, value in env_vars.items()
        if value is not None and not name.startswith(INTERNAL_VARIABLES)
    }


class ProcessExecutorPlugin(RuntimeExecutorPlugin):
    """Selected with LAMBDA_RUNTIME_EXECUTOR=process."""

    name = "process"

    def load(self, *_args, **_kwargs):
        return ProcessExecutor


@patch(ExecutionEnvironment.get_log_group_name)
def log_group_name(default, self) -> str:
    """Returns the log group of `LoggingConfig`, which LocalStack ignores."""
    configured = (self.function_version.config.logging_config or {}).get("LogGroup")
    return configured or default(self)
