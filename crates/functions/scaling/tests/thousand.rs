//! The cost of scaling many services, measured with fake APIs in this process: `FLEET=1000,10 cargo test --release
//! -p scaling-function --test thousand -- --ignored --nocapture` (services of one function, and minutes).
//!
//! The clock is simulated, so the measured time is only processor time. The network and TLS are excluded.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "in a test they are the assertion; clippy.toml lets them pass in test functions only"
)]

mod fake;

use std::time::{Duration, Instant};

use fake::{Broken, Fake};
use scaling_function::{InvocationError, Memory};
use serde_json::{Value, json};
use tokio::sync::Mutex;

const OPERATIONS: [&str; 6] = [
    "GetQueueAttributes",
    "DescribeServices",
    "UpdateService",
    "GetMetricData",
    "PutMetricData",
    "GetObject",
];

const BROKEN: [Broken; 5] = [
    Broken::NoQueue,
    Broken::SlowQueue,
    Broken::Denied,
    Broken::NoService,
    Broken::Fixed,
];

/// Services have means from 0.1 to 10 messages per second, and one in ten doubles every other five minutes.
fn arrivals(number: usize, second: u64) -> f64 {
    let means = [0.1, 0.2, 0.5, 1.0, 1.0, 2.0, 2.0, 3.0, 5.0, 10.0];
    let mean = means[number / 10 % means.len()];
    let shift = u64::try_from(number).unwrap() * 7;
    match number % 10 {
        9 if (second + shift) / 300 % 2 == 1 => 2.0 * mean,
        _ => mean,
    }
}

/// The first five services are broken, each in another way; all others are checked as often as planned.
#[tokio::test(start_paused = true)]
#[ignore = "runs in test --full"]
async fn a_thousand_services() {
    let sizes = std::env::var("FLEET").unwrap_or_else(|_| "60,2".to_owned());
    let (services, minutes) = sizes.split_once(',').unwrap();
    let (services, minutes): (usize, u64) = (services.parse().unwrap(), minutes.parse().unwrap());
    let fake = Fake::new(services, 100, arrivals);
    for (number, broken) in BROKEN.into_iter().enumerate() {
        fake.break_service(number, broken);
    }
    let order = put_object(&fake, services);
    let memory = Mutex::new(Memory::default());
    let before = resident();
    let (mut busy, mut logged) = (Duration::ZERO, 0);
    for minute in 0..minutes {
        let begun = Instant::now();
        let invoked = fake.invoke(minute * 60, &memory, order.clone()).await;
        busy += begun.elapsed();
        logged += invoked.log.len();
        let Err(InvocationError::LooksFailed(answer)) = invoked.result else {
            panic!("some are broken")
        };
        let healthy = answer.services.iter().skip(BROKEN.len());
        let failed = healthy.clone().find(|one| !one.failed().is_empty());
        assert_eq!(failed, None);
        // With hundreds of services, the request rates of ECS occasionally skip a check.
        let fewest = healthy.map(|one| one.looks.len()).min();
        assert!(fewest >= Some(10), "{fewest:?} of 12 checks");
    }
    println!("{services} services in {minutes} minutes");
    for operation in OPERATIONS {
        println!("{operation:>20}  {}", fake.seconds(operation).len());
    }
    let cloud = fake.0.lock().unwrap();
    let checks = cloud
        .real
        .values()
        .map(|(first, last)| last.duration_since(*first));
    let slowest = checks.max().unwrap_or_default();
    println!("           processor  {:.2} s", busy.as_secs_f64());
    println!(
        "       slowest check  {:.3} s of the processor",
        slowest.as_secs_f64()
    );
    println!(
        "              memory  {} KiB, of which {before} at first",
        resident()
    );
    println!("                 log  {} KiB", logged / 1_024);
}

fn put_object(fake: &Fake, services: usize) -> Value {
    let services = fake.order(services, 5_000)["services"].take();
    let document = json!({"references": [], "services": services});
    let mut cloud = fake.0.lock().unwrap();
    cloud
        .objects
        .insert("fleets/shop/1.json".to_owned(), document.to_string());
    let object = json!({"bucket": "assets", "key": "fleets/shop/1.json", "values": []});
    json!({"action": "scale-by-demand", "object": object})
}

/// Memory of the process in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.unwrap_or_default()
}
