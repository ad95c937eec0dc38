//! Load balancers: which connections are allowed, and the effects of the capacity.

use serde_json::{Value, json};
use stack::{Capacity, Cluster, LoadBalancer, Network, ServiceSpec, Stack};
use template::{SynthesisError, names, synthesize};

use crate::stacks::{self, created, web, with};

fn balanced(capacity: Capacity) -> Stack {
    let mut stack = with("shop", vec![], vec![("web", created(web(), &[]))]);
    stack.services.get_mut("web").unwrap().scaling = None;
    stack.cluster = Cluster::Create {
        name: None,
        capacity,
        insights: None,
    };
    stack
}

fn properties(template: &Value, id: &str) -> Value {
    template["Resources"][id]["Properties"].clone()
}

fn without_descriptions(rules: &Value) -> Value {
    let mut rules = rules.clone();
    for rule in rules.as_array_mut().unwrap() {
        rule.as_object_mut().unwrap().remove("Description").unwrap();
    }
    rules
}

fn group_id(group: &str) -> Value {
    json!({ "Fn::GetAtt": [group, "GroupId"] })
}

#[test]
fn on_fargate_the_load_balancer_alone_reaches_the_tasks_port() {
    let template = synthesize(&balanced(Capacity::Fargate)).unwrap();
    let template = template.to_json();
    let balancer = properties(template, "WebLoadBalancerSecurityGroup");
    let everywhere =
        json!([{ "IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIp": "0.0.0.0/0" }]);
    assert_eq!(
        without_descriptions(&balancer["SecurityGroupIngress"]),
        everywhere
    );
    let out = json!([{ "IpProtocol": "tcp", "FromPort": 1, "ToPort": 65_535,
        "DestinationSecurityGroupId": group_id("WebTargetSecurityGroup") }]);
    assert_eq!(without_descriptions(&balancer["SecurityGroupEgress"]), out);
    let ingress = json!({ "GroupId": group_id("WebTargetSecurityGroup"), "IpProtocol": "tcp",
        "FromPort": 8080, "ToPort": 8080,
        "SourceSecurityGroupId": group_id("WebLoadBalancerSecurityGroup") });
    let rule = properties(template, "WebTargetIngress");
    assert_eq!(without_descriptions(&json!([rule])), json!([ingress]));
    let service = properties(template, "WebService");
    let awsvpc = &service["NetworkConfiguration"]["AwsvpcConfiguration"];
    let groups = json!([
        group_id(names::SECURITY_GROUP),
        group_id("WebTargetSecurityGroup")
    ]);
    assert_eq!(awsvpc["SecurityGroups"], groups);
    let target = properties(template, "WebTargetGroup");
    assert_eq!(
        (&target["TargetType"], &target["Port"]),
        (&json!("ip"), &json!(80))
    );
    let delay = &target["TargetGroupAttributes"][0];
    assert_eq!(delay["Key"], "deregistration_delay.timeout_seconds");
    assert_eq!(
        delay["Value"], "30",
        "as long as the container may take to stop"
    );
    let task = properties(template, "WebTaskDefinition");
    let mapping = json!([{ "ContainerPort": 8080, "Protocol": "tcp" }]);
    assert_eq!(task["ContainerDefinitions"][0]["PortMappings"], mapping);
    assert_eq!(task["NetworkMode"], "awsvpc");
    assert!(service["HealthCheckGracePeriodSeconds"].as_u64() > Some(0));
    let behind = json!([{ "ContainerName": "web", "ContainerPort": 8080,
        "TargetGroupArn": { "Ref": "WebTargetGroup" } }]);
    assert_eq!(service["LoadBalancers"], behind);
}

