//! The function for Lambda: built with cargo-lambda and zig, and deployed by `--endpoint-url` as to AWS.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use deployer::newest_glibc;
use e2e::{Bench, Cloud, Run, TestStack, edited, worker};
use serde_json::json;

/// The architecture of this machine: the sandbox runs functions unchanged.
const HERE: &str = if cfg!(target_arch = "aarch64") {
    "arm64"
} else {
    "x86_64"
};
/// glibc of Amazon Linux 2023, the base of `provided.al2023`.
const GLIBC: (u32, u32) = (2, 34);
/// A small zip starts faster. The function currently has 2.2 MB.
const ZIP_BYTES: usize = 3_000_000;

#[tokio::test]
async fn the_build_for_lambda_runs_and_is_small() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "lambda");
    let _ = deploy_as_to_aws(&bench, &stack).end().await.succeeds();
    let resources = cloud.resources(&stack.name).await;
    let function = resources.id("MetricFunction");
    let request = cloud.clients.lambda.get_function_configuration();
    let configuration = request.function_name(function).send().await.unwrap();
    assert_eq!(configuration.architectures()[0].as_str(), HERE);

    let input = cloud.rule_inputs(&resources).await.remove(0);
    let answer = cloud.invoke(function, &input).await;
    assert_eq!(answer["failed"], json!([]), "{answer}");
    assert_eq!(answer["published"][0]["messages"], 0, "{answer}");

    let zip = uploaded(&cloud, &stack.name).await;
    assert!(zip.len() < ZIP_BYTES, "the zip has {} bytes", zip.len());
    let newest = newest_glibc(&bootstrap(zip)).expect("it is linked to glibc");
    assert!(newest <= GLIBC, "it asks for glibc {newest:?}");
}

/// Two commands in one checkout build, read, and upload the same program at the same time.
#[tokio::test]
#[ignore = "runs in test --full"]
async fn two_deploys_at_once_upload_a_whole_function() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stacks = ["lambda-one", "lambda-two"].map(|label| TestStack::new(&bench, label));
    let [one, two] = stacks
        .each_ref()
        .map(|stack| deploy_as_to_aws(&bench, stack));
    let (one, two) = tokio::join!(one.end(), two.end());
    for (ended, stack) in [one, two].iter().zip(&stacks) {
        let _ = ended.succeeds();
        let resources = cloud.resources(&stack.name).await;
        let input = cloud.rule_inputs(&resources).await.remove(0);
        let answer = cloud.invoke(resources.id("MetricFunction"), &input).await;
        assert_eq!(answer["failed"], json!([]), "{answer}");
    }
    let [one, two] = stacks.each_ref().map(|stack| uploaded(&cloud, &stack.name));
    assert_eq!(one.await, two.await);
}

/// Deploys a worker by `--endpoint-url`. The functions are built as for Lambda.
fn deploy_as_to_aws(bench: &Bench, stack: &TestStack) -> Run {
    let metric = format!("metric: {{namespace: EndToEnd, architecture: {HERE}}}");
    let definition = edited(
        &worker(&stack.name),
        "metric: {namespace: EndToEnd}",
        &metric,
    );
    stack.write(&format!("{definition}region: us-east-1\n"));
    let file = stack.file().display().to_string();
    let arguments = ["deploy", &file, "--yes", "--endpoint-url", bench.endpoint()];
    bench
        .xtask(arguments)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
}

/// Returns the function's zip, from the assets bucket.
async fn uploaded(cloud: &Cloud, stack: &str) -> Vec<u8> {
    let request = cloud.clients.cloudformation.describe_stacks();
    let reply = request.stack_name(stack).send().await.unwrap();
    let parameters: BTreeMap<&str, &str> = reply.stacks()[0]
        .parameters()
        .iter()
        .filter_map(|p| Some((p.parameter_key()?, p.parameter_value()?)))
        .collect();
    let object = cloud.clients.s3.get_object();
    let object = object.bucket(parameters["AssetsBucket"]);
    let object = object.key(parameters["MetricFunctionKey"]);
    let body = object.send().await.unwrap().body;
    body.collect().await.unwrap().to_vec()
}

fn bootstrap(zip: Vec<u8>) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(zip)).unwrap();
    let mut code = Vec::new();
    let mut file = archive.by_name("bootstrap").unwrap();
    file.read_to_end(&mut code).unwrap();
    code
}
