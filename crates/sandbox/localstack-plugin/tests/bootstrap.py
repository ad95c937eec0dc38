"""A function for the tests. It executes its event's `do`."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request

API = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime"
COUNT = 0


def post(path, body):
    try:
        urllib.request.urlopen(urllib.request.Request(f"{API}/{path}", data=body, method="POST"))
    except urllib.error.HTTPError as error:
        print("refused", error.code, flush=True)


def act(event):
    for record in event.get("Records", []):
        message = json.loads(record["Sns"]["Message"])
        print("heard", json.dumps({**record, "Sns": {**record["Sns"], "Message": message}}))
        sys.stdout.flush()
        event = json.loads(message["AlarmDescription"])
    what = event.get("do", "echo")
    if what == "crash":
        print("about to crash", flush=True)
        os._exit(3)
    if what == "kill":
        os.kill(os.getpid(), 9)
    if what == "hang":
        child = subprocess.Popen(["sleep", "300"])
        with open(event["file"], "w") as file:
            file.write(f"{os.getpid()} {child.pid}")
        time.sleep(300)
    if what == "error":
        raise ValueError("asked to fail")
    if what == "talk":
        print("x" * event["bytes"], flush=True)
    if what == "big":
        return "x" * event["bytes"]
    if what == "sleep":
        time.sleep(event["seconds"])
        print("slept", flush=True)
    if what == "environment":
        return dict(os.environ)
    return {"event": event, "count": COUNT}


def main():
    global COUNT
    init = os.environ.get("INIT", "")
    if init == "exit":
        print("no configuration", flush=True)
        sys.exit(1)
    if init == "error":
        post("init/error", b'{"errorType": "Init.Failed", "errorMessage": "bad configuration"}')
        sys.exit(1)
    if init == "slow":
        time.sleep(1.5)
    while True:
        with urllib.request.urlopen(f"{API}/invocation/next") as response:
            request = response.headers["Lambda-Runtime-Aws-Request-Id"]
            event = json.load(response)
        COUNT += 1
        print(f"handling {str(event)[:60]}", flush=True)
        try:
            answer = json.dumps(act(event)).encode()
            post(f"invocation/{request}/response", answer)
        except ValueError as error:
            failure = {"errorType": "ValueError", "errorMessage": str(error)}
            post(f"invocation/{request}/error", json.dumps(failure).encode())


main()