#[test]
fn on_instances_it_reaches_their_dynamic_ports() {
    let template = synthesize(&balanced(stacks::on_ec2())).unwrap();
    let template = template.to_json();
    let ingress = properties(template, "WebTargetIngress");
    assert_eq!(ingress["GroupId"], group_id(names::INSTANCE_SECURITY_GROUP));
    assert_eq!(
        (&ingress["FromPort"], &ingress["ToPort"]),
        (&json!(32_768), &json!(65_535))
    );
    let task = properties(template, "WebTaskDefinition");
    assert_eq!(task["NetworkMode"], "bridge");
    assert_eq!(task["RequiresCompatibilities"], json!(["EC2"]));
    assert_eq!(
        task["ContainerDefinitions"][0]["PortMappings"][0]["HostPort"],
        0
    );
    let log = &task["ContainerDefinitions"][0]["LogConfiguration"];
    assert_eq!(log["LogDriver"], "awslogs");
    assert_eq!(
        properties(template, "WebTargetGroup")["TargetType"],
        "instance"
    );
    let service = properties(template, "WebService");
    assert!(service["NetworkConfiguration"].is_null());
    assert!(service["LaunchType"].is_null());
    assert_eq!(
        service["CapacityProviderStrategy"][0]["CapacityProvider"]["Ref"],
        names::CAPACITY_PROVIDER
    );
    let data = properties(template, names::LAUNCH_TEMPLATE)["LaunchTemplateData"].clone();
    let groups = json!([
        group_id(names::SECURITY_GROUP),
        group_id(names::INSTANCE_SECURITY_GROUP)
    ]);
    assert_eq!(data["NetworkInterfaces"][0]["Groups"], groups);
    assert_eq!(
        data["NetworkInterfaces"][0]["AssociatePublicIpAddress"],
        true
    );
    assert_eq!(data["MetadataOptions"]["HttpTokens"], "required");
    assert_eq!(data["MetadataOptions"]["HttpPutResponseHopLimit"], 1);
    assert!(data["ImageId"].as_str().unwrap().contains("/arm64/"));
    let group = properties(template, names::AUTO_SCALING_GROUP);
    assert!(group["DesiredCapacity"].is_null(), "ECS decides it");
    let provider = properties(template, names::CAPACITY_PROVIDER);
    let provider = &provider["AutoScalingGroupProvider"];
    assert_eq!(provider["ManagedTerminationProtection"], "DISABLED");
    assert_eq!(provider["ManagedDraining"], "ENABLED");
}

#[test]
fn https_has_a_certificate_and_no_old_tls() {
    let mut stack = balanced(Capacity::Fargate);
    let certificate = "arn:aws:acm:us-west-2:111122223333:certificate/1234abcd";
    let https = ServiceSpec {
        load_balancer: Some(LoadBalancer {
            listener: 443,
            certificate: Some(certificate.into()),
            internal: true,
            ..web().load_balancer.unwrap()
        }),
        ..web()
    };
    stack.services.get_mut("web").unwrap().source = stack::ServiceSource::Create(Box::new(https));
    let template = synthesize(&stack).unwrap();
    let template = template.to_json();
    let listener = properties(template, "WebListener");
    assert_eq!(listener["Protocol"], "HTTPS");
    assert_eq!(
        listener["Certificates"],
        json!([{ "CertificateArn": certificate }])
    );
    assert!(
        listener["SslPolicy"]
            .as_str()
            .unwrap()
            .contains("TLS13-1-2")
    );
    let url = &template["Outputs"]["WebLoadBalancerUrl"]["Value"];
    assert_eq!(url["Fn::Sub"], "https://${WebLoadBalancer.DNSName}");
    // Internal: only from within the VPC, by its range or by the private ranges.
    assert_eq!(
        properties(template, "WebLoadBalancer")["Scheme"],
        "internal"
    );
    let sources = |template: &Value| -> Vec<Value> {
        let group = properties(template, "WebLoadBalancerSecurityGroup");
        let ingress = group["SecurityGroupIngress"].as_array().unwrap();
        ingress.iter().map(|rule| rule["CidrIp"].clone()).collect()
    };
    assert_eq!(
        sources(template),
        [json!({ "Fn::GetAtt": ["Vpc", "CidrBlock"] })]
    );
    stack.network = theirs(Some("vpc-1"), 2, 1);
    let template = synthesize(&stack).unwrap();
    let sources = sources(template.to_json());
    assert_eq!(sources.len(), 4);
    assert!(!sources.contains(&json!("0.0.0.0/0")));
}

fn theirs(vpc: Option<&str>, subnets: usize, groups: usize) -> Network {
    Network::Existing {
        vpc: vpc.map(str::to_owned),
        subnets: (0..subnets).map(|n| format!("subnet-{n}")).collect(),
        security_groups: (0..groups).map(|n| format!("sg-{n}")).collect(),
        assign_public_ip: false,
    }
}

#[test]
fn somebody_elses_network_keeps_its_groups_and_gets_ours() {
    let mut stack = balanced(Capacity::Fargate);
    stack.network = theirs(Some("vpc-1"), 2, 2);
    let template = synthesize(&stack).unwrap();
    let service = properties(template.to_json(), "WebService");
    let awsvpc = &service["NetworkConfiguration"]["AwsvpcConfiguration"];
    let groups = json!(["sg-0", "sg-1", group_id("WebTargetSecurityGroup")]);
    assert_eq!(awsvpc["SecurityGroups"], groups);
    // Our group allows no egress, because that would weaken the existing groups' rules.
    let target = properties(template.to_json(), "WebTargetSecurityGroup");
    assert_eq!(target["SecurityGroupEgress"][0]["CidrIp"], "127.0.0.1/32");
}

