//! The records of deploys in the assets bucket.

use std::time::Duration;

use stack::parse;

use super::assets::{rules, s3};
use super::cloud::run;
use crate::assets::Bucket;
use crate::deploys::{GoodDeploy, forget, keep_record};
use crate::observe::Observed;
use crate::preflight::Identity;
use crate::status::Status;

const ID: &str = "arn:aws:cloudformation:us-west-2:111122223333:stack/shop/0a1b";

fn observed() -> Observed {
    Observed {
        id: ID.to_owned(),
        status: Status::Ready { rolled_back: false },
        status_name: "UPDATE_COMPLETE".to_owned(),
        reason: None,
        termination_protection: false,
        name: "shop".to_owned(),
        tags: [].into(),
        parameters: [(
            "AssetsBucket".to_owned(),
            "ecs-scaler-assets-111122223333-us-west-2".to_owned(),
        )]
        .into(),
        outputs: [].into(),
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_ten_deploys_are_kept_and_a_deleted_stack_leaves_none() {
    let s3 = s3(true, true);
    let theirs = "deploys/shop-2/9f/2026-11-30T120000Z-00.json";
    for key in [theirs, "deploys/shop/deleted/1.json", "fleets/shop/1.json"] {
        let mut state = s3.lock().unwrap();
        state.objects.insert(key.to_owned(), Duration::ZERO);
    }
    let definition = parse("a.yaml", "name: shop\nservices: {web: {image: 'web:1'}}\n");
    let bucket = Bucket::of(&definition.unwrap().stack, "111122223333", "us-west-2");
    let identity = Identity {
        account: "111122223333".to_owned(),
        caller: "arn:aws:iam::111122223333:user/ana".to_owned(),
        region: "us-west-2".to_owned(),
    };
    let stack = observed();
    let (_, told) = run(&rules(&s3), async |session| {
        for hour in 0..12_u64 {
            let template = format!("{{\"Hour\":{hour}}}");
            // The second time nothing has changed.
            for _ in 0..2 {
                let good = GoodDeploy {
                    identity: &identity,
                    stack: &stack,
                    resources: &[],
                    template: Some(&template),
                    changed: false,
                    rolled_back_to: None,
                    at: Duration::from_hours(hour),
                };
                keep_record(session, &bucket, &good).await;
            }
        }
    })
    .await;
    assert!(!told.has("won't know"), "{:?}", told.lines());
    let keys: Vec<String> = s3.lock().unwrap().list("deploys/shop/").collect();
    assert_eq!(keys.len(), 10, "{keys:?}");
    assert!(
        keys[0].starts_with("deploys/shop/0a1b/1970-01-01T020000Z-"),
        "{keys:?}"
    );
    // A live stack of the same name.
    let live = "deploys/shop/2c3d/1970-01-01T130000Z-00.json";
    s3.lock()
        .unwrap()
        .objects
        .insert(live.to_owned(), Duration::ZERO);
    for (is_name_taken, expected) in [
        (true, vec![theirs, live, "fleets/shop/1.json"]),
        (false, vec![theirs]),
    ] {
        let _ = run(&rules(&s3), async |session| {
            forget(session, &stack, is_name_taken).await;
        })
        .await;
        let left: Vec<String> = s3.lock().unwrap().list("").collect();
        assert_eq!(left, expected);
    }
}
