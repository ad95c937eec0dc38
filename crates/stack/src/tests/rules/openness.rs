//! The clients of a load balancer, and the TLS versions that they can use.

use super::capacity::{BALANCER, balanced, balanced_by};
use crate::tests::{line, problems};

#[test]
fn who_gets_into_a_load_balancer() {
    let certificate = "certificate: 'arn:aws:acm:us-west-2:111122223333:certificate/1a2b'";
    let check = |keys: &str, expected: &str| {
        let found = problems(&balanced_by(&format!("{{{certificate}, {keys}}}"), ""));
        assert_eq!(line(&found[0]), expected);
    };
    let fine = |keys: &str| {
        let text = balanced_by(&format!("{{{certificate}, {keys}}}"), "");
        assert!(problems(&text).is_empty(), "{text}");
    };
    fine(
        "redirect_http: true, tls_policy: ELBSecurityPolicy-TLS13-1-2-2021-06, access_logs: our-logs",
    );
    fine(
        "allow_from: [10.0.0.0/8, 192.0.2.0/24, 0.0.0.0/0, 192.0.2.7/32], deletion_protection: true",
    );
    check(
        "redirect_http: true, listener: 80",
        &format!("error 12:104 {BALANCER}.redirect_http: port 80 can't both serve and redirect"),
    );
    check(
        "allow_from: [10.0.0.0/8, 192.0.2.7/24]",
        &format!(
            "error 12:114 {BALANCER}.allow_from[1]: the address isn't the first one of its block"
        ),
    );
    check(
        "allow_from: [10.0.0.256/8]",
        &format!(
            "error 12:102 {BALANCER}.allow_from[0]: `10.0.0.256/8` isn't a block of IPv4 addresses"
        ),
    );
    check(
        "allow_from: [0.0.0.0/33]",
        &format!(
            "error 12:102 {BALANCER}.allow_from[0]: `0.0.0.0/33` isn't a block of IPv4 addresses"
        ),
    );
    let plain = balanced("{redirect_http: true}", "");
    let found: Vec<String> = problems(&plain).iter().map(line).collect();
    assert!(found[0].contains("redirect_http"), "{found:?}");
}

/// Elastic Load Balancing, "Security policies for your Application Load Balancer": the tables of protocols by policy.
#[test]
fn policies_with_tls_before_1_2() {
    let certificate = "certificate: 'arn:aws:acm:us-west-2:111122223333:certificate/1a2b'";
    let found = |policy: &str| {
        let keys = format!("{{{certificate}, tls_policy: ELBSecurityPolicy-{policy}}}");
        let found = problems(&balanced_by(&keys, ""));
        found.iter().map(line).collect::<Vec<_>>()
    };
    let old = [
        "2015-05",
        "2016-08",
        "TLS-1-0-2015-04",
        "TLS-1-1-2017-01",
        "FS-2018-06",
        "FS-1-1-2019-08",
        "TLS13-1-0-2021-06",
        "TLS13-1-1-2021-06",
        "TLS13-1-0-FIPS-PQ-2025-09",
    ];
    for policy in old {
        assert_eq!(
            found(policy),
            [format!(
                "warning 12:101 {BALANCER}.tls_policy: the policy lets clients use TLS 1.0 or 1.1"
            )],
            "{policy}"
        );
    }
    let new = [
        "TLS-1-2-2017-01",
        "TLS-1-2-Ext-2018-06",
        "FS-1-2-2019-08",
        "FS-1-2-Res-2020-10",
        "TLS13-1-2-Ext2-2021-06",
        "TLS13-1-2-RFC9151-FIPS-2023-07",
        "TLS13-1-3-FIPS-2023-04",
        "TLS13-1-3-PQ-2025-09",
    ];
    for policy in new {
        assert_eq!(found(policy), [""; 0], "{policy}");
    }
}

#[test]
fn plain_http_for_a_few_addresses_is_not_open_to_everyone() {
    let found = |keys: &str| problems(&balanced_by(&format!("{{{keys}}}"), "")).len();
    assert_eq!(found("allow_from: [192.0.2.0/24]"), 0);
    assert_eq!(found("allow_from: [192.0.2.0/24, 0.0.0.0/0]"), 1);
}
