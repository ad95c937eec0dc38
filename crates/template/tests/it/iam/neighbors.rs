//! Resources outside of the stack can't be reached: other teams' resources, and ways to gain permissions.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::deploy::{policies, worlds};
use super::others::{on, others};
use super::world::{arn, global};
use super::{Request, expect_all, simulator};

const BOUNDARY: &str = crate::stacks::BOUNDARY;

#[test]
fn what_is_not_the_stacks_is_denied() {
    let neighbors = others();
    assert!(neighbors.len() > 120, "{}", neighbors.len());
    if simulator().is_none() {
        return;
    }
    let mut seen = 0;
    for world in worlds() {
        let asked = neighbors.iter().flat_map(|request| {
            let request = |who: &str| request.clone().by(who);
            [
                request("deploy"),
                request("deploy").via_cloudformation(),
                request("role"),
                request("deploy_with_role"),
                request("repair"),
                request("operate"),
            ]
        });
        seen += expect_all(&policies(&world), &asked.collect::<Vec<_>>(), false);
    }
    assert!(seen > 5_000, "{seen}");
    eprintln!("{seen} requests denied");
}

/// With a boundary, the deployer can't create a role that exceeds it: not by creating a role without it, and not by
/// changing one.
#[test]
fn a_boundary_holds_for_the_stacks_own_roles_too() {
    let all = worlds().into_iter();
    let bounded = all.filter(|world| world.stack.permissions_boundary.is_some());
    let mut seen = 0;
    for world in bounded {
        let mut asked = Vec::new();
        for role in world.ids_of("AWS::IAM::Role") {
            let own = world.arn(&role);
            let other = "arn:aws:iam::111122223333:policy/wider";
            asked.extend([
                on("iam:CreateRole", own.as_str()),
                on("iam:CreateRole", own.as_str()).with("iam:PermissionsBoundary", other),
                on("iam:PutRolePolicy", own.as_str()),
                on("iam:PutRolePolicy", own.as_str()).with("iam:PermissionsBoundary", other),
                on("iam:PutRolePermissionsBoundary", own.as_str())
                    .with("iam:PermissionsBoundary", other),
                on("iam:DeleteRolePermissionsBoundary", own.as_str())
                    .with("iam:PermissionsBoundary", BOUNDARY),
                on("iam:AttachRolePolicy", own.as_str())
                    .with("iam:PermissionsBoundary", BOUNDARY)
                    .with(
                        "iam:PolicyARN",
                        "arn:aws:iam::aws:policy/AdministratorAccess",
                    ),
                on("iam:PassRole", own.as_str())
                    .with("iam:PassedToService", "sagemaker.amazonaws.com"),
            ]);
        }
        let by = |request: &Request| {
            [
                request.clone().by("deploy").via_cloudformation(),
                request.clone().by("role"),
            ]
        };
        let asked: Vec<Request> = asked.iter().flat_map(by).collect();
        seen += expect_all(&policies(&world), &asked, false);
    }
    assert!(seen > 50 || simulator().is_none(), "{seen}");
}

/// The roles that the deployer can pass to CloudFormation, and a change set that would take over existing
/// resources.
#[test]
fn nothing_is_imported_and_one_role_is_passed() {
    let world = worlds().remove(0);
    let stack = arn(
        "cloudformation",
        &format!("stack/{}/0a1b2c3d", world.stack.name),
    );
    let import = on("cloudformation:CreateChangeSet", stack.as_str()).with(
        "cloudformation:ImportResourceTypes",
        json!(["AWS::IAM::Role"]),
    );
    let pass = |role: &str, service: &str| {
        on("iam:PassRole", global("iam", &format!("role/{role}")))
            .with("iam:PassedToService", service)
    };
    let denied = [
        import.clone().by("deploy"),
        import.by("deploy_with_role"),
        pass("administrator", "cloudformation.amazonaws.com").by("deploy_with_role"),
        pass("CLOUDFORMATION_ROLE", "ec2.amazonaws.com").by("deploy_with_role"),
    ];
    let policies: BTreeMap<String, Vec<Value>> = policies(&world);
    expect_all(&policies, &denied, false);
    let allowed = [
        on("cloudformation:CreateChangeSet", stack.as_str()).by("deploy"),
        on("cloudformation:ExecuteChangeSet", stack).by("deploy_with_role"),
        pass("CLOUDFORMATION_ROLE", "cloudformation.amazonaws.com").by("deploy_with_role"),
    ];
    expect_all(&policies, &allowed, true);
}
