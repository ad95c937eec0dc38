# The tool in an image: `docker run --rm -v "$PWD:/work" -w /work IMAGE validate stack.yaml`.
# Build it beside an unpacked release archive: `docker build --build-arg ARCHIVE=ecs-scaler-VERSION-TARGET .`
# The sandbox (`--local`) isn't supported in it: it needs Python.
FROM debian:12.11-slim
# Without certificates, the tool can't verify that it talks to AWS. They are the newest ones, so they have no fixed version.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
ARG ARCHIVE
COPY ${ARCHIVE}/ecs-scaler /usr/local/bin/ecs-scaler
RUN useradd --create-home --uid 10001 scaler
USER 10001
ENTRYPOINT ["/usr/local/bin/ecs-scaler"]
