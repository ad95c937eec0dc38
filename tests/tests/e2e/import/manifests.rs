//! Every manifest of the tests of `import copilot`, which together have each key of Copilot's schema, becomes a running
//! stack, once its placeholders are replaced as a user would.

use std::path::Path;

use e2e::{Bench, Cloud, DefaultNetwork, TestStack};
use futures::future::join_all;

use crate::once::deploys_once;

const REGION: &str = "us-west-2";
/// The sandbox's account.
const ACCOUNT: &str = "000000000000";

/// A file or workspace, the environment to deploy, and the services that run then, each with its smallest number of tasks.
type Manifest = (
    &'static str,
    Option<&'static str>,
    &'static [(&'static str, i32)],
);

const MANIFESTS: [Manifest; 6] = [
    ("simple.yml", None, &[("ThumbnailsService", 2)]),
    ("events.yml", Some("prod"), &[("CostAnalyzerService", 2)]),
    ("media.yml", None, &[("MediaService", 3)]),
    ("backend.yml", Some("tagged"), &[("ApiService", 1)]),
    ("web.yml", None, &[("FrontendService", 2)]),
    (
        "store",
        Some("prod"),
        &[
            ("ApiService", 3),
            ("BillingService", 2),
            ("OrdersService", 2),
        ],
    ),
];

/// What exists in the account, for the placeholders.
struct Account {
    network: DefaultNetwork,
    groups: [String; 2],
    certificate: String,
}

/// Replaces each placeholder, and the IDs of resources that the sandbox doesn't have.
fn fill(definition: &str, account: &Account) -> String {
    let Account {
        network,
        groups,
        certificate,
    } = account;
    let [first, second] = &network.subnets;
    let both = format!("[{first}, {second}]");
    let secret = format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:shared-Ab12Cd");
    let replaced = [
        ("\"<ARCHITECTURE>\"", "x86_64"),
        ("\"<IMAGE>\"", "public.ecr.aws/docker/library/busybox:1.37"),
        ("\"<VPC-ID>\"", &network.vpc),
        ("[\"<SUBNET-ID>\"]", &both),
        ("\"<CERTIFICATE-ARN>\"", certificate),
        ("\"<FILE-SYSTEM-ID>\"", "fs-0a1b2c3d4e5f60718"),
        ("<SUFFIX>", "Ab12Cd"),
        ("<BUCKET>", "our-config"),
        ("<ENVIRONMENT>", "prod"),
        ("{from_cfn: media-table}", "table"),
        ("{from_cfn: media-group}", &groups[0]),
        ("{from_cfn: api-group}", &groups[0]),
        ("{from_cfn: api-groups}", &groups[1]),
        ("{from_cfn: shared-secret-arn}", &secret),
        ("{from_cfn: store-files}", "fs-2a1b2c3d4e5f60718"),
        ("{unresolved: \"${GIT_COMMIT}\"}", "abc"),
        (
            "{target_tracking: \"requests: 1000, response_time: 2s\"}",
            "{cpu: {target: 60}}",
        ),
        ("vpc-0a1b2c3d4e5f60718", &network.vpc),
        ("subnet-0a1b2c3d4e5f60718", first),
        ("subnet-1a1b2c3d4e5f60718", second),
        ("subnet-2a1b2c3d4e5f60718", first),
        ("subnet-3a1b2c3d4e5f60718", second),
        ("sg-0a1b2c3d4e5f60718", &network.group),
        ("111122223333", ACCOUNT),
    ];
    let fill = |text: String, (from, to): &(&str, &str)| text.replace(from, to);
    let filled = replaced.iter().fold(definition.to_owned(), fill);
    // The manifests have certificates of their own, which differ only in their first digit.
    let own = |digit: u32| {
        format!(
            "arn:aws:acm:{REGION}:{ACCOUNT}:certificate/{digit}a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d"
        )
    };
    (1..=3).fold(filled, |text, digit| text.replace(&own(digit), certificate))
}

/// The topics that Copilot's own stacks have created.
fn list_topics(definition: &str) -> Vec<&str> {
    let lines = definition.lines();
    let topics = lines.filter_map(|line| line.trim().strip_prefix("- topic: arn:aws:sns:"));
    topics.filter_map(|arn| arn.rsplit(':').next()).collect()
}

async fn create_topics(cloud: &Cloud, names: &[&str]) {
    for name in names {
        let request = cloud.clients.sns.create_topic().name(*name);
        let request = match name.ends_with(".fifo") {
            true => request.attributes("FifoTopic", "true"),
            false => request,
        };
        let _ = request.send().await.unwrap();
    }
}

/// Imports a manifest as a user would, and replaces the stack's name.
async fn import(bench: &Bench, account: &Account, stack: &TestStack, manifest: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root
        .join("../crates/adopt/tests/it/manifests")
        .join(manifest);
    let path = path.display().to_string();
    let import = [
        "import",
        "copilot",
        &path,
        "--app",
        "store",
        "--account",
        ACCOUNT,
    ];
    let import = bench.xtask(import.into_iter().chain(["--region", REGION]));
    let imported = import.end().await.succeeds();
    let definition = fill(imported["definition"].as_str().unwrap(), account);
    let (before, after) = definition.split_once("\nname: ").unwrap();
    let (_, after) = after.split_once('\n').unwrap();
    format!("{before}\nname: {}\n{after}", stack.name)
}

async fn deploys(
    bench: &Bench,
    (cloud, account): (&Cloud, &Account),
    (manifest, environment, services): (&str, Option<&str>, &[(&str, i32)]),
) {
    let label = manifest.trim_end_matches(".yml");
    let stack = TestStack::in_region(bench, label, Some(REGION));
    let definition = import(bench, account, &stack, manifest).await;
    stack.write(&definition);
    create_topics(cloud, &list_topics(&definition)).await;
    let _ = deploys_once(cloud, &stack, environment, services).await;
}

#[tokio::test]
async fn six_manifests_with_every_key_deploy() {
    let bench = Bench::open();
    let cloud = Cloud::in_region(&bench, REGION).await;
    let network = cloud.default_network();
    let account = Account {
        groups: [0, 1].map(|_| cloud.create_security_group(&network.vpc)),
        certificate: cloud.request_certificate(),
        network,
    };
    let all = MANIFESTS.map(|manifest| deploys(&bench, (&cloud, &account), manifest));
    join_all(all).await;
}
