//! The load balancer of a service.
//!
//! Source: Elastic Load Balancing API, `CreateLoadBalancer`, `CreateListener` and `CreateTargetGroup`.

use super::parts::{default, optional, whole};
use crate::shape::container_texts::{BLOCK, BUCKET, TLS_POLICY, WEB_ACL_ARN};
use crate::shape::kind::{Kind, List, Object, Rule, Whole};
use crate::shape::texts::{CERTIFICATE_ARN, HEALTH_CHECK, SUBNET_ID};

pub(super) static LOAD_BALANCER: Object = Object {
    what: "a load balancer",
    fields: &[
        optional(
            "listener",
            Kind::Whole(&PORT),
            "Port on which it listens; otherwise 80, or 443 with a `certificate`.",
        ),
        default(
            "health_check",
            Kind::Text(&HEALTH_CHECK),
            "/",
            "Path of the health check: a task is healthy if it returns a status from 200 to 399.",
        ),
        optional(
            "certificate",
            Kind::Text(&CERTIFICATE_ARN),
            "Certificate for HTTPS; without one, it uses HTTP.",
        ),
        default(
            "internal",
            Kind::Flag,
            "false",
            "Whether it is reachable only within the VPC.",
        ),
        optional(
            "subnets",
            Kind::List(&SUBNETS),
            "Its subnets in an existing network, in at least two availability zones; otherwise, the subnets of `network`. They must be public, unless it is internal.",
        ),
        default(
            "allow_from",
            Kind::List(&BLOCKS),
            "[]",
            "Blocks of addresses that can send requests; otherwise all addresses, or if it is `internal`, the VPC's.",
        ),
        default(
            "redirect_http",
            Kind::Flag,
            "false",
            "Whether it also listens on port 80, and sends clients from there to HTTPS.",
        ),
        optional(
            "tls_policy",
            Kind::Text(&TLS_POLICY),
            "Versions and ciphers of TLS; otherwise `ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09`.",
        ),
        optional(
            "access_logs",
            Kind::Text(&BUCKET),
            "S3 bucket in the stack's region that gets a line for each request. Its policy must let `logdelivery.elasticloadbalancing.amazonaws.com` write.",
        ),
        optional(
            "waf",
            Kind::Text(&WEB_ACL_ARN),
            "ARN of a web ACL of AWS WAF in the stack's region, which allows or blocks each request.",
        ),
        default(
            "deletion_protection",
            Kind::Flag,
            "false",
            "Whether it can't be deleted. `destroy`, and an update that removes or replaces it, then fail until it is off.",
        ),
    ],
    rules: &[
        Rule::Needs("redirect_http", "certificate"),
        Rule::Needs("tls_policy", "certificate"),
    ],
};

static PORT: Whole = whole(1, 65_535);

/// Security groups can have 60 rules in total. Source: Amazon VPC quotas, "Security groups".
static BLOCKS: List = List {
    of: Kind::Text(&BLOCK),
    least: 0,
    most: 25,
    unique: true,
    rule: None,
};

static SUBNETS: List = List {
    of: Kind::Text(&SUBNET_ID),
    least: 2,
    most: 16,
    unique: true,
    rule: None,
};
