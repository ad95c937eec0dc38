//! The everyday commands: dead-letter queues, logs, the list of stacks, and counts.

use std::path::Path;
use std::time::Duration;

use aws_sdk_sqs::types::MessageAttributeValue;
use e2e::{Bench, Cloud, Ended, OwnSandbox, TestStack, until};
use rustix::process::Signal;
use serde_json::{Value, json};

const BOUND: Duration = Duration::from_secs(60);

/// Two queues whose messages fail the first time, and a service that doesn't consume any of them.
fn failing(name: &str) -> String {
    format!(
        "\
name: {name}
network: create
queues:
  jobs: {{visibility_timeout: 1s, dead_letter: {{after: 1}}}}
  orders: {{fifo: true, visibility_timeout: 1s, dead_letter: {{after: 1}}}}
services:
  sink:
    image: public.ecr.aws/docker/library/busybox:1.37
    consumes: [jobs, orders]
    tasks: {{min: 1}}
"
    )
}

/// Each kind of scaling that sets a count, and a service without scaling.
fn scaled(name: &str) -> String {
    format!(
        "\
name: base
network: create
queues: {{jobs: {{}}}}
services:
  worker:
    image: public.ecr.aws/docker/library/busybox:1.37
    consumes: [jobs]
    tasks: {{min: 1, max: 6}}
    scaling:
      backlog_per_task: {{acceptable_latency: 10m, processing_time: 1s}}
  stepper:
    image: public.ecr.aws/docker/library/busybox:1.37
    tasks: {{min: 1, max: 6}}
    scaling:
      alarm_steps:
        metric: {{namespace: EndToEnd, name: Load, dimensions: {{Stack: {name}}}, statistic: Average}}
        cooldown: {{out: 1h, in: 1h}}
        scale_out: {{at_or_above: 100, for: 1, steps: [{{from: 0, add: 1}}]}}
        scale_in: {{below: 20, for: 1, remove: 1}}
  fixed:
    image: public.ecr.aws/docker/library/busybox:1.37
    tasks: {{min: 1}}
environments:
  staging: {{name: {name}}}
"
    )
}

/// A deployed stack, and the test's operations on it.
struct Scene {
    bench: Bench,
    cloud: Cloud,
    stack: TestStack,
    found: e2e::Resources,
}

impl Scene {
    async fn deploy(label: &str, definition: fn(&str) -> String, more: &[&str]) -> Self {
        let bench = Bench::open();
        let cloud = Cloud::connect(&bench).await;
        let stack = TestStack::new(&bench, label);
        stack.write(&definition(&stack.name));
        let more = [&["--yes"], more].concat();
        let _ = stack.run("deploy", &more).end().await.succeeds();
        let found = cloud.resources(&stack.name).await;
        Self {
            bench,
            cloud,
            stack,
            found,
        }
    }

    /// Runs a command on the stack, by its name.
    async fn run(&self, verb: &[&str], more: &[&str]) -> Ended {
        let name = [self.stack.name.as_str()];
        let arguments = [verb, &name, more, &["--local"]].concat();
        self.bench.xtask(arguments).end().await
    }

    async fn dead_letters(&self, verb: &str, more: &[&str]) -> Ended {
        self.run(&["dead-letters", verb], more).await
    }

    async fn send(&self, queue: &str, body: &str) {
        let url = self.found.id(queue);
        let is_fifo = url.ends_with(".fifo");
        let kind = MessageAttributeValue::builder().data_type("String");
        let kind = kind.string_value("voucher").build().unwrap();
        let request = self.cloud.clients.sqs.send_message().queue_url(url);
        let request = request.message_body(body).message_attributes("kind", kind);
        let group = is_fifo.then(|| "group".to_owned());
        let request = request.set_message_group_id(group);
        let deduplication = is_fifo.then(|| format!("dedup-{body}"));
        let sent = request.set_message_deduplication_id(deduplication).send();
        sent.await.unwrap();
    }

    /// Receives without deleting, like a failing consumer, until the dead-letter queue holds this many
    /// messages.
    async fn fail(&self, queue: &str, messages: usize) {
        let dead = queue.replace("Queue", "DeadLetterQueue");
        until("the dead letters", BOUND, async || {
            let request = self.cloud.clients.sqs.receive_message();
            let request = request.queue_url(self.found.id(queue));
            request.max_number_of_messages(10).send().await.unwrap();
            (self.count(&dead).await == (messages, 0)).then_some(())
        })
        .await;
    }

