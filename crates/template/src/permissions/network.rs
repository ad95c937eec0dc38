//! Statements for networks and load balancers, whose resources are identified by a tag.

use super::document::Statement;
use super::scope::Scope;

/// CloudFormation's tag with which policies for EC2 and Elastic Load Balancing identify a stack's resources.
const STACK_NAME: &str = "aws:ResourceTag/aws:cloudformation:stack-name";

/// The network that a stack creates, or its security groups in an existing one.
pub(super) fn network(scope: &Scope) -> Vec<Statement> {
    let ec2 = |kind: &str| scope.arn("ec2", &format!("{kind}/*"));
    let kinds = [
        "internet-gateway",
        "route-table",
        "security-group",
        "subnet",
        "vpc-flow-log",
        "vpc",
    ];
    let [parts @ .., _] = kinds;
    let vpcs = scope
        .vpcs
        .iter()
        .map(|vpc| scope.arn("ec2", &format!("vpc/{vpc}")));
    let own = |statement: Statement| statement.when("StringLike", STACK_NAME, scope.stack.as_str());
    vec![
        // A network's parts are created in a network: neither of these two reaches another owner's network.
        Statement::allow("MakeNetwork", &["ec2:CreateVpc"], [ec2("vpc")]),
        Statement::allow("MakeParts", PARTS, parts.map(ec2)),
        Statement::allow("MakeInExistingNetwork", &["ec2:CreateSecurityGroup"], vpcs),
        own(Statement::allow(
            "MakeInOwnNetwork",
            &[
                "ec2:CreateFlowLogs",
                "ec2:CreateRouteTable",
                "ec2:CreateSecurityGroup",
                "ec2:CreateSubnet",
            ],
            [ec2("vpc")],
        )),
        Statement::allow("TagNewNetwork", &["ec2:CreateTags"], kinds.map(ec2)).when(
            "StringEquals",
            "ec2:CreateAction",
            MADE.to_vec(),
        ),
        own(Statement::allow(
            "ChangeNetwork",
            CHANGE_NETWORK,
            kinds.map(ec2),
        )),
        Statement::allow(
            "MakeRulesOfGroups",
            &[
                "ec2:AuthorizeSecurityGroupEgress",
                "ec2:AuthorizeSecurityGroupIngress",
            ],
            [ec2("security-group-rule")],
        ),
        Statement::allow("ReadNetwork", READ_NETWORK, ["*".into()]),
    ]
}

/// Lambda reads the network of a function, and CloudFormation waits until a function's interfaces are gone. Source:
/// AWS Lambda Developer Guide, "Giving Lambda functions access to resources in an Amazon VPC", and AWS
/// CloudFormation, `AWS::Lambda::Function VpcConfig`.
pub(super) fn connect_functions(scope: &Scope) -> Option<Statement> {
    let connect = || Statement::allow("ConnectFunctions", CONNECT, ["*".into()]);
    scope.connects.then(connect)
}

const CONNECT: &[&str] = &[
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
];

/// Resources that CloudFormation tags when it creates them.
const MADE: [&str; 6] = [
    "CreateFlowLogs",
    "CreateInternetGateway",
    "CreateRouteTable",
    "CreateSecurityGroup",
    "CreateSubnet",
    "CreateVpc",
];

const PARTS: &[&str] = &[
    "ec2:CreateFlowLogs",
    "ec2:CreateInternetGateway",
    "ec2:CreateRouteTable",
    "ec2:CreateSecurityGroup",
    "ec2:CreateSubnet",
];

const CHANGE_NETWORK: &[&str] = &[
    "ec2:AssociateRouteTable",
    "ec2:AttachInternetGateway",
    "ec2:AuthorizeSecurityGroupEgress",
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:CreateRoute",
    "ec2:CreateTags",
    "ec2:DeleteFlowLogs",
    "ec2:DeleteInternetGateway",
    "ec2:DeleteRoute",
    "ec2:DeleteRouteTable",
    "ec2:DeleteSecurityGroup",
    "ec2:DeleteSubnet",
    "ec2:DeleteTags",
    "ec2:DeleteVpc",
    "ec2:DetachInternetGateway",
    "ec2:DisassociateRouteTable",
    "ec2:ModifySubnetAttribute",
    "ec2:ModifyVpcAttribute",
    "ec2:ReplaceRoute",
    "ec2:ReplaceRouteTableAssociation",
    "ec2:RevokeSecurityGroupEgress",
    "ec2:RevokeSecurityGroupIngress",
    "ec2:UpdateSecurityGroupRuleDescriptionsEgress",
    "ec2:UpdateSecurityGroupRuleDescriptionsIngress",
];