#[test]
fn networks_that_hold_no_load_balancer_are_refused() {
    let service = || "web".to_owned();
    for (network, expected) in [
        (
            theirs(None, 2, 1),
            SynthesisError::UnknownVpc { service: service() },
        ),
        (
            theirs(Some("vpc-1"), 1, 1),
            SynthesisError::TooFewSubnets { service: service() },
        ),
        (
            theirs(Some("vpc-1"), 2, 5),
            SynthesisError::TooManySecurityGroups { groups: 5 },
        ),
    ] {
        for capacity in [Capacity::Fargate, stacks::on_ec2()] {
            let mut stack = balanced(capacity);
            stack.network = network.clone();
            assert_eq!(synthesize(&stack).unwrap_err(), expected);
        }
    }
}

#[test]
fn instances_have_one_instruction_set() {
    let mut stack = balanced(stacks::on_ec2());
    let intel = ServiceSpec {
        architecture: stack::Architecture::X86_64,
        ..stacks::spec()
    };
    let mut other = created(intel, &[]);
    other.scaling = None;
    stack.services.insert("intel".into(), other);
    assert_eq!(
        synthesize(&stack).unwrap_err(),
        SynthesisError::MixedArchitectures
    );
    stack.services.remove("web");
    let template = synthesize(&stack).unwrap();
    let data = properties(template.to_json(), names::LAUNCH_TEMPLATE);
    let image = data["LaunchTemplateData"]["ImageId"].as_str().unwrap();
    assert!(image.contains("amazon-linux-2023/recommended"), "{image}");
}

/// Changing `Port` of a target group replaces it, and `Scheme` of a load balancer replaces that: a target group
/// belongs to only one load balancer. Source: the schemas of the two resource types, create-only properties;
/// Elastic Load Balancing quotas.
#[test]
fn another_port_keeps_the_target_group_and_another_scheme_does_not() {
    let changed = |port, internal| {
        let mut stack = balanced(Capacity::Fargate);
        let service = stack.services.get_mut("web").unwrap();
        let stack::ServiceSource::Create(spec) = &mut service.source else {
            panic!("a created service");
        };
        spec.port = Some(port);
        spec.load_balancer.as_mut().unwrap().internal = internal;
        synthesize(&stack).unwrap().to_json().clone()
    };
    let (before, after) = (changed(8080, false), changed(9090, false));
    for id in [
        "WebTargetGroup",
        "WebLoadBalancer",
        "WebListener",
        "WebLoadBalancerSecurityGroup",
    ] {
        assert!(before["Resources"][id].is_object());
        assert_eq!(before["Resources"][id], after["Resources"][id], "{id}");
    }
    let internal = changed(8080, true);
    assert!(internal["Resources"]["WebTargetGroup"].is_null());
    let listener = properties(&internal, "WebListener");
    let group = json!({ "Ref": "WebInternalTargetGroup" });
    assert_eq!(listener["DefaultActions"][0]["TargetGroupArn"], group);
    let service = properties(&internal, "WebService");
    assert_eq!(service["LoadBalancers"][0]["TargetGroupArn"], group);
}

/// ECS treats a missing list as "unchanged". Source: Amazon ECS API, `UpdateService$loadBalancers`.
#[test]
fn a_service_without_a_load_balancer_says_so() {
    let mut stack = balanced(Capacity::Fargate);
    let service = stack.services.get_mut("web").unwrap();
    let stack::ServiceSource::Create(spec) = &mut service.source else {
        panic!("a created service");
    };
    spec.load_balancer = None;
    let template = synthesize(&stack).unwrap();
    let service = properties(template.to_json(), "WebService");
    assert_eq!(service["LoadBalancers"], json!([]));
}

/// ECS rounds up the number of tasks that stay. If instances are full, one of the minimum number of tasks can stop,
/// unless it is the only one: of 2, 1 stays (50%), of 3, 2 stay (66%), of 4, 3 stay (75%).
#[test]
fn full_instances_do_not_block_a_deployment() {
    let healthy = |capacity, min, max| {
        let mut stack = balanced(capacity);
        stack.services.get_mut("web").unwrap().tasks = stack::Tasks { min, max };
        let template = synthesize(&stack).unwrap();
        let service = properties(template.to_json(), "WebService");
        service["DeploymentConfiguration"]["MinimumHealthyPercent"]
            .as_u64()
            .unwrap()
    };
    for (min, max, expected) in [
        (1, 1, 100),
        (0, 2, 50),
        (2, 2, 50),
        (3, 9, 66),
        (4, 9, 75),
        (50, 90, 75),
    ] {
        assert_eq!(
            healthy(stacks::on_ec2(), min, max),
            expected,
            "{min} to {max}"
        );
        assert_eq!(healthy(Capacity::Fargate, min, max), 100);
        let stay = |tasks: u64| (tasks * expected).div_ceil(100);
        assert!(max < 2 || stay(u64::from(min.max(2))) < u64::from(min.max(2)));
    }
}