    /// Returns the numbers of visible messages and messages in flight.
    async fn count(&self, queue: &str) -> (usize, usize) {
        let found = self.cloud.queue(self.found.id(queue)).await.unwrap();
        let count = |name: &str| found[name].parse().unwrap();
        (
            count("ApproximateNumberOfMessages"),
            count("ApproximateNumberOfMessagesNotVisible"),
        )
    }
}

fn of_queue<'a>(list: &'a Value, name: &str) -> &'a Value {
    let queues = list["queues"].as_array().unwrap();
    queues.iter().find(|queue| queue["name"] == name).unwrap()
}

#[tokio::test]
async fn dead_letters_are_looked_at_moved_back_and_deleted() {
    let scene = Scene::deploy("dead", failing, &[]).await;
    for body in ["apple 1", "apple 2", "pear"] {
        scene.send("JobsQueue", body).await;
    }
    scene.fail("JobsQueue", 3).await;
    let list = scene.dead_letters("list", &[]).await.succeeds();
    assert_eq!(of_queue(&list, "jobs")["visible"], 3);
    assert_eq!(of_queue(&list, "orders")["visible"], 0);

    let shown = scene.dead_letters("show", &["jobs"]).await;
    assert!(
        shown.stderr.contains("raises their receive count"),
        "{shown}"
    );
    let shown = shown.succeeds();
    let messages = shown["queues"][0]["messages"].as_array().unwrap();
    let mut bodies: Vec<&str> = messages
        .iter()
        .map(|m| m["body"].as_str().unwrap())
        .collect();
    bodies.sort_unstable();
    assert_eq!(bodies, ["apple 1", "apple 2", "pear"]);
    assert_eq!(messages[0]["attributes"]["kind"], "voucher");
    assert!(
        messages[0]["receive_count"].as_u64().unwrap() >= 2,
        "{shown}"
    );
    // Others can receive them immediately.
    let dead = scene.found.id("JobsDeadLetterQueue");
    let request = scene.cloud.clients.sqs.receive_message().queue_url(dead);
    let request = request.max_number_of_messages(10).visibility_timeout(0);
    assert_eq!(request.send().await.unwrap().messages().len(), 3);

    let refused = scene.dead_letters("redrive", &["jobs"]).await.fails(5);
    assert!(
        refused["message"].as_str().unwrap().contains("no terminal"),
        "{refused}"
    );
    let filter = ["jobs", "--yes", "--filter", "apple"];
    let moved = scene.dead_letters("redrive", &filter).await.succeeds();
    let moved = &moved["redriven"][0];
    assert_eq!(
        (&moved["way"], &moved["moved"], &moved["other"]),
        (&json!("receive_and_send"), &json!(2), &json!(1))
    );
    assert_eq!(scene.count("JobsQueue").await, (2, 0));
    assert_eq!(scene.count("JobsDeadLetterQueue").await, (1, 0));
    let moved = scene.dead_letters("redrive", &["--yes"]).await.succeeds();
    let moved = &moved["redriven"][0];
    assert_eq!(
        (&moved["way"], &moved["state"]),
        (&json!("move_task"), &json!("completed"))
    );
    assert_eq!(scene.count("JobsQueue").await, (3, 0));

    scene.fail("JobsQueue", 3).await;
    let which = scene.dead_letters("purge", &["--yes"]).await.fails(2);
    assert!(
        which["hints"].to_string().contains("jobs, orders"),
        "{which}"
    );
    let purged = scene
        .dead_letters("purge", &["jobs", "--yes"])
        .await
        .succeeds();
    assert_eq!(purged["messages"], 3);
    assert_eq!(scene.count("JobsDeadLetterQueue").await, (0, 0));
    let nothing = scene.dead_letters("redrive", &["--yes"]).await.succeeds();
    assert_eq!(nothing["redriven"], json!([]));
    let unknown = scene.dead_letters("show", &["pears"]).await.fails(2);
    assert!(
        unknown["hints"].to_string().contains("jobs, orders"),
        "{unknown}"
    );
}

/// SQS would drop messages that were sent less than 5 minutes ago, so they stay, and the move task moves them.
#[tokio::test]
async fn fifo_messages_are_never_lost_as_duplicates() {
    let scene = Scene::deploy("dead-fifo", failing, &[]).await;
    scene.send("OrdersQueue", "first").await;
    scene.fail("OrdersQueue", 1).await;
    let filter = ["orders", "--yes", "--filter", "first"];
    let stays = scene.dead_letters("redrive", &filter).await;
    let _ = stays.fails(1);
    let kept = &stays.json()["redriven"][0]["kept"][0]["reason"];
    assert!(
        kept.as_str()
            .unwrap()
            .starts_with("SQS would drop it as a duplicate"),
        "{stays}"
    );
    assert_eq!(scene.count("OrdersDeadLetterQueue").await, (1, 0));
}

