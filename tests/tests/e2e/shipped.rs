//! The shipped definitions of real workers deploy in the environment that has the most keys, against what exists in an account:
//! what was deployed is what the services return, and nothing of it stays.

use std::path::Path;

use aws_sdk_ecs::types::AutoScalingGroupProvider;
use e2e::{Bench, Cloud, DefaultNetwork, TestStack};
use futures::future::join_all;
use serde_json::json;

use crate::once::deploys_once;

const REGION: &str = "us-west-2";
/// The sandbox's account.
const ACCOUNT: &str = "000000000000";

struct Shipped {
    name: &'static str,
    environment: Option<&'static str>,
    /// Logical IDs of its services, with their smallest numbers of tasks.
    services: &'static [(&'static str, i32)],
    /// Keys of which `deploy` says that they have no effect in the sandbox.
    ignored: &'static [&'static str],
}

const SHIPPED: [Shipped; 6] = [
    Shipped {
        name: "billing",
        environment: Some("production"),
        services: &[("BillerService", 2)],
        ignored: &["services.biller.logs"],
    },
    Shipped {
        name: "from-copilot",
        environment: None,
        services: &[("OrdersService", 2), ("ReportsService", 1)],
        ignored: &["services.orders.sidecars", "services.orders.volumes"],
    },
    Shipped {
        name: "image-resizer",
        environment: None,
        services: &[("ResizerService", 2)],
        ignored: &["services.resizer.capacity", "services.resizer.exec"],
    },
    Shipped {
        name: "mailer",
        environment: None,
        services: &[("BulkService", 0), ("UrgentService", 1)],
        ignored: &["services.urgent.permissions"],
    },
    Shipped {
        name: "shop",
        environment: Some("production"),
        services: &[("ShopService", 2)],
        ignored: &[
            "services.shop.deployment.alarms",
            "services.shop.service_connect",
        ],
    },
    Shipped {
        name: "transcoder",
        environment: Some("farm"),
        services: &[("TranscoderService", 0)],
        ignored: &["services.transcoder.capacity"],
    },
];

/// The definition under another name, in the sandbox's account and network.
fn prepare(shipped: &Shipped, stack: &TestStack, network: &DefaultNetwork) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let file = root.join(format!("stacks/{}.yaml", shipped.name));
    let text = std::fs::read_to_string(file).unwrap();
    let (before, after) = text.split_once("\nname: ").unwrap();
    let (_, after) = after.split_once('\n').unwrap();
    let [first, second] = &network.subnets;
    let region = match text.contains("\nregion: ") {
        true => String::new(),
        false => format!("region: {REGION}\n"),
    };
    format!("{before}\nname: {}\n{region}{after}", stack.name)
        .replace("vpc-0a1b2c3d4e5f60718", &network.vpc)
        .replace("subnet-0a1b2c3d4e5f60718", first)
        .replace("subnet-1a2b3c4d5e6f70819", second)
        .replace("111122223333", ACCOUNT)
        // The test destroys what it deploys.
        .replace(
            "termination_protection: true",
            "termination_protection: false",
        )
}

/// Creates what the definitions name and don't create.
async fn create_theirs(cloud: &Cloud) {
    let (ecs, sns, sqs) = (&cloud.clients.ecs, &cloud.clients.sns, &cloud.clients.sqs);
    for topic in ["store-prod-merchant-orders", "pager"] {
        let _ = sns.create_topic().name(topic).send().await.unwrap();
    }
    let _ = sqs
        .create_queue()
        .queue_name("refunds")
        .send()
        .await
        .unwrap();
    let statement = json!({ "Effect": "Allow", "Action": "dynamodb:Query", "Resource": "*" });
    let document = json!({ "Version": "2012-10-17", "Statement": [statement] });
    let policy = cloud.clients.iam.create_policy();
    let policy = policy.policy_name("store-prod-orders-addon");
    let policy = policy.policy_document(document.to_string());
    let _ = policy.send().await.unwrap();
    for name in ["media", "media-spot"] {
        let group = format!(
            "arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:0:autoScalingGroupName/{name}"
        );
        let group = AutoScalingGroupProvider::builder().auto_scaling_group_arn(group);
        let provider = ecs.create_capacity_provider().name(name);
        let provider = provider.auto_scaling_group_provider(group.build().unwrap());
        let _ = provider.send().await.unwrap();
    }
    for (cluster, providers) in [
        ("media", ["media", "media-spot"]),
        ("store-prod", ["FARGATE", "FARGATE_SPOT"]),
    ] {
        let request = ecs.create_cluster().cluster_name(cluster);
        let request = request.set_capacity_providers(Some(providers.map(str::to_owned).to_vec()));
        let _ = request.send().await.unwrap();
    }
}

async fn deploys(bench: &Bench, cloud: &Cloud, network: &DefaultNetwork, shipped: &Shipped) {
    let stack = TestStack::in_region(bench, shipped.name, Some(REGION));
    stack.write(&prepare(shipped, &stack, network));
    let deployed = deploys_once(cloud, &stack, shipped.environment, shipped.services).await;
    let (_, said) = deployed
        .stderr
        .split_once("without effect in the sandbox")
        .unwrap();
    for key in shipped.ignored {
        assert!(said.contains(key), "{key}: {deployed}");
    }
}

#[tokio::test]
async fn the_shipped_workers_deploy_with_their_environments() {
    let bench = Bench::open();
    let cloud = Cloud::in_region(&bench, REGION).await;
    let network = cloud.default_network();
    create_theirs(&cloud).await;
    let all = SHIPPED
        .iter()
        .map(|one| deploys(&bench, &cloud, &network, one));
    join_all(all).await;
}
