//! Resolves the user's credentials before the first request, so that the error names the actual problem.

use std::sync::{Mutex, PoisonError};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_types::os_shim_internal::{Env, Fs};

use crate::error::{Error, Kind, Result, WITHOUT_ACCOUNT, last_causes};

/// The profile that is used, as far as its files define it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Profile {
    name: String,
    /// Whether the user named it. Otherwise it's the default profile.
    is_named: bool,
    /// Whether it sets where its credentials come from.
    has_source: bool,
    signs_in: bool,
}

/// The settings of a profile that specify the source of its credentials. Source: AWS SDKs and Tools Reference
/// Guide, "Settings reference".
const SOURCES: [&str; 7] = [
    "aws_access_key_id",
    "credential_process",
    "credential_source",
    "source_profile",
    "sso_session",
    "sso_start_url",
    "web_identity_token_file",
];

/// Reads the profile of this name, or of AWS_PROFILE, from the shared configuration files.
///
/// # Errors
/// If the files can't be read, or don't define the profile that was named.
pub(crate) async fn read_profile(named: Option<&str>) -> Result<Profile> {
    let variable = std::env::var("AWS_PROFILE")
        .ok()
        .filter(|name| !name.is_empty());
    let named = named.map(str::to_owned).or(variable);
    let name = named.clone().unwrap_or_else(|| "default".to_owned());
    let files = EnvConfigFiles::default();
    let loaded = aws_config::profile::load(&Fs::real(), &Env::real(), &files, None).await;
    let profiles = loaded.map_err(|error| {
        unreachable(format!("failed to read the AWS configuration: {}", last_causes(&error)))
            .hint("correct ~/.aws/config or ~/.aws/credentials (AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE)")
    })?;
    let Some(profile) = profiles.get_profile(&name) else {
        return match named {
            Some(name) => Err(unknown_profile(&name, profiles.profiles())),
            None => Ok(Profile {
                name,
                is_named: false,
                has_source: false,
                signs_in: false,
            }),
        };
    };
    let signs_in = profile
        .get("sso_session")
        .or_else(|| profile.get("sso_start_url"))
        .is_some();
    Ok(Profile {
        name,
        is_named: named.is_some(),
        has_source: SOURCES.iter().any(|key| profile.get(key).is_some()),
        signs_in,
    })
}

fn unknown_profile<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Error {
    let mut known: Vec<&str> = known.collect();
    known.sort_unstable();
    let error = Error::new(Kind::Usage, format!("there is no AWS profile `{name}`"));
    let error = match stack::nearest(name, known.iter().copied()) {
        Some(near) => error.hint(format!(
            "did you mean {near}? Correct --profile or AWS_PROFILE"
        )),
        None => error.hint("correct --profile or AWS_PROFILE"),
    };
    error.hint(match known.as_slice() {
        [] => "the AWS configuration defines no profile: `aws configure` or `aws configure sso`"
            .to_owned(),
        known => format!("profiles: {}", known.join(", ")),
    })
}

/// Resolves the credentials once and keeps them for the first request.
///
/// # Errors
/// If no credentials are found, or if they can't be resolved.
pub(crate) async fn resolve(
    config: &SdkConfig,
    profile: &Profile,
) -> Result<SharedCredentialsProvider> {
    let Some(provider) = config.credentials_provider() else {
        return Err(not_found(profile));
    };
    let first = provider.provide_credentials().await;
    let first = first.map_err(|error| explain(&error, profile))?;
    Ok(SharedCredentialsProvider::new(Resolved {
        first: Mutex::new(Some(first)),
        provider,
    }))
}

/// Credentials that were already resolved, and the provider to call when they expire. Resolving them twice would
/// prompt twice for a code if the profile runs a program that prompts.
#[derive(Debug)]
struct Resolved {
    first: Mutex<Option<Credentials>>,
    provider: SharedCredentialsProvider,
}

impl ProvideCredentials for Resolved {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let first = self
            .first
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match first {
            Some(first) => future::ProvideCredentials::ready(provider::Result::Ok(first)),
            None => self.provider.provide_credentials(),
        }
    }
}