#[tokio::test]
async fn an_interrupted_redrive_continues_until_it_is_canceled() {
    let scene = Scene::deploy("dead-slow", failing, &[]).await;
    scene.cloud.send(scene.found.id("JobsQueue"), 30).await;
    scene.fail("JobsQueue", 30).await;
    let name = scene.stack.name.as_str();
    let slow = [
        "dead-letters",
        "redrive",
        name,
        "jobs",
        "--local",
        "--yes",
        "--rate",
        "1",
    ];
    let mut started = scene.bench.xtask(slow).start();
    started.says("SQS has started to move").await;
    started.signal(Signal::INT);
    let ended = started.end().await;
    let error = ended.fails(1);
    assert!(
        error["message"].as_str().unwrap().contains("SQS continues"),
        "{ended}"
    );
    assert!(error["hints"].to_string().contains("--cancel"), "{ended}");
    let list = scene.dead_letters("list", &["jobs"]).await.succeeds();
    assert_eq!(list["queues"][0]["redrive"]["status"], "RUNNING", "{list}");
    let canceled = scene
        .dead_letters("redrive", &["jobs", "--cancel"])
        .await
        .succeeds();
    assert_eq!(canceled["queues"][0]["redrive"]["status"], "CANCELLING");
    until("the end of the redrive", BOUND, async || {
        let list = scene.dead_letters("list", &["jobs"]).await.succeeds();
        (list["queues"][0]["redrive"]["status"] == "CANCELLED").then_some(())
    })
    .await;
    let (back, left) = (
        scene.count("JobsQueue").await,
        scene.count("JobsDeadLetterQueue").await,
    );
    assert_eq!(back.0 + back.1 + left.0 + left.1, 30);
    assert!(left.0 > 10, "{left:?}");
}

#[tokio::test]
async fn stacks_are_listed_counts_are_set_and_functions_logs_are_read() {
    let scene = Scene::deploy("operate", scaled, &["--env", "staging"]).await;
    listed(&scene).await;
    counted(&scene).await;
    logged(&scene).await;
    handled(&scene).await;
    let refused = scene.run(&["exec"], &["fixed"]).await.fails(5);
    assert!(
        refused["message"]
            .as_str()
            .unwrap()
            .contains("works on AWS only"),
        "{refused}"
    );
}

