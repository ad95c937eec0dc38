use super::*;

const URL: &str = "https://sqs.us-west-2.amazonaws.com/111122223333/vouchers";

fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Config::from_variables(variables.iter().map(owned))
}

#[test]
fn a_queue_is_enough() {
    let config = read(&[("QUEUE_URL", URL), ("PATH", "/bin")]).unwrap();
    let queue = QueueAddress {
        name: "vouchers".to_owned(),
        url: URL.to_owned(),
    };
    let expected = Config {
        queues: vec![queue],
        concurrency: 1,
        work_time: WorkTime::Fixed(Duration::from_millis(100)),
        work_limit: Duration::from_secs(900),
        visibility: None,
        wait: Duration::from_secs(20),
        stop_timeout: Duration::from_secs(30),
        protect_after: Duration::from_secs(1),
        agent: None,
        health_file: None,
    };
    assert_eq!(config, expected);
}

#[test]
fn a_queue_that_two_variables_name_is_taken_once() {
    let orders = URL.replace("vouchers", "orders");
    let config = read(&[
        ("QUEUE_URL", URL),
        ("QUEUE_URL_VOUCHERS", URL),
        ("QUEUE_URL_ORDERS", &orders),
        ("QUEUE_URLS", "no queue"),
    ]);
    let names: Vec<_> = config
        .unwrap()
        .queues
        .into_iter()
        .map(|queue| queue.name)
        .collect();
    assert_eq!(names, ["vouchers", "orders"]);
}

#[test]
fn everything_wrong_is_said_at_once() {
    let wrong = [
        ("QUEUE_URL", "vouchers"),
        ("CONCURRENCY", "0"),
        ("WORK_TIME", "normal:5s"),
        ("WORK_LIMIT", "13h"),
        ("VISIBILITY_TIMEOUT", "1500ms"),
        ("WAIT_TIME", "21s"),
        ("STOP_TIMEOUT", "soon"),
        ("PROTECT_AFTER", "-1s"),
    ];
    let said = read(&wrong).unwrap_err().to_string();
    for (name, value) in wrong {
        assert!(
            said.contains(&format!("\n  {name} is {value:?}: expected ")),
            "{said}"
        );
    }
    assert_eq!(said.lines().count(), 1 + wrong.len(), "{said}");
    let said = read(&[("QUEUE_URL", " ")]).unwrap_err().to_string();
    assert!(said.contains("QUEUE_URL is not set"), "{said}");
}

#[test]
fn a_poll_never_outlasts_a_stop() {
    for (stop, wait) in [("30s", 20), ("22s", 17), ("10s", 5), ("4s", 1), ("2s", 0)] {
        let config = read(&[("QUEUE_URL", URL), ("STOP_TIMEOUT", stop)]).unwrap();
        assert_eq!(config.wait.as_secs(), wait, "{stop}");
        assert!(config.wait < config.stop_times().work);
    }
}

#[test]
fn lengths_are_read() {
    let config = read(&[
        ("QUEUE_URL", URL),
        ("WORK_TIME", "exponential:250ms"),
        ("VISIBILITY_TIMEOUT", "2m"),
        ("WAIT_TIME", "0s"),
        ("CONCURRENCY", "1000"),
        ("ECS_AGENT_URI", "http://169.254.170.2/api/x"),
    ])
    .unwrap();
    assert_eq!(
        config.work_time,
        WorkTime::Exponential(Duration::from_millis(250))
    );
    assert_eq!(config.visibility, Some(Duration::from_secs(120)));
    assert_eq!(config.wait, Duration::ZERO);
    assert_eq!(config.concurrency, 1000);
    assert_eq!(config.agent.as_deref(), Some("http://169.254.170.2/api/x"));
}
