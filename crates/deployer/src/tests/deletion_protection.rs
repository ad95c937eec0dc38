//! `destroy` with a load balancer that is protected against deletion.

use aws_sdk_cloudcontrol::operation::get_resource::GetResourceOutput;
use aws_sdk_cloudcontrol::types::ResourceDescription;
use aws_smithy_mocks::{MockResponse, Rule, mock};
use serde_json::{Value, json};
use template::contract::types;

use super::cloud::json_error;
use super::cloudformation::CloudFormation;
use super::destroy::{destroy, queue, shop};
use super::told;

const ARN: &str =
    "arn:aws:elasticloadbalancing:us-west-2:111122223333:loadbalancer/app/web/50dc6c495c0c9188";

fn attributes(protection: &str) -> Value {
    json!([{ "Key": "deletion_protection.enabled", "Value": protection }])
}

/// A shop whose template sets the protection so.
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

/// Cloud Control, which returns the load balancer with this protection; `None` if it can't be asked.
fn live(protection: Option<&'static str>) -> Rule {
    mock!(aws_sdk_cloudcontrol::Client::get_resource).then_compute_response(move |input| {
        assert_eq!(input.identifier(), Some(ARN));
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
              hint: if it was turned on by hand: aws elbv2 modify-load-balancer-attributes --load-balancer-arn arn:aws:elasticloadbalancing:us-west-2:111122223333:loadbalancer/app/web/50dc6c495c0c9188 --attributes Key=deletion_protection.enabled,Value=false
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