async fn listed(scene: &Scene) {
    let all = ["list", "--local", "--all-regions"];
    for arguments in [&all[..2], &all[..]] {
        let list = scene.bench.xtask(arguments).end().await.succeeds();
        let stacks = list["stacks"].as_array().unwrap();
        let mut ours = stacks
            .iter()
            .filter(|stack| stack["name"] == scene.stack.name.as_str());
        let ours = ours.next().unwrap();
        assert!(
            stacks
                .iter()
                .all(|stack| stack["status"] != "DELETE_COMPLETE")
        );
        assert_eq!(ours["status"], "CREATE_COMPLETE");
        assert_eq!(ours["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(ours["environment"], "staging");
        assert_eq!(ours["region"], "us-east-1");
        assert!(
            ours["updated_at"].as_i64().unwrap() > 1_700_000_000,
            "{ours}"
        );
    }
}

async fn counted(scene: &Scene) {
    let expected = [
        ("worker", "WorkerService", "the policy "),
        (
            "stepper",
            "StepperService",
            "the scaling function applies its next step",
        ),
    ];
    for (short, id, undone_by) in expected {
        let refused = scene.run(&["scale"], &[short, "7", "--yes"]).await.fails(5);
        let message = refused["message"].as_str().unwrap();
        assert_eq!(
            message,
            format!("7 is outside the bounds of {short}, which are now 1 to 6")
        );
        assert!(
            refused["hints"].to_string().contains("tasks.max"),
            "{refused}"
        );
        let changed = scene
            .run(&["scale"], &[short, "3", "--yes"])
            .await
            .succeeds();
        assert_eq!((&changed["from"], &changed["to"]), (&json!(1), &json!(3)));
        assert!(
            changed["undone_by"][0]
                .as_str()
                .unwrap()
                .starts_with(undone_by),
            "{changed}"
        );
        let service = scene.cloud.service(scene.found.id(id)).await.unwrap();
        assert_eq!(service.desired_count(), 3);
    }
    let changed = scene
        .run(&["scale"], &["fixed", "2", "--yes"])
        .await
        .succeeds();
    assert_eq!(
        (&changed["to"], &changed["undone_by"]),
        (&json!(2), &json!([]))
    );
    let refused = scene.run(&["scale"], &["fixed", "3"]).await.fails(5);
    assert!(
        refused["message"].as_str().unwrap().contains("no terminal"),
        "{refused}"
    );
    let unknown = scene
        .run(&["scale"], &["nobody", "3", "--yes"])
        .await
        .fails(2);
    assert!(
        unknown["hints"]
            .to_string()
            .contains("fixed, stepper, worker"),
        "{unknown}"
    );
}

async fn logged(scene: &Scene) {
    for what in ["metric", "scaling"] {
        // `deploy` has invoked both.
        let lines = until("a line of the function", BOUND, async || {
            let ended = scene.run(&["logs"], &[what, "--since", "10m"]).await;
            assert_eq!(ended.code, Some(0), "{ended}");
            let lines = ended.stdout.lines();
            let lines: Vec<Value> = lines
                .map(|line| serde_json::from_str(line).unwrap())
                .collect();
            (!lines.is_empty()).then_some(lines)
        })
        .await;
        assert!(
            lines
                .iter()
                .all(|line| line["task"].is_null() && line["at"].is_string())
        );
        let times: Vec<i64> = lines
            .iter()
            .map(|line| line["at_ms"].as_i64().unwrap())
            .collect();
        assert!(times.is_sorted(), "{times:?}");
    }
    let unknown = scene.run(&["logs"], &["nobody"]).await.fails(2);
    assert!(
        unknown["hints"].to_string().contains("metric, scaling"),
        "{unknown}"
    );
}

/// Events in the dead-letter queue of a scaling function.
async fn handled(scene: &Scene) {
    let url = scene.found.id("StepperScalingDeadLetterQueue");
    for body in [r#"{"action":"re-evaluate"}"#, r#"{"action":"dance"}"#] {
        let request = scene.cloud.clients.sqs.send_message().queue_url(url);
        request.message_body(body).send().await.unwrap();
    }
    let redriven = scene.dead_letters("redrive", &["stepper", "--yes"]).await;
    let _ = redriven.fails(1);
    let redriven = &redriven.json()["redriven"][0];
    assert_eq!(
        (&redriven["way"], &redriven["moved"]),
        (&json!("invoke"), &json!(1))
    );
    let reason = redriven["kept"][0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("the function failed: "), "{reason}");
    assert_eq!(scene.count("StepperScalingDeadLetterQueue").await, (1, 0));
}

/// A worker of the example. The sandbox ships its lines like ECS's log driver.
#[tokio::test]
async fn the_lines_of_a_worker_are_read_and_followed() {
    let mut own = OwnSandbox::new("logs");
    let worker = std::env::current_exe().unwrap();
    let worker = worker
        .parent()
        .and_then(Path::parent)
        .unwrap()
        .join("voucher-worker");
    let program = format!("worker={}", worker.display());
    own.start(&["--program", &program]).await;
    let cloud = Cloud::connect(&own.bench).await;
    let stack = TestStack::new(&own.bench, "logs");
    let definition = format!(
        "name: {}\nnetwork: create\nqueues: {{jobs: {{visibility_timeout: 30s}}}}\nservices:\n  worker: {{image: 'worker:1', consumes: [jobs], tasks: {{min: 1}}}}\n",
        stack.name
    );
    let _ = stack.deploy(&definition).await.succeeds();
    let found = cloud.resources(&stack.name).await;
    let logs = ["logs", &stack.name, "worker", "--local"];
    let follow = [&logs[..], &["--follow"]].concat();
    let following = own.bench.xtask(follow).start();
    cloud.send(found.id("JobsQueue"), 1).await;
    let lines = until("the lines of the worker", BOUND, async || {
        let ended = own.bench.xtask(logs).end().await;
        let lines = ended.stdout.lines();
        let lines: Vec<Value> = lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let has = |word: &str| {
            lines
                .iter()
                .any(|line| line["message"].as_str().unwrap().contains(word))
        };
        (has("\"start\"") && has("malformed")).then_some(lines)
    })
    .await;
    assert_eq!(lines[0]["container"], "worker");
    assert_eq!(lines[0]["task"].as_str().unwrap().len(), 32);
    tokio::time::sleep(Duration::from_secs(5)).await;
    following.signal(Signal::INT);
    let followed = following.end().await;
    assert_eq!(followed.code, Some(0), "{followed}");
    assert!(followed.stdout.contains("malformed"), "{followed}");
}
