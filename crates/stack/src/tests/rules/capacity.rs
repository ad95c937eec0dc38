//! EC2 instances and load balancers.

use super::{IMAGE, NOTIFY, check, check_text, fine};
use crate::tests::{changed, problems};
use crate::{Capacity, Cluster, LoadBalancer, ServiceSource, parse};

const EC2: &str = "cluster: {capacity: {ec2: {instance_type: t4g.small, max: 4}}}\n";
pub(super) const BALANCER: &str = "services.worker.load_balancer";

fn on_ec2() -> String {
    changed(NOTIFY, &format!("{EC2}{NOTIFY}"))
}

/// The base behind a load balancer, in a network. Without a certificate, the load balancer is internal.
pub(super) fn balanced(balancer: &str, network: &str) -> String {
    let internal = match balancer {
        "{}" => "{internal: true}".to_owned(),
        open if !open.contains("certificate") => open.replace('}', ", internal: true}"),
        encrypted => encrypted.to_owned(),
    };
    balanced_by(&internal, network)
}

pub(super) fn balanced_by(balancer: &str, network: &str) -> String {
    changed(
        IMAGE,
        &format!("{IMAGE}    port: 8080\n    load_balancer: {balancer}\n"),
    ) + network
}

#[test]
fn instances_are_read() {
    let stack = parse("shop.yaml", &on_ec2()).unwrap().stack;
    let Cluster::Create { capacity, .. } = stack.cluster else {
        panic!("a created cluster");
    };
    let expected = Capacity::Ec2 {
        instance_type: "t4g.small".to_owned(),
        min: 1,
        max: 4,
        image: None,
        volume_key: None,
    };
    assert_eq!(capacity, expected);
}

#[test]
fn instances() {
    let path = "cluster.capacity";
    assert!(problems(&on_ec2()).is_empty());
    for (from, to, expected) in [
        ("max: 4", "min: 5, max: 4", format!("error 17:59 {path}.ec2.min: `min` is greater than `max`")),
        ("max: 4", "max: 0", format!("error 17:59 {path}.ec2.max: 0 is out of range")),
        (", max: 4", "", format!("error 17:27 {path}.ec2.max: `max` is missing in `{path}.ec2`")),
        ("t4g.small", "t4g", format!("error 17:43 {path}.ec2.instance_type: `t4g` isn't an instance type")),
        ("t4g.small", "T4g.small", format!("error 17:43 {path}.ec2.instance_type: `T4g.small` isn't an instance type")),
        ("t4g.small", "t3.small", "error 9:3 services.worker.architecture: the instances can't run this service: it is arm64".to_owned()),
        ("{ec2:", "{fargate_spot: {}, ec2:", format!("error 17:40 {path}: `fargate_spot` and `ec2` exclude each other")),
        ("{ec2:", "{ec3:", format!("error 17:22 {path}.ec3: unknown key `ec3`")),
    ] {
        check_text(&on_ec2().replace(from, to), &expected);
    }
    let empty = on_ec2().replace("{ec2: {instance_type: t4g.small, max: 4}}", "{}");
    check_text(
        &empty,
        &format!("error 17:21 {path}: `{path}` has none of `fargate_spot`, `ec2`"),
    );
}

#[test]
fn one_processor_for_all_services() {
    let intel = on_ec2().replace("t4g.small", "t3.small");
    let intel = intel.replace(IMAGE, &format!("{IMAGE}    architecture: x86_64\n"));
    assert!(problems(&intel).is_empty(), "{:?}", problems(&intel));
    let mixed = intel.replace("services:\n", "services:\n  web: {image: 'nginx:1'}\n");
    check_text(
        &mixed,
        "error 9:3 services.web.architecture: the instances can't run this service: it is arm64",
    );
}

#[test]
fn sizes_are_free_on_instances() {
    let sized = |cpu: u32, memory: u32| {
        on_ec2().replace(
            IMAGE,
            &format!("{IMAGE}    cpu: {cpu}\n    memory: {memory}\n"),
        )
    };
    assert!(problems(&sized(128, 64)).is_empty());
    assert!(problems(&sized(300, 400)).is_empty());
    check_text(
        &sized(127, 64),
        "error 11:10 services.worker.cpu: 127 is out of range",
    );
    check_text(
        &sized(300, 512).replace(EC2, ""),
        "error 11:10 services.worker.cpu: Fargate doesn't support 300 CPU units",
    );
}

