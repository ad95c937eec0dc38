//! Detects secrets by their name or form.

use std::sync::LazyLock;

use regex_lite::Regex;

/// A name and its value: `NAME: value`, `"name": "value"`, `NAME=value`.
static PAIR: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"([A-Za-z_][A-Za-z0-9_]*)["']?[ \t]*[:=][ \t]*["']?([^\s"',{}\[\]]+)"#).ok()
});

/// Replaces values that look like secrets with the same number of `*` bytes, for texts that are shown.
pub(crate) fn mask(text: &str) -> String {
    let mut shown = text.to_owned();
    let Some(pair) = PAIR.as_ref() else {
        return shown;
    };
    for found in pair.captures_iter(text) {
        let (Some(name), Some(value)) = (found.get(1), found.get(2)) else {
            continue;
        };
        let is_secret = is_secret_name(name.as_str()) && could_be_secret(value.as_str());
        if is_secret || recognize_form(value.as_str()).is_some() {
            shown.replace_range(value.range(), &"*".repeat(value.len()));
        }
    }
    shown
}

/// Whether a value with this name must be hidden.
pub(crate) fn hides(name: &str, value: &str) -> bool {
    recognize_form(value).is_some() || (is_secret_name(name) && could_be_secret(value))
}

/// Why a variable looks like a secret; `None` if it doesn't.
pub(crate) fn recognize(name: &str, value: &str) -> Option<&'static str> {
    recognize_form(value)
        .or_else(|| (is_secret_name(name) && could_be_secret(value)).then_some("by its name"))
        .or_else(|| (is_random(value) && !is_public_name(name)).then_some("its value is random"))
}

/// Recognizes values of a known form.
fn recognize_form(value: &str) -> Option<&'static str> {
    if value.contains("-----BEGIN ") && value.contains("PRIVATE KEY-----") {
        return Some("it contains a private key");
    }
    if has_password(value) {
        return Some("it is a URL with a password");
    }
    if is_json_web_token(value) {
        return Some("it is a JSON web token");
    }
    let form = TOKENS.iter().find(|form| form.matches(value))?;
    Some(form.what)
}

/// A token that starts with its issuer's prefix.
struct Token {
    prefix: &'static str,
    /// Minimum number of characters after the prefix.
    least: usize,
    what: &'static str,
}

const AWS_KEY: &str = "it is an AWS access key ID";
const GITHUB: &str = "it is a GitHub token";
const SLACK: &str = "it is a Slack token";
const STRIPE: &str = "it is a Stripe key";

/// Sources: IAM User Guide, "Understanding unique ID prefixes"; GitHub Docs, "About authentication to GitHub"; the
/// token documentation of GitLab, Slack, Stripe, Google, and npm.
const TOKENS: [Token; 17] = [
    Token::new("AKIA", 16, AWS_KEY),
    Token::new("ASIA", 16, AWS_KEY),
    Token::new("ghp_", 36, GITHUB),
    Token::new("gho_", 36, GITHUB),
    Token::new("ghu_", 36, GITHUB),
    Token::new("ghs_", 36, GITHUB),
    Token::new("ghr_", 36, GITHUB),
    Token::new("github_pat_", 36, GITHUB),
    Token::new("glpat-", 20, "it is a GitLab token"),
    Token::new("xoxb-", 20, SLACK),
    Token::new("xoxp-", 20, SLACK),
    Token::new("xapp-", 20, SLACK),
    Token::new("sk_live_", 16, STRIPE),
    Token::new("rk_live_", 16, STRIPE),
    Token::new("whsec_", 24, STRIPE),
    Token::new("AIza", 35, "it is a Google API key"),
    Token::new("npm_", 36, "it is an npm token"),
];

impl Token {
    const fn new(prefix: &'static str, least: usize, what: &'static str) -> Self {
        Self {
            prefix,
            least,
            what,
        }
    }

    fn matches(&self, value: &str) -> bool {
        let Some(rest) = value.trim().strip_prefix(self.prefix) else {
            return false;
        };
        // An access key ID has exactly this length, and is uppercase.
        let is_key = self.what == AWS_KEY;
        let letters = rest.chars().all(|letter| match is_key {
            true => letter.is_ascii_uppercase() || letter.is_ascii_digit(),
            false => letter.is_ascii_alphanumeric() || "_-".contains(letter),
        });
        letters && rest.len() >= self.least && (!is_key || rest.len() == self.least)
    }
}

/// `scheme://user:password@host`, unless the password is a placeholder.
fn has_password(value: &str) -> bool {
    let Some((scheme, rest)) = value.split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let Some((user, _host)) = authority.rsplit_once('@') else {
        return false;
    };
    let password = user.split_once(':').map_or("", |(_, password)| password);
    let is_placeholder = password.starts_with(['$', '{', '<', '%', '*']);
    !scheme.contains(char::is_whitespace) && !password.is_empty() && !is_placeholder
}

