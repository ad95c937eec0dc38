//! The load balancer of a service.
//!
//! Source: Elastic Load Balancing API, `CreateLoadBalancer`, `CreateListener` and `CreateTargetGroup`.

use super::parts::{default, optional, whole};
use crate::shape::kind::{Kind, List, Object, Whole};
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
            "Path by which it asks whether a task is well: the answer has to be 200 to 399.",
        ),
        optional(
            "certificate",
            Kind::Text(&CERTIFICATE_ARN),
            "Certificate by which it speaks HTTPS; without one it speaks HTTP.",
        ),
        default(
            "internal",
            Kind::Flag,
            "false",
            "Whether it is reachable within the VPC only.",
        ),
        optional(
            "subnets",
            Kind::List(&SUBNETS),
            "Its subnets in an existing network, in two availability zones at least; otherwise those of `network`. Public ones, unless it is internal.",
        ),
    ],
    rules: &[],
};

static PORT: Whole = whole(1, 65_535);

static SUBNETS: List = List {
    of: Kind::Text(&SUBNET_ID),
    least: 2,
    most: 16,
    unique: true,
    rule: None,
};
