"""`python -m voucher_worker` is the worker, and `python -m voucher_worker check` its health check."""

import os
import signal
import sys
import threading

from . import log
from .check import voucher_check
from .config import ConfigError, read_config
from .sqs import clients
from .worker import Worker, is_healthy

SIGNALS = {signal.SIGTERM, signal.SIGINT}


def end_process(dead: threading.ExceptHookArgs) -> None:
    """A helper thread has died, and without it messages would wait or be processed twice: ECS starts another task."""
    log.problem("running a thread", repr(dead.exc_value))
    os._exit(1)


def main() -> int:
    if sys.argv[1:] == ["check"]:
        return 0 if is_healthy(os.environ.get("HEALTH_FILE")) else 1
    try:
        config = read_config(os.environ)
    except ConfigError as error:
        print(f"voucher-worker: {error}", file=sys.stderr)
        return 2
    # Before any thread starts, which inherits this: one thread waits for the signals, and none is interrupted.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    threading.excepthook = end_process
    worker = Worker(config, *clients(config, os.environ), voucher_check(config.work_time))

    def wait_for_signals() -> None:
        while True:
            name = signal.Signals(signal.sigwait(SIGNALS)).name
            log.write("stop", signal=name)
            worker.stop()

    threading.Thread(target=wait_for_signals, daemon=True).start()
    log.write(
        "start",
        queues=[url.rsplit("/", 1)[-1] for url in config.queues],
        concurrency=config.concurrency,
        wait_ms=round(config.wait * 1000),
        stop_timeout_ms=round(config.stop_timeout * 1000),
        protection=config.agent is not None,
    )
    log.write("end", **worker.run())
    return 0


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    # Not `sys.exit`, which would wait for the thread of a check that the stop has left unfinished.
    os._exit(code)