#[test]
fn load_balancers_are_read() {
    let read = |balancer: &str| {
        let stack = parse("shop.yaml", &balanced(balancer, "")).unwrap().stack;
        match stack
            .services
            .get("worker")
            .map(|service| service.source.clone())
        {
            Some(ServiceSource::Create(spec)) => (spec.port, spec.load_balancer),
            other => panic!("{other:?}"),
        }
    };
    let mut expected = LoadBalancer {
        listener: 80,
        health_check: "/".to_owned(),
        certificate: None,
        internal: true,
        subnets: Vec::new(),
        allow_from: Vec::new(),
        redirect_http: false,
        tls_policy: None,
        waf: None,
        access_logs: None,
        deletion_protection: false,
    };
    assert_eq!(read("{}"), (Some(8080), Some(expected.clone())));
    let certificate = "arn:aws:acm:us-west-2:111122223333:certificate/1a2b";
    expected.listener = 443;
    expected.internal = false;
    expected.certificate = Some(certificate.to_owned());
    expected.health_check = "/health?deep=1".to_owned();
    assert_eq!(
        read(&format!(
            "{{certificate: '{certificate}', health_check: '/health?deep=1'}}"
        ))
        .1,
        Some(expected)
    );
}

#[test]
fn load_balancers() {
    check_text(
        &balanced_by("{}", ""),
        &format!(
            "warning 12:5 {BALANCER}: the load balancer is open to the internet without encryption"
        ),
    );
    assert!(problems(&balanced("{}", "")).is_empty());
    let certificate = "arn:aws:acm:us-west-2:111122223333:certificate/1a2b";
    let encrypted = format!("{{certificate: '{certificate}'}}");
    assert!(problems(&balanced_by(&encrypted, "")).is_empty());
    fine(IMAGE, &format!("{IMAGE}    port: 80\n"));
    check(
        IMAGE,
        &format!("{IMAGE}    load_balancer: {{}}\n"),
        &format!("error 11:5 {BALANCER}: `load_balancer` requires `port`"),
    );
    check(
        IMAGE,
        &format!("{IMAGE}    port: 65536\n"),
        "error 11:11 services.worker.port: 65536 is out of range",
    );
    for (balancer, expected) in [
        (
            "{listener: 0}",
            format!("error 12:31 {BALANCER}.listener: 0 is out of range"),
        ),
        (
            "{health_check: health}",
            format!("error 12:35 {BALANCER}.health_check: `health` isn't a path"),
        ),
        (
            "{health_check: '/a b'}",
            format!("error 12:35 {BALANCER}.health_check: `/a b` isn't a path"),
        ),
        (
            "{certificate: mine}",
            format!("error 12:34 {BALANCER}.certificate: `mine` isn't the ARN of a certificate"),
        ),
        (
            "{subnets: [subnet-0a1b2c3d]}",
            format!(
                "error 12:30 {BALANCER}.subnets: `{BALANCER}.subnets` has 1 of at least 2 items"
            ),
        ),
        (
            "{listener: 443}",
            format!(
                "warning 12:31 {BALANCER}.listener: the load balancer uses HTTP where clients expect HTTPS"
            ),
        ),
        (
            "{listener: 80, certificate: 'arn:aws:iam::111122223333:server-certificate/a/b'}",
            format!(
                "warning 12:31 {BALANCER}.listener: the load balancer uses HTTPS where clients expect HTTP"
            ),
        ),
        (
            "{certificate: 'arn:aws:acm:eu-west-1:111122223333:certificate/1a2b'}",
            format!(
                "error 12:34 {BALANCER}.certificate: the certificate is in another region than the load balancer"
            ),
        ),
        (
            "{certificate: 'arn:aws:acm:us-west-2:111122224444:certificate/1a2b'}",
            format!(
                "error 12:34 {BALANCER}.certificate: the certificate is in another account than the load balancer"
            ),
        ),
        (
            "{subnets: [subnet-0a1b2c3d, subnet-1a2b3c4d]}",
            format!(
                "error 12:30 {BALANCER}.subnets: the load balancer's subnets aren't in the stack's VPC"
            ),
        ),
    ] {
        check_text(&balanced(balancer, ""), &expected);
    }
    let theirs = balanced("{}", "").replace("image: example/worker:1.0.0", "existing: shop/worker");
    assert!(
        problems(&theirs)
            .iter()
            .any(|found| found.message() == "`load_balancer` isn't allowed on an existing service")
    );
}