fn explain(error: &CredentialsError, profile: &Profile) -> Error {
    let name = &profile.name;
    let causes = last_causes(error);
    if profile.signs_in || causes.to_lowercase().contains("sso") {
        return unreachable(format!(
            "the SSO session of the profile {name} has expired or was never opened ({causes})"
        ))
        .hint(format!("sign in: `aws sso login --profile {name}`"));
    }
    match error {
        CredentialsError::CredentialsNotLoaded(_) => not_found(profile),
        _ if !profile.has_source && !is_provided() => not_found_on_instance(profile, &causes),
        CredentialsError::ProviderTimedOut(_) => unreachable(format!(
            "the credentials of the profile {name} didn't arrive in time ({causes})"
        ))
        .hint("check the network, and the program or role that the profile names"),
        _ => unreachable(format!("failed to get the credentials of the profile {name}: {causes}"))
            .hint(format!("check the profile {name} in ~/.aws/config and ~/.aws/credentials, or use another --profile")),
    }
}

/// Whether the environment provides credentials, as in a container. Source: AWS SDKs and Tools Reference Guide,
/// "Standardized credential providers".
fn is_provided() -> bool {
    [
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    ]
    .iter()
    .any(|variable| std::env::var_os(variable).is_some())
}

/// The last provider in the chain is the metadata service of an EC2 instance (IMDS). If it responds without
/// credentials, it's no more a source than if it doesn't exist.
fn not_found_on_instance(profile: &Profile, causes: &str) -> Error {
    // The SDK appends the whole response.
    let cause = causes.split(" Response {").next().unwrap_or(causes);
    not_found(profile).hint(format!(
        "if this is an EC2 instance, check its role: the metadata service returned no credentials ({})",
        cause.trim_end_matches('.')
    ))
}

fn not_found(profile: &Profile) -> Error {
    if profile.is_named {
        return unreachable(format!("the profile {} has no credentials", profile.name)).hint(format!(
            "add them: `aws configure --profile {name}` or `aws configure sso --profile {name}`",
            name = profile.name
        ));
    }
    unreachable("no AWS credentials were found".to_owned())
        .hint(
            "use a profile that exists (--profile NAME or AWS_PROFILE; `aws configure list-profiles`), or set \
             AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        )
        .hint(WITHOUT_ACCOUNT)
}

fn unreachable(message: String) -> Error {
    Error::new(Kind::Unreachable, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::told;

    fn profile(is_named: bool, has_source: bool, signs_in: bool) -> Profile {
        Profile {
            name: "prod".to_owned(),
            is_named,
            has_source,
            signs_in,
        }
    }

    #[test]
    fn each_problem_of_credentials_has_one_message_and_a_fix() {
        let none = || CredentialsError::not_loaded("IMDS is disabled");
        let texts = [
            explain(&none(), &profile(false, false, false)),
            explain(&none(), &profile(true, true, false)),
            explain(
                &CredentialsError::provider_error("the SSO token has expired"),
                &profile(true, true, true),
            ),
            explain(
                &CredentialsError::provider_error("exit status: 1"),
                &profile(true, true, false),
            ),
            explain(
                &CredentialsError::provider_timed_out(std::time::Duration::from_secs(5)),
                &profile(true, true, false),
            ),
            explain(
                &CredentialsError::provider_error(
                    "error response from IMDS (code: 403). Response { status: StatusCode(403) }",
                ),
                &profile(false, false, false),
            ),
            unknown_profile("prdo", ["staging", "prod"].into_iter()),
            unknown_profile("x", [].into_iter()),
        ];
        insta::assert_snapshot!(texts.iter().map(told).collect::<Vec<_>>().join("\n"));
    }

    #[tokio::test]
    async fn credentials_are_resolved_once_for_the_first_request() {
        let credentials = |key: &str| Credentials::new(key, "s", None, None, "test");
        let provider = Resolved {
            first: Mutex::new(Some(credentials("first"))),
            provider: SharedCredentialsProvider::new(credentials("next")),
        };
        for key in ["first", "next", "next"] {
            let found = provider.provide_credentials().await.unwrap();
            assert_eq!(found.access_key_id(), key);
        }
    }
}
