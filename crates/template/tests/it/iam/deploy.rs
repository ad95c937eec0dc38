//! The policies of identities that deploy: each action that a resource type's handlers need, on each resource of
//! the stack.

use std::collections::BTreeMap;

use serde_json::Value;
use template::permissions::Permissions;

use super::requests::needed;
use super::world::World;
use super::{Request, expect_all, simulator};
use crate::stacks;

/// Stacks of every kind: the shipped ones, with and without a boundary, in existing networks and clusters.
pub(super) fn worlds() -> Vec<World> {
    // More of the same services are not a new kind.
    let is_fleet = |name: &str| {
        name.contains("fleet")
            || [
                "ec2",
                "fargate_spot",
                "minimal",
                "outstanding",
                "theirs_on_fargate",
                "unscaled",
            ]
            .contains(&name)
    };
    let all = stacks::all()
        .into_iter()
        .filter(|(name, _)| !is_fleet(name));
    let mut all: Vec<World> = all.map(|(_, stack)| World::new(stack)).collect();
    let mut long = stacks::everything();
    long.name = "a-stack-whose-name-is-cut-by-cloudformation".into();
    all.push(World::new(long));
    all
}

pub(super) fn policies(world: &World) -> BTreeMap<String, Vec<Value>> {
    let permissions = Permissions::of(&world.stack).unwrap();
    BTreeMap::from([
        ("operate".to_owned(), permissions.operate),
        ("deploy".to_owned(), permissions.deploy),
        ("role".to_owned(), permissions.role),
        ("boundary".to_owned(), permissions.boundary),
        ("repair".to_owned(), permissions.repair),
        ("deploy_with_role".to_owned(), permissions.deploy_with_role),
    ])
}

#[test]
fn each_action_that_cloudformation_needs_is_allowed() {
    if simulator().is_none() {
        eprintln!("left out: ECS_SCALER_TEST_NODE and ECS_SCALER_TEST_IAM name no simulator");
        return;
    }
    let mut seen = 0;
    for world in worlds() {
        let needed = needed(&world);
        let by_role = needed.iter().map(|request| request.clone().by("role"));
        let by_caller = needed
            .iter()
            .map(|request| request.clone().by("deploy").via_cloudformation());
        let requests: Vec<Request> = by_role.chain(by_caller).collect();
        seen += expect_all(&policies(&world), &requests, true);
    }
    assert!(seen > 5_000, "{seen}");
    eprintln!("{seen} requests allowed");
}

/// What `deploy`, `rollback`, and `destroy` ask of the assets bucket for the records of a stack's deploys.
#[test]
fn the_records_of_its_deploys_are_a_stack_s_own() {
    if simulator().is_none() {
        return;
    }
    for world in worlds() {
        let name = &world.stack.name;
        let bucket = format!("arn:aws:s3:::{}", world.assets_bucket());
        let mut asked = Vec::new();
        for who in ["deploy", "deploy_with_role"] {
            let on =
                |action: &str, key: &str| Request::new(action, format!("{bucket}{key}")).by(who);
            asked.extend(["s3:ListBucket", "s3:ListBucketVersions"].map(|action| on(action, "")));
            let record = format!("/deploys/{name}/0a1b/2026-11-30T144009Z-0a1b.json");
            let fleet = format!("/fleets/{name}/0a1b.json");
            for key in [record, fleet] {
                let actions = [
                    "GetObject",
                    "PutObject",
                    "DeleteObject",
                    "DeleteObjectVersion",
                ];
                asked.extend(actions.map(|action| on(&format!("s3:{action}"), &key)));
            }
            for key in ["/functions/a.zip", "/templates/a.json", "/drafts/a.json"] {
                asked.extend(["s3:GetObject", "s3:PutObject"].map(|action| on(action, key)));
            }
        }
        expect_all(&policies(&world), &asked, true);
    }
}