fn guarded() -> Stack {
    let guarded = ServiceSpec {
        load_balancer: Some(LoadBalancer {
            listener: 443,
            certificate: Some("arn:aws:acm:us-west-2:111122223333:certificate/1a2b".into()),
            allow_from: vec!["10.0.0.0/8".into(), "192.0.2.0/24".into()],
            redirect_http: true,
            tls_policy: Some("ELBSecurityPolicy-TLS13-1-2-2021-06".into()),
            access_logs: Some("our-logs".into()),
            deletion_protection: true,
            ..web().load_balancer.unwrap()
        }),
        ..web()
    };
    let mut stack = with("shop", vec![], vec![("web", created(guarded, &[]))]);
    stack.services.get_mut("web").unwrap().scaling = None;
    stack
}

/// Elastic Load Balancing API, `LoadBalancerAttribute` and `RedirectActionConfig`.
#[test]
fn a_load_balancer_can_be_guarded() {
    let template = synthesize(&guarded()).unwrap();
    let template = template.to_json();
    let balancer = properties(template, &names::load_balancer("web"));
    let attribute = |key: &str, value: &str| json!({ "Key": key, "Value": value });
    assert_eq!(
        balancer["LoadBalancerAttributes"],
        json!([
            attribute("routing.http.drop_invalid_header_fields.enabled", "true"),
            attribute("access_logs.s3.enabled", "true"),
            attribute("access_logs.s3.bucket", "our-logs"),
            attribute("deletion_protection.enabled", "true"),
        ])
    );
    let redirect = properties(template, &names::redirect_listener("web"));
    assert_eq!(redirect["Port"], 80);
    let to = json!({ "Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301" });
    let action = json!([{ "Type": "redirect", "RedirectConfig": to }]);
    assert_eq!(redirect["DefaultActions"], action);
    let listener = properties(template, &names::listener("web"));
    assert_eq!(listener["SslPolicy"], "ELBSecurityPolicy-TLS13-1-2-2021-06");
    let group = properties(template, &names::load_balancer_security_group("web"));
    let open = group["SecurityGroupIngress"].as_array().unwrap().iter();
    let open: Vec<_> = open
        .map(|rule| {
            (
                rule["FromPort"].as_u64().unwrap(),
                rule["CidrIp"].as_str().unwrap(),
            )
        })
        .collect();
    let (own, other) = ("10.0.0.0/8", "192.0.2.0/24");
    assert_eq!(open, [(443, own), (443, other), (80, own), (80, other)]);
}

/// A load balancer keeps the attributes that an update doesn't name.
#[test]
fn guards_that_are_gone_are_switched_off() {
    let deployed = synthesize(&guarded()).unwrap();
    let mut plain = guarded();
    if let stack::ServiceSource::Create(spec) = &mut plain.services.get_mut("web").unwrap().source {
        let balancer = spec.load_balancer.as_mut().unwrap();
        (balancer.access_logs, balancer.deletion_protection) = (None, false);
    }
    let left = synthesize(&plain)
        .unwrap()
        .adapt_to(deployed.to_json())
        .unwrap();
    let balancer = properties(left.to_json(), &names::load_balancer("web"));
    let off = |key: &str| json!({ "Key": key, "Value": "false" });
    let attributes = balancer["LoadBalancerAttributes"].as_array().unwrap();
    assert_eq!(
        attributes[1..],
        [
            off("access_logs.s3.enabled"),
            off("deletion_protection.enabled")
        ]
    );
}

#[test]
fn a_web_acl_is_associated() {
    let acl = "arn:aws:wafv2:us-west-2:111122223333:regional/webacl/shop/1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d";
    let mut stack = guarded();
    assert!(
        properties(
            synthesize(&stack).unwrap().to_json(),
            &names::web_acl_association("web")
        )
        .is_null()
    );
    if let stack::ServiceSource::Create(spec) = &mut stack.services.get_mut("web").unwrap().source {
        spec.load_balancer.as_mut().unwrap().waf = Some(acl.into());
    }
    let template = synthesize(&stack).unwrap();
    let association = properties(template.to_json(), &names::web_acl_association("web"));
    let balancer = json!({ "Ref": names::load_balancer("web") });
    assert_eq!(
        association,
        json!({ "ResourceArn": balancer, "WebACLArn": acl })
    );
}
