//! Tests with real processes.

use std::os::unix::fs::PermissionsExt;
use std::time::Instant;

use super::*;

struct Bench {
    folder: tempfile::TempDir,
    reaper: Arc<Reaper>,
}

impl Bench {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            // It reads its input like the real reaper, but kills no processes.
            reaper: Arc::new(Reaper::new(vec!["/bin/cat".into()])),
        }
    }

    fn program(&self, name: &str, script: &str) -> (String, PathBuf) {
        let path = self.folder.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        (name.to_owned(), path)
    }

    fn launch(&self, containers: Vec<Container>) -> Launch {
        Launch {
            definition: Arc::new(TaskDefinition {
                arn: "arn".to_owned(),
                containers,
            }),
            variables: [
                ("PATH".to_owned(), "/usr/bin:/bin".to_owned()),
                ("WHO".to_owned(), "sandbox".to_owned()),
            ]
            .into(),
            log: self.folder.path().join("service/task.log"),
        }
    }

    fn written(&self) -> String {
        fs::read_to_string(self.folder.path().join("service/task.log")).unwrap_or_default()
    }

    async fn until_written(&self, text: &str) {
        let begin = Instant::now();
        while !self.written().contains(text) {
            assert!(
                begin.elapsed() < Duration::from_secs(10),
                "{}",
                self.written()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

fn container(name: &str, stop_timeout: u64) -> Container {
    Container {
        name: name.to_owned(),
        command: vec!["two words".to_owned(), "$HOME".to_owned()],
        environment: BTreeMap::from([("FROM".to_owned(), "definition".to_owned())]),
        stop_timeout: Some(stop_timeout),
        essential: true,
    }
}

#[tokio::test]
async fn a_program_gets_its_arguments_and_this_environment_and_nothing_else() {
    let bench = Bench::new();
    let programs = BTreeMap::from([bench.program("w", r#"echo "$#:$1:$2"; cat; env; exit 7"#)]);
    let (_stop, stopped) = oneshot::channel();
    let launch = bench.launch(vec![container("w", 5)]);
    let ended = run(launch, &programs, Arc::clone(&bench.reaper), stopped).await;
    assert_eq!(ended.exits, BTreeMap::from([("w".to_owned(), 7)]));
    let written = bench.written();
    assert!(written.starts_with("2:two words:$HOME\n"), "{written}");
    for line in ["FROM=definition", "WHO=sandbox"] {
        assert!(written.lines().any(|l| l == line), "{written}");
    }
    for line in written.lines().skip(1) {
        let name = line.split('=').next().unwrap();
        let known = ["FROM", "WHO", "PATH", "PWD", "OLDPWD", "SHLVL", "_"];
        assert!(known.contains(&name), "{line}");
    }
}

#[tokio::test]
async fn a_stop_lets_it_finish_and_then_leaves_nothing() {
    let bench = Bench::new();
    let script = "sleep 100 & echo child $!; trap 'echo draining; sleep 0.2; echo done; exit 0' TERM; echo up; while :; do sleep 0.05; done";
    let programs = BTreeMap::from([bench.program("w", script)]);
    let (stop, stopped) = oneshot::channel();
    let launch = bench.launch(vec![container("w", 20)]);
    let reaper = Arc::clone(&bench.reaper);
    let task = tokio::spawn(async move { run(launch, &programs, reaper, stopped).await });
    bench.until_written("up").await;
    stop.send(()).unwrap();
    let ended = task.await.unwrap();
    assert_eq!(ended.exits, BTreeMap::from([("w".to_owned(), 0)]));
    assert!(
        bench.written().contains("draining\ndone"),
        "{}",
        bench.written()
    );
    let written = bench.written();
    let child = written
        .lines()
        .find_map(|l| l.strip_prefix("child "))
        .unwrap();
    // It is killed when its group is dropped, and the kernel needs a moment for that.
    let begun = std::time::Instant::now();
    while let Some(child) = crate::process::Identity::find(child.parse().unwrap()) {
        assert!(
            begun.elapsed() < Duration::from_secs(5),
            "{child:?}, which the program started, is left"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn one_that_does_not_end_in_time_is_killed() {
    let bench = Bench::new();
    let programs =
        BTreeMap::from([bench.program("w", "trap '' TERM; echo up; while :; do sleep 0.05; done")]);
    let (stop, stopped) = oneshot::channel();
    let launch = bench.launch(vec![container("w", 1)]);
    let reaper = Arc::clone(&bench.reaper);
    let task = tokio::spawn(async move { run(launch, &programs, reaper, stopped).await });
    bench.until_written("up").await;
    let begin = Instant::now();
    stop.send(()).unwrap();
    let ended = task.await.unwrap();
    assert_eq!(ended.exits, BTreeMap::from([("w".to_owned(), 137)]));
    assert!(begin.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn an_essential_container_ends_the_task_and_another_does_not() {
    let bench = Bench::new();
    let programs = BTreeMap::from([
        bench.program("aside", "exit 0"),
        bench.program(
            "main",
            "while [ ! -e \"$GO\" ]; do sleep 0.02; done; exit 3",
        ),
        bench.program("sidecar", "exec sleep 100"),
    ]);
    let go = bench.folder.path().join("go");
    let mut launch = bench.launch(vec![
        Container {
            essential: false,
            ..container("aside", 5)
        },
        container("main", 5),
        container("sidecar", 5),
        container("unknown", 5),
    ]);
    launch
        .variables
        .insert("GO".to_owned(), go.display().to_string());
    let (_stop, stopped) = oneshot::channel();
    let reaper = Arc::clone(&bench.reaper);
    let task = tokio::spawn(async move { run(launch, &programs, reaper, stopped).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!task.is_finished(), "the first one is not essential");
    fs::write(go, "").unwrap();
    let ended = task.await.unwrap();
    let codes = [("aside", 0), ("main", 3), ("sidecar", 143)];
    assert_eq!(ended.exits, codes.map(|(n, c)| (n.to_owned(), c)).into());
    assert_eq!(ended.not_started, None);
}

#[tokio::test]
async fn a_program_that_is_not_there_says_so() {
    let bench = Bench::new();
    let programs = BTreeMap::from([("w".to_owned(), bench.folder.path().join("none"))]);
    let (_stop, stopped) = oneshot::channel();
    let launch = bench.launch(vec![container("w", 5)]);
    let ended = run(launch, &programs, Arc::clone(&bench.reaper), stopped).await;
    let reason = ended.not_started.unwrap();
    assert!(
        reason.starts_with("CannotStartContainerError: w: "),
        "{reason}"
    );
}