/// Two base64url parts that start like JSON objects, and a signature.
fn is_json_web_token(value: &str) -> bool {
    let parts: Vec<&str> = value.trim().split('.').collect();
    let is_base64 = |part: &&str| {
        let valid = |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter);
        part.len() >= 10 && part.chars().all(valid)
    };
    matches!(parts.as_slice(), [header, claims, _] if header.starts_with("eyJ") && claims.starts_with("eyJ"))
        && parts.iter().all(is_base64)
}

/// Last words of a secret's name, without separators.
const SECRET_WORDS: [&str; 15] = [
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "PASSCODE",
    "PWD",
    "SECRET",
    "TOKEN",
    "APIKEY",
    "ACCESSKEY",
    "SECRETKEY",
    "PRIVATEKEY",
    "SIGNINGKEY",
    "ENCRYPTIONKEY",
    "CREDENTIAL",
    "CREDENTIALS",
];

/// Whether the name ends with the word for a secret: `DB_PASSWORD`, `apiKey`, but not `PASSWORD_FILE` or `MAX_TOKENS`.
fn is_secret_name(name: &str) -> bool {
    let words = name.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '_');
    let joined: String = words
        .chars()
        .filter(|letter| letter.is_ascii_alphanumeric())
        .map(|letter| letter.to_ascii_uppercase())
        .collect();
    // The shell's working directory.
    if joined == "PWD" || joined == "OLDPWD" {
        return false;
    }
    SECRET_WORDS.iter().any(|word| joined.ends_with(word))
}

/// Whether a value is worth hiding: not a setting, number, ARN, path, plain URL, or placeholder.
fn could_be_secret(value: &str) -> bool {
    const SETTINGS: [&str; 14] = [
        "true", "false", "yes", "no", "on", "off", "none", "null", "enabled", "disabled",
        "required", "optional", "auto", "default",
    ];
    let value = value.trim();
    let is_setting = SETTINGS.contains(&value.to_ascii_lowercase().as_str());
    let is_reference = [
        "arn:", "/", "./", "file:", "http://", "https://", "$", "{", "<", "%",
    ]
    .iter()
    .any(|start| value.starts_with(start));
    let is_number = value.chars().all(|letter| letter.is_ascii_digit());
    !is_setting && !is_reference && !is_number
}

/// Names of random values that aren't secrets: hashes, IDs, versions.
fn is_public_name(name: &str) -> bool {
    const WORDS: [&str; 13] = [
        "HASH",
        "SHA",
        "DIGEST",
        "CHECKSUM",
        "COMMIT",
        "REVISION",
        "VERSION",
        "ID",
        "ARN",
        "PUBLIC",
        "CERT",
        "CERTIFICATE",
        "FINGERPRINT",
    ];
    let name = name.to_ascii_uppercase();
    let mut words = name.split(|letter: char| !letter.is_ascii_alphabetic());
    words.any(|word| WORDS.contains(&word))
}

/// Minimum length of a random value in characters, and minimum bits per character. Base64 of 24 random bytes has 32
/// characters and about 4.6 bits; English words with numbers stay below 4.2.
const RANDOM: (usize, f64) = (32, 4.3);
/// The same for hexadecimal digits, which have at most 4 bits.
const RANDOM_HEX: (usize, f64) = (32, 3.2);

/// Whether the value is one long word of random-looking letters and digits.
fn is_random(value: &str) -> bool {
    let value = value.trim();
    let is_hex = value.chars().all(|letter| letter.is_ascii_hexdigit());
    let (least, bits) = if is_hex { RANDOM_HEX } else { RANDOM };
    let valid = |letter: char| letter.is_ascii_alphanumeric() || "+/=_".contains(letter);
    let count = |kind: fn(&char) -> bool| value.chars().filter(kind).count();
    let mixed = [
        count(char::is_ascii_uppercase),
        count(char::is_ascii_lowercase),
        count(char::is_ascii_digit),
    ];
    let is_mixed = mixed.iter().all(|count| *count >= 3) || is_hex;
    let is_path = value.starts_with('/') || value.matches('/').count() > value.len() / 16;
    value.len() >= least
        && value.chars().all(valid)
        && is_mixed
        && !is_path
        && entropy(value) >= bits
}

/// Shannon entropy in bits per character.
fn entropy(value: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in value.bytes() {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let shares = counts.iter().filter(|count| **count > 0);
    shares
        .map(|count| f64::from(*count) / value.len() as f64)
        .map(|share| -share * share.log2())
        .sum()
}

#[cfg(test)]
mod tests;