const READ_NETWORK: &[&str] = &[
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeFlowLogs",
    "ec2:DescribeInstances",
    "ec2:DescribeInternetGateways",
    "ec2:DescribeNetworkAcls",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroupRules",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcAttribute",
    "ec2:DescribeVpcs",
    "ec2:DescribeVpnGateways",
];

/// Load balancers. Their names are cut so short that only their tags show which stack they belong to.
pub(super) fn balancers(scope: &Scope) -> Vec<Statement> {
    let arns = || {
        ["listener/app/*", "loadbalancer/app/*", "targetgroup/*"]
            .map(|kind| scope.arn("elasticloadbalancing", kind))
    };
    let own = |statement: Statement| statement.when("StringLike", STACK_NAME, scope.stack.as_str());
    vec![
        Statement::allow("MakeLoadBalancers", MAKE_BALANCERS, arns()),
        Statement::allow(
            "TagNewLoadBalancers",
            &["elasticloadbalancing:AddTags"],
            arns(),
        )
        .when(
            "StringEquals",
            "elasticloadbalancing:CreateAction",
            vec!["CreateListener", "CreateLoadBalancer", "CreateTargetGroup"],
        ),
        own(Statement::allow(
            "ChangeLoadBalancers",
            CHANGE_BALANCERS,
            arns(),
        )),
        Statement::allow("ReadLoadBalancers", READ_BALANCERS, ["*".into()]),
        Statement::allow("LetWafGuard", LET_WAF_GUARD, ["*".into()]),
        Statement::allow(
            "GuardLoadBalancers",
            GUARD_BALANCERS,
            [
                scope.arn("elasticloadbalancing", "loadbalancer/app/*"),
                scope.arn("wafv2", "regional/webacl/*"),
            ],
        ),
    ]
}

const MAKE_BALANCERS: &[&str] = &[
    "elasticloadbalancing:CreateLoadBalancer",
    "elasticloadbalancing:CreateTargetGroup",
];

const CHANGE_BALANCERS: &[&str] = &[
    "elasticloadbalancing:AddTags",
    "elasticloadbalancing:CreateListener",
    "elasticloadbalancing:DeleteListener",
    "elasticloadbalancing:DeleteLoadBalancer",
    "elasticloadbalancing:DeleteTargetGroup",
    "elasticloadbalancing:ModifyListener",
    "elasticloadbalancing:ModifyListenerAttributes",
    "elasticloadbalancing:ModifyLoadBalancerAttributes",
    "elasticloadbalancing:ModifyTargetGroup",
    "elasticloadbalancing:ModifyTargetGroupAttributes",
    "elasticloadbalancing:RemoveTags",
    "elasticloadbalancing:SetIpAddressType",
    "elasticloadbalancing:SetSecurityGroups",
    "elasticloadbalancing:SetSubnets",
];

/// The action that WAF checks for the load balancer. It supports no resources.
const LET_WAF_GUARD: &[&str] = &["elasticloadbalancing:SetWebACL"];

/// A web ACL has another owner, and WAF checks both sides of an association.
const GUARD_BALANCERS: &[&str] = &[
    "wafv2:AssociateWebACL",
    "wafv2:DisassociateWebACL",
    "wafv2:GetWebACL",
    "wafv2:GetWebACLForResource",
];

pub(super) const READ_BALANCERS: &[&str] = &[
    "elasticloadbalancing:DescribeListenerAttributes",
    "elasticloadbalancing:DescribeListeners",
    "elasticloadbalancing:DescribeLoadBalancerAttributes",
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeTags",
    "elasticloadbalancing:DescribeTargetGroupAttributes",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
];
