//! Values that count as secrets, and values that don't.

use super::*;

/// The AWS, GitHub, and JWT examples come from the issuers' documentation and aren't secrets. They are split here,
/// so that scanners of this repository don't find them.
#[test]
fn secrets_are_recognized() {
    let by_form = [
        ("A", format!("AKIA{}", "IOSFODNN7EXAMPLE"), AWS_KEY),
        (
            "A",
            format!("ghp_{}", "16C7e42F292c6912E7710c838347Ae178B4a"),
            GITHUB,
        ),
        (
            "A",
            format!("github_pat_{}", "11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz0123"),
            GITHUB,
        ),
        (
            "A",
            format!("sk_live_{}", "4eC39HqLyjWDarjtT1zdp7dc"),
            STRIPE,
        ),
        (
            "A",
            format!(
                "eyJ{}.eyJ{}.SflKxwRJSMeKKF2QT4fw",
                "hbGciOiJIUzI1NiJ9", "zdWIiOiIxMjM0NTY3ODkwIn0"
            ),
            "it is a JSON web token",
        ),
        (
            "A",
            format!("-----BEGIN {} KEY-----\nMIIE", "RSA PRIVATE"),
            "it contains a private key",
        ),
        (
            "DATABASE",
            "postgres://app:hunter2@db.example.com:5432/app".into(),
            "it is a URL with a password",
        ),
        (
            "DATABASE",
            "amqps://app:p@ss@mq.example.com".into(),
            "it is a URL with a password",
        ),
        (
            "SEED",
            "kH3vQ9zT1bXw7LmN4pRs8YdFg2JcEaUo".into(),
            "its value is random",
        ),
        (
            "SEED",
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into(),
            "its value is random",
        ),
    ];
    for (name, value, reason) in by_form {
        assert_eq!(recognize(name, &value), Some(reason), "{value}");
    }
    let names = [
        "PASSWORD",
        "DB_PASSWORD",
        "DB_PASSWORD_2",
        "dbPassword",
        "POSTGRES_PWD",
        "API_KEY",
        "apiKey",
        "AUTH_TOKEN",
        "CLIENT_SECRET",
        "AWS_SECRET_ACCESS_KEY",
        "SIGNING_KEY",
        "SMTP_CREDENTIALS",
    ];
    for name in names {
        assert_eq!(recognize(name, "hunter2!"), Some("by its name"), "{name}");
    }
}

#[test]
fn settings_are_no_secrets() {
    let fine = [
        ("PASSWORD_FILE", "/run/secrets/db"),
        ("DB_PASSWORD", "/run/secrets/db"),
        ("REQUIRE_PASSWORD", "true"),
        ("MAX_TOKENS", "4096"),
        ("CSRF_TOKEN", "enabled"),
        ("TOKEN_URL", "https://auth.example.com/token"),
        (
            "CLIENT_SECRET",
            "arn:aws:secretsmanager:eu-west-1:111122223333:secret:x-AbCdEf",
        ),
        ("DB_PASSWORD", ""),
        ("DB_PASSWORD", "${DB_PASSWORD}"),
        ("SECRET_NAME", "prod/database"),
        ("PARTITION_KEY", "customer"),
        ("SORT_KEY", "createdAt"),
        ("PUBLIC_KEY", "ssh-ed25519"),
        ("PWD", "/srv/app"),
        ("TOKENIZER", "cl100k_base"),
        ("DATABASE_URL", "postgres://app@db.example.com/app"),
        (
            "DATABASE_URL",
            "postgres://app:${PASSWORD}@db.example.com/app",
        ),
        ("PROXY", "http://proxy.example.com:3128/a:b@c"),
        ("EMAIL", "mailto:ops@example.com"),
        ("GIT_COMMIT", "af625fe0d1c2b3a4958677685940312233445566"),
        (
            "IMAGE_DIGEST",
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        ),
        ("TRACE_ID", "4bf92f3577b34da6a3ce929d0e0e4736"),
        ("CLUSTER", "voucher-worker-Cluster-Fz7gYbZ0R7aL"),
        ("CLASS", "com.example.vouchers.VoucherWorkerConfiguration2"),
        (
            "QUEUE",
            "https://sqs.us-west-2.amazonaws.com/111122223333/vouchers-0a1b2c3d",
        ),
        (
            "PATH",
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ),
        ("MODEL", "anthropic/claude_instant_v1_100k_tokens"),
        ("ALPHABET", "abcdefghijklmnopqrstuvwxyz0123456789"),
        ("ZEROS", "00000000000000000000000000000000"),
        ("UUID", "123e4567-e89b-12d3-a456-426614174000"),
        ("GREETING", "AKIA is no key, and ghp_ is no token"),
        ("FEATURES", "newCheckout2,fastVouchers3,darkMode1"),
    ];
    for (name, value) in fine {
        assert_eq!(recognize(name, value), None, "{name}={value}");
    }
}

#[test]
fn a_snippet_shows_no_secret() {
    let text = "environment:\n  DB_PASSWORD: hunter2SECRET\n  MODE: fast\n  {\"API_KEY\": \"abc-def\", LEVEL: info}\n";
    let shown = "environment:\n  DB_PASSWORD: *************\n  MODE: fast\n  {\"API_KEY\": \"*******\", LEVEL: info}\n";
    assert_eq!(mask(text), shown);
    // AWS's documentation uses this key ID as an example.
    let key = format!("note: AKIA{}", "IOSFODNN7EXAMPLE");
    assert_eq!(mask(&key), "note: ********************");
    let plain =
        "secrets: {DB_PASSWORD: \"arn:aws:ssm:eu-west-1:111122223333:parameter/db\"}\nport: 80\n";
    assert_eq!(mask(plain), plain);
}
