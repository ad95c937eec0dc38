//! If more services with `demand` exist than fit into the input of a rule, an object in the assets bucket lists the
//! services for their function.

use e2e::{Bench, Cloud, TestStack};
use scaling::{DemandOrder, FleetDocument};

use crate::fleet::{Fleet, first_count};

const SERVICES: usize = 40;

/// Two messages of ten minutes each that must start within one minute need two tasks. Each service goes from no
/// tasks to two, or to its maximum of one, at the check with which a deploy ends.
#[tokio::test]
async fn services_that_only_an_object_names_are_all_scaled() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "object");
    let fleet = Fleet {
        cloud: &cloud,
        name: &stack.name,
    };
    fleet.build(SERVICES, |_| 0).await;
    let definition = fleet.definition(SERVICES, |number| {
        let most = first_count(number);
        format!(
            "slo: 1m, tasks: {{min: 0, max: {most}}}, scaling: {{demand: {{processing_time: 10m}}}}"
        )
    });
    let _ = stack.deploy(&definition).await.succeeds();
    let found = cloud.resources(&stack.name).await;
    let inputs = cloud.rule_inputs(&found).await;
    let [input] = &*inputs else {
        panic!("{inputs:?}")
    };
    let order: DemandOrder = serde_json::from_str(input).unwrap();
    assert_eq!(order.services, [], "the object has them");
    let object = order.object.unwrap();
    let prefix = format!("fleets/{}/", stack.name);
    assert!(object.key.starts_with(&prefix), "{object:?}");
    let request = cloud.clients.s3.get_object();
    let request = request.bucket(&object.bucket).key(&object.key);
    let body = request.send().await.unwrap().body.collect().await.unwrap();
    let document: FleetDocument = serde_json::from_slice(&body.into_bytes()).unwrap();
    assert_eq!(document.services.len(), SERVICES);
    fleet
        .has_counts(SERVICES, |number| first_count(number).min(2))
        .await;

    // `status` also reads the object, and shows each service with its bounds.
    let status = stack.status().await;
    let services = status["services"].as_array().unwrap();
    let known = |number: usize| {
        let name = fleet.service(number);
        let state = services.iter().find(|one| one["service"] == name).unwrap();
        assert_eq!(state["demand"]["bounds"][1], first_count(number), "{state}");
    };
    (0..SERVICES).for_each(known);
    let destroyed = stack.destroy(&[]).await.succeeds();
    assert_eq!(destroyed["remains"]["left"], serde_json::json!([]));
    fleet.take_away(SERVICES).await;
}