#[test]
fn load_balancers_in_a_network() {
    let two = "subnets: [subnet-0a1b2c3d, subnet-1a2b3c4d]";
    assert!(
        problems(&balanced(
            "{}",
            &format!("network: {{vpc: vpc-0a1b2c3d, {two}}}\n")
        ))
        .is_empty()
    );
    assert!(
        problems(&balanced(
            &format!("{{{two}}}"),
            "network: {vpc: vpc-0a1b2c3d, subnets: [subnet-2a2b2c2d]}\n"
        ))
        .is_empty()
    );
    check_text(
        &balanced(
            "{}",
            "network: {vpc: vpc-0a1b2c3d, subnets: [subnet-0a1b2c3d]}\n",
        ),
        &format!("error 12:5 {BALANCER}: the load balancer needs two subnets"),
    );
    check_text(
        &balanced(
            "{}",
            &format!("network: {{vpc: vpc-0a1b2c3d, {two}, security_groups: [sg-0a1b2c3d]}}\n"),
        ),
        &format!(
            "warning 12:5 {BALANCER}: the load balancer reaches the tasks only if their security groups allow it"
        ),
    );
    let messages: Vec<String> = problems(&balanced(
        "{}",
        &format!("network: {{{two}, security_groups: [sg-0a1b2c3d]}}\n"),
    ))
    .iter()
    .map(|found| found.message().to_owned())
    .collect();
    assert!(
        messages.contains(&"the load balancer needs `vpc`".to_owned()),
        "{messages:?}"
    );
}

#[test]
fn tasks_that_fit_onto_no_instance() {
    let sized = |lines: &str| on_ec2().replace(IMAGE, &format!("{IMAGE}{lines}"));
    check_text(
        &sized("    cpu: 256\n    memory: 2048\n"),
        "error 11:10 services.worker.cpu: a task is larger than an instance",
    );
    // Nothing is reported for a type whose size isn't known.
    let unknown = sized("    memory: 2048\n").replace("t4g.small", "im4gn.large");
    assert!(problems(&unknown).is_empty());
    // Eleven tasks of 512 MiB, three on each instance, and tasks of another service.
    let more = on_ec2()
        .replace("{min: 1, max: 10}", "{min: 10, max: 10}")
        .replace(
            "services:\n",
            "services:\n  web: {image: 'a/b:1', architecture: arm64, tasks: {min: 6}}\n",
        );
    let lines: Vec<String> = problems(&more).iter().map(crate::tests::line).collect();
    assert_eq!(
        lines,
        [
            "error 18:59 cluster.capacity.ec2.max: the minimum numbers of tasks of all services don't fit onto the instances"
        ]
    );
}

/// A t4g.small has 2 vCPUs and, without the kernel's share, 2,016 MiB: three tasks of 256 CPU units and 512 MiB, so
/// four instances hold twelve.
#[test]
fn instances_without_room_for_a_deployment() {
    let with =
        |max: &str| on_ec2().replace("{min: 1, max: 10}", &format!("{{min: 1, max: {max}}}"));
    assert!(problems(&with("11")).is_empty());
    check_text(
        &with("12"),
        "warning 12:26 services.worker.tasks.max: with all tasks running, a deployment stops some of them first: the instances have no space for more",
    );
    let single = with("1")
        .replace("type: t4g.small, max: 4", "type: t4g.small, max: 1")
        .replace(IMAGE, &format!("{IMAGE}    cpu: 1024\n    memory: 1536\n"));
    let found = problems(&single);
    let said: Vec<String> = found.iter().map(super::line).collect();
    assert_eq!(
        said,
        [
            "warning 14:26 services.worker.tasks.max: a deployment can't replace the only task: the instances have no space for a second one"
        ]
    );
}
