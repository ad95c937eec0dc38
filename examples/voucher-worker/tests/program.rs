//! The program as a process. These tests also make cargo build the program, so that the end-to-end tests
//! find it.

use std::process::Command;

#[test]
fn a_bad_configuration_is_said_in_full_and_ends_with_code_2() {
    let output = Command::new(env!("CARGO_BIN_EXE_voucher-worker"))
        .env_clear()
        .envs([("CONCURRENCY", "none"), ("WORK_TIME", "x")])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(output.stdout, b"");
    let said = String::from_utf8(output.stderr).unwrap();
    let expected = "voucher-worker: the configuration is invalid\n  \
        QUEUE_URL is not set: expected the URL of a queue, in it or in QUEUE_URL_NAME for each of several\n  \
        CONCURRENCY is \"none\": expected a whole number from 1 to 1000\n  \
        WORK_TIME is \"x\": expected a duration such as 100ms, or exponential:100ms for its mean\n";
    assert_eq!(said, expected);
}
