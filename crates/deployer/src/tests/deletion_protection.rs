//! Load balancers with deletion protection, in the plans of `destroy` and `deploy`.

use aws_sdk_cloudcontrol::operation::get_resource::GetResourceOutput;
use aws_sdk_cloudcontrol::types::ResourceDescription;
use aws_sdk_cloudformation::types::ChangeAction;
use aws_smithy_mocks::{MockResponse, Rule, mock};
use serde_json::{Value, json};
use template::contract::types;

use super::cloud::{json_error, run};
use super::cloudformation::{CloudFormation, FakePlan, source};
use super::destroy::{destroy, queue, shop};
use super::told;
use crate::{Deployed, Plan, Result};

const ARN: &str =
    "arn:aws:elasticloadbalancing:us-west-2:111122223333:loadbalancer/app/web/50dc6c495c0c9188";

fn attributes(protection: &str) -> Value {
    json!([{ "Key": "deletion_protection.enabled", "Value": protection }])
}

/// A stack whose template sets the protection to this value.
fn balanced(protection: &str) -> CloudFormation {
    let cloud = shop();
    let mut state = cloud.state();
    let stack = state.stack();
    stack.holds(types::LOAD_BALANCER, "WebLoadBalancer", ARN);
    let properties = json!({ "LoadBalancerAttributes": attributes(protection) });
    let balancer = json!({ "Type": types::LOAD_BALANCER, "Properties": properties });
    stack.template = json!({ "Resources": { "WebLoadBalancer": balancer } }).to_string();
    drop(state);
    cloud
}

/// Cloud Control, which returns the load balancer with this protection. `None` if Cloud Control isn't
/// available.
fn live(protection: Option<&'static str>) -> Rule {
    mock!(aws_sdk_cloudcontrol::Client::get_resource).then_compute_response(move |input| {
        assert!([Some(ARN), Some("physical-R0")].contains(&input.identifier()));
        let Some(protection) = protection else {
            return MockResponse::Http(json_error("AccessDeniedException", "denied"));
        };
        let properties = json!({ "LoadBalancerAttributes": attributes(protection) });
        let found = ResourceDescription::builder().properties(properties.to_string());
        let output = GetResourceOutput::builder().resource_description(found.build());
        MockResponse::Output(output.build())
    })
}

#[tokio::test(start_paused = true)]
async fn a_protected_load_balancer_is_refused_before_anything_is_deleted() {
    for (template, live_protection) in [("false", Some("true")), ("true", None)] {
        let cloud = balanced(template);
        let rules = vec![queue(&cloud, 0, 0), live(live_protection)];
        let refusal = told(&destroy(&cloud, true, rules).await.0.unwrap_err());
        insta::allow_duplicates! {
            insta::assert_snapshot!(refusal, @r"
            Refused: the load balancer WebLoadBalancer of shop is protected against deletion
              hint: set `load_balancer.deletion_protection: false` in the definition and deploy, then destroy
              hint: without a deploy: aws elbv2 modify-load-balancer-attributes --load-balancer-arn arn:aws:elasticloadbalancing:us-west-2:111122223333:loadbalancer/app/web/50dc6c495c0c9188 --attributes Key=deletion_protection.enabled,Value=false
            ");
        }
        assert_eq!(cloud.calls("DeleteStack"), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_unprotected_load_balancer_is_deleted_with_its_stack() {
    for (template, live_protection) in [("true", Some("false")), ("false", None)] {
        let cloud = balanced(template);
        let rules = vec![queue(&cloud, 0, 0), live(live_protection)];
        destroy(&cloud, false, rules).await.0.unwrap();
        assert_eq!(cloud.calls("DeleteStack"), 1);
    }
}

async fn deploy(cloud: &CloudFormation, rule: Rule) -> Result<Deployed> {
    let mut rules = cloud.rules();
    rules.extend([rule, queue(cloud, 0, 0)]);
    let (result, _) = run(&rules, async |session| {
        crate::deploy_template(session, &source(), &mut |_: &Plan| Ok(())).await
    })
    .await;
    result
}

/// CloudFormation would complete the update and leave the load balancer outside the stack.
#[tokio::test(start_paused = true)]
async fn an_update_that_removes_a_protected_load_balancer_is_refused_before_it_runs() {
    for (protection, is_refused) in [("true", true), ("false", false)] {
        let cloud = balanced(protection);
        let removal = FakePlan::Changes(vec![(types::LOAD_BALANCER, ChangeAction::Remove)]);
        cloud.state().plans.push_back(removal);
        let deployed = deploy(&cloud, live(Some(protection))).await;
        assert_eq!(cloud.calls("ExecuteChangeSet"), usize::from(!is_refused));
        if is_refused {
            assert_eq!(cloud.state().change_sets.len(), 0, "nothing left behind");
            insta::assert_snapshot!(told(&deployed.unwrap_err()), @r"
            Refused: the load balancer R0 of shop is protected against deletion
              hint: first deploy with nothing changed but `load_balancer.deletion_protection: false`, then this change
              hint: without a deploy: aws elbv2 modify-load-balancer-attributes --load-balancer-arn physical-R0 --attributes Key=deletion_protection.enabled,Value=false
            ");
        } else {
            deployed.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_recovery_that_deletes_a_protected_load_balancer_is_refused() {
    let cloud = balanced("true");
    cloud.state().stack().status = "DELETE_FAILED".to_owned();
    let refused = deploy(&cloud, live(Some("true"))).await;
    insta::assert_snapshot!(told(&refused.unwrap_err()), @r"
    Refused: the load balancer WebLoadBalancer of shop is protected against deletion
      hint: without a deploy: aws elbv2 modify-load-balancer-attributes --load-balancer-arn arn:aws:elasticloadbalancing:us-west-2:111122223333:loadbalancer/app/web/50dc6c495c0c9188 --attributes Key=deletion_protection.enabled,Value=false
    ");
    assert_eq!(cloud.calls("DeleteStack"), 0);
}
