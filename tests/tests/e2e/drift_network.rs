//! `status` lists manual changes in a network and around a load balancer. Only CloudFormation repairs them,
//! with drift-aware change sets, which the sandbox doesn't support.

use std::collections::BTreeSet;

use e2e::{Bench, Cloud, TestStack};
use serde_json::json;

const ELB: [&str; 2] = ["elasticloadbalancing", "2015-12-01"];

#[tokio::test]
async fn each_change_of_a_network_and_a_load_balancer_is_named() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "drift-network");
    let definition = format!(
        "\
name: {}
services:
  web:
    image: public.ecr.aws/nginx/nginx:1.28.0
    port: 80
    load_balancer: {{health_check: /}}
    tasks: {{min: 1, max: 2}}
    scaling: {{cpu: {{target: 60}}}}
",
        stack.name
    );
    let _deployed = stack.deploy(&definition).await.succeeds();
    let first = stack.run("status", &[]).end().await.succeeds();
    assert_eq!(
        (&first["drift"], &first["unchecked"]),
        (&json!([]), &json!([]))
    );

    let found = cloud.resources(&stack.name).await;
    let elb = |action: &str, id: &str, more: &str| {
        let action = format!("{action}={}{more}", found.id(id));
        let _reply = cloud.query(ELB[0], ELB[1], &action);
    };
    elb(
        "ModifyTargetGroup&TargetGroupArn",
        "WebTargetGroup",
        "&HealthCheckPath=/gone",
    );
    elb("DeleteListener&ListenerArn", "WebListener", "");
    let all = "&IpPermissions.1.IpProtocol=-1&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0";
    let group = found.id("TaskSecurityGroup");
    let _reply = cloud.ec2(&format!("RevokeSecurityGroupEgress&GroupId={group}{all}"));
    // Another user can add a rule.
    let balancer = found.id("WebLoadBalancerSecurityGroup");
    let other = all.replace(
        "-1",
        "tcp&IpPermissions.1.FromPort=81&IpPermissions.1.ToPort=81",
    );
    let _reply = cloud.ec2(&format!(
        "AuthorizeSecurityGroupIngress&GroupId={balancer}{other}"
    ));
    let table = found.id("PublicRouteTable");
    let _reply = cloud.ec2(&format!(
        "DeleteRoute&RouteTableId={table}&DestinationCidrBlock=0.0.0.0/0"
    ));

    let status = stack.run("status", &[]).end().await;
    assert_eq!(status.code, Some(1), "{}", status.stdout);
    let report = status.json();
    let named = report["drift"].as_array().unwrap().iter();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let named: BTreeSet<[String; 3]> = named
        .map(|one| ["logical_id", "problem", "property"].map(|key| text(&one[key])))
        .collect();
    let expected = [
        ["PublicRoute", "missing", ""],
        ["TaskSecurityGroup", "different", "SecurityGroupEgress"],
        ["WebListener", "missing", ""],
        ["WebTargetGroup", "different", "HealthCheckPath"],
    ];
    assert_eq!(
        named,
        BTreeSet::from(expected.map(|one| one.map(str::to_owned)))
    );
    let destroyed = stack.destroy(&["--force"]).await.succeeds();
    assert_eq!(destroyed["remains"]["left"], json!([]));
}
