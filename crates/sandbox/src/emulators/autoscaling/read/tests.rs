use super::*;
use crate::emulators::golden::Exchange;
use scaling::Comparison;

#[test]
fn an_arn_passes_a_query() {
    assert_eq!(
        encode_query("arn:aws:cloudwatch:us-east-1:000000000000:alarm:a b/c&d=é%"),
        "arn%3Aaws%3Acloudwatch%3Aus-east-1%3A000000000000%3Aalarm%3Aa%20b%2Fc%26d%3D%C3%A9%25"
    );
}

#[test]
fn a_resource_id_names_cluster_and_service() {
    assert_eq!(
        split_resource_id("service/voucher/worker"),
        Some(("voucher", "worker"))
    );
    assert_eq!(split_resource_id("table/voucher"), None);
    assert_eq!(split_resource_id("service/voucher"), None);
}

/// `scaling.json`, which the plugin's tests check from its side.
#[tokio::test]
async fn reads_where_targets_are_registered() {
    let exchange = Exchange::serve("scaling");
    let found = read_registrations(&exchange.plugin).await.unwrap();
    let expected = |region: &str, targets: &[&str]| Registered {
        account: "111122223333".into(),
        region: region.into(),
        targets: targets.iter().map(|id| (*id).to_owned()).collect(),
    };
    let expected = [
        expected("eu-west-3", &["service/voucher/a", "service/voucher/b"]),
        expected("us-east-1", &["service/voucher/a"]),
    ];
    assert_eq!(found, expected);
    exchange.check();
}

/// `datapoints.json`, which the plugin's tests check from its side.
#[tokio::test]
async fn reads_the_latest_datapoints() {
    let exchange = Exchange::serve("datapoints");
    let mut alarms = ["a/b c", "missing", "unknown"].map(|name| Alarm {
        arn: format!("arn:aws:cloudwatch:eu-west-3:111122223333:alarm:{name}"),
        name: name.into(),
        comparison: Comparison::Above,
        threshold: 0.0,
        since: Duration::ZERO,
        policies: Vec::new(),
        value: None,
    });
    read_values(&exchange.plugin, alarms.iter_mut().collect())
        .await
        .unwrap();
    assert_eq!(alarms.map(|alarm| alarm.value), [Some(1.5), None, None]);
    exchange.check();
}
