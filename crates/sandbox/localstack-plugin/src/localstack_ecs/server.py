"""LocalStack's gateway, bound to the configured address, without a name server.

LocalStack's own server listens on every address of the machine and ignores GATEWAY_LISTEN. A
sandbox with test credentials must not be reachable from outside.
"""

from localstack import config
from localstack.runtime.server.core import RuntimeServer, RuntimeServerPlugin


class BoundServerPlugin(RuntimeServerPlugin):
    """Replaces LocalStack's server of the same name."""

    name = "twisted"

    def load(self, *_args, **_kwargs) -> RuntimeServer:
        from localstack.aws.serving.twisted import TLSMultiplexerFactory
        from localstack.runtime.server.twisted import TwistedRuntimeServer
        from localstack.utils.aws import aws_stack
        from rolo.serving.twisted import TwistedGateway
        from twisted.internet import endpoints, reactor, ssl

        from localstack_ecs import routes

        routes.install()
        # Otherwise the first use of S3 looks up "s3.127.0.0.1" at the name server.
        aws_stack.CACHE_S3_HOSTNAME_DNS_STATUS = False

        class BoundServer(TwistedRuntimeServer):
            def register(self, gateway, listen: list[config.HostAndPort], ssl_creds=None):
                factory = TwistedGateway(gateway)
                if ssl_creds:
                    certificate, key = ssl_creds
                    context = ssl.DefaultOpenSSLContextFactory(key, certificate)
                    context.getContext().use_certificate_chain_file(certificate)
                    factory = TLSMultiplexerFactory(context, False, factory)
                for address in listen:
                    v6 = config.is_ipv6_address(address.host)
                    endpoint = endpoints.TCP6ServerEndpoint if v6 else endpoints.TCP4ServerEndpoint
                    endpoint(reactor, address.port, interface=address.host).listen(factory)

        return BoundServer()
