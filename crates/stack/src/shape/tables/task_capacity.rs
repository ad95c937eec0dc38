//! The capacity of a service's tasks.

use super::parts::{default, required, whole};
use crate::shape::container_texts::{HEALTHY_SHARE, PROVIDER};
use crate::shape::kind::{Form, Kind, List, Object, Whole};

pub(super) static TASK_CAPACITY: [Form; 3] = [
    Form::Word("fargate"),
    Form::Keyed("providers", &PROVIDERS),
    Form::Object(&SHARES),
];

static PROVIDERS: Object = Object {
    what: "capacity providers of an existing cluster",
    fields: &[required(
        "providers",
        Kind::List(&PROVIDER_LIST),
        "Capacity providers of Auto Scaling groups, by name. The tasks run on their EC2 instances, with addresses of `network`.",
    )],
    rules: &[],
};

/// Source: Amazon ECS API, `CapacityProviderStrategyItem`, and its quota of 20 providers in a strategy.
static PROVIDER_LIST: List = List {
    of: Kind::Object(&PROVIDER_ITEM),
    least: 1,
    most: 20,
    unique: true,
    rule: None,
};

pub(crate) static PROVIDER_ITEM: Object = Object {
    what: "a capacity provider",
    fields: &[
        required("name", Kind::Text(&PROVIDER), "Its name in ECS."),
        default(
            "base",
            Kind::Whole(&BASE),
            "0",
            "How many tasks run on it before the weights count. Only one provider can have a base.",
        ),
        default(
            "weight",
            Kind::Whole(&WEIGHT),
            "1",
            "Its share of the other tasks, in relation to the weights of the others.",
        ),
    ],
    rules: &[],
};

/// Source: Amazon ECS API, `CapacityProviderStrategyItem$weight`.
static WEIGHT: Whole = whole(0, 1_000);

pub(crate) static SHARES: Object = Object {
    what: "a share of Fargate Spot",
    fields: &[
        required(
            "spot",
            Kind::Text(&HEALTHY_SHARE),
            "Share of the tasks on Fargate Spot, which AWS can stop with two minutes' notice, by SIGTERM, even if they are protected. The others run on demand.",
        ),
        default(
            "base",
            Kind::Whole(&BASE),
            "0",
            "How many tasks run on demand before the share counts.",
        ),
    ],
    rules: &[],
};

/// ECS's quota of tasks per service.
static BASE: Whole = whole(0, 5_000);
