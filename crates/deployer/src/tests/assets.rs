//! The assets bucket and its content.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::operation::copy_object::CopyObjectOutput;
use aws_sdk_s3::operation::create_bucket::CreateBucketOutput;
use aws_sdk_s3::operation::delete_object::DeleteObjectOutput;
use aws_sdk_s3::operation::get_bucket_lifecycle_configuration::GetBucketLifecycleConfigurationOutput;
use aws_sdk_s3::operation::get_bucket_policy::GetBucketPolicyOutput;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::head_bucket::HeadBucketOutput;
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::operation::put_bucket_encryption::PutBucketEncryptionOutput;
use aws_sdk_s3::operation::put_bucket_lifecycle_configuration::PutBucketLifecycleConfigurationOutput;
use aws_sdk_s3::operation::put_bucket_policy::PutBucketPolicyOutput;
use aws_sdk_s3::operation::put_bucket_versioning::PutBucketVersioningOutput;
use aws_sdk_s3::operation::put_object::PutObjectOutput;
use aws_sdk_s3::operation::put_public_access_block::PutPublicAccessBlockOutput;
use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::{
    ExpirationStatus, LifecycleExpiration, LifecycleRule, LifecycleRuleFilter, Object,
    ObjectVersion,
};
use aws_smithy_mocks::{MockResponse, Rule, mock};

use super::cloud::{Told, run, s3_error};
use super::cloudformation::{CloudFormation, NAME};
use super::told;
use crate::assets::{Bucket, refresh_deployed};
use crate::{Asset, Kind, Result};

const ACCOUNT: &str = "111122223333";
const BUCKET: &str = "ecs-scaler-assets-111122223333-us-west-2";
const DAY: Duration = Duration::from_hours(24);

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + DAY * 20_000
}

#[derive(Default)]
pub(super) struct S3 {
    bucket: bool,
    secured: bool,
    /// Whether every object expires, as in earlier versions.
    expires_all: bool,
    /// Prefixes of the objects that expire.
    expiring: Vec<String>,
    policy: Option<String>,
    /// Region that S3 returns for an existing bucket.
    region: Option<&'static str>,
    /// Age of each object, by key.
    pub objects: BTreeMap<String, Duration>,
    /// The uploads, by key.
    pub bodies: BTreeMap<String, Vec<u8>>,
    pub calls: Vec<String>,
    /// Checksum that S3 returns for every object.
    checksum: Option<&'static str>,
    metadata: Option<HashMap<String, String>>,
    /// Errors for the next calls of an operation.
    refusals: Vec<(&'static str, u16, &'static str)>,
}

pub(super) type Shared = Arc<Mutex<S3>>;

pub(super) fn s3(bucket: bool, secured: bool) -> Shared {
    Arc::new(Mutex::new(S3 {
        bucket,
        secured,
        checksum: Some(CHECKSUM),
        policy: secured.then(String::new),
        ..S3::default()
    }))
}

impl S3 {
    /// The keys with this prefix.
    pub(super) fn list(&self, prefix: &str) -> impl Iterator<Item = String> {
        let keys = self.objects.keys().cloned();
        keys.filter(move |key| key.starts_with(prefix))
    }

    fn call(&mut self, name: &'static str) -> Option<HttpResponse> {
        self.calls.push(name.to_owned());
        let refusal = self.refusals.iter().position(|(to, ..)| *to == name)?;
        let (_, status, code) = self.refusals.remove(refusal);
        Some(s3_error(status, code))
    }
}

pub(super) fn rules(s3: &Shared) -> Vec<Rule> {
    macro_rules! rule {
        ($method:ident, $name:literal, |$s3:ident, $input:ident| $body:expr) => {{
            let shared = Arc::clone(s3);
            mock!(aws_sdk_s3::Client::$method).then_compute_response(move |$input| {
                let $s3 = &mut *shared.lock().unwrap();
                match $s3.call($name) {
                    Some(refusal) => MockResponse::Http(refusal),
                    None => $body,
                }
            })
        }};
    }
    macro_rules! setting {
        ($method:ident, $name:literal, $output:ident) => {
            rule!($method, $name, |s3, input| {
                assert!(s3.bucket);
                assert_eq!(input.expected_bucket_owner(), Some(ACCOUNT));
                MockResponse::Output($output::builder().build())
            })
        };
    }
    vec![
        rule!(get_bucket_lifecycle_configuration, "look", |s3, input| {
            assert_eq!(input.bucket(), Some(BUCKET));
            assert_eq!(input.expected_bucket_owner(), Some(ACCOUNT));
            match (s3.bucket, s3.secured) {
                (false, _) => MockResponse::Http(s3_error(404, "NoSuchBucket")),
                (true, false) => MockResponse::Http(s3_error(404, "NoSuchLifecycleConfiguration")),
                (true, true) => {
                    let rule = LifecycleRule::builder()
                        .status(ExpirationStatus::Enabled)
                        .filter(LifecycleRuleFilter::builder().prefix("").build())
                        .expiration(LifecycleExpiration::builder().days(365).build());
                    let rules = s3.expires_all.then(|| vec![rule.build().unwrap()]);
                    let found = GetBucketLifecycleConfigurationOutput::builder();
                    MockResponse::Output(found.set_rules(rules).build())
                }
            }
        }),
        rule!(head_bucket, "find", |s3, input| {
            assert_eq!(input.bucket(), Some("our-artifacts"));
            assert_eq!(input.expected_bucket_owner(), Some(ACCOUNT));
            let found = HeadBucketOutput::builder();
            let region = s3.region.map(str::to_owned);
            MockResponse::Output(found.set_bucket_region(region).build())
        }),
        rule!(create_bucket, "create", |s3, input| {
            let place = input.create_bucket_configuration().unwrap();
            assert_eq!(place.location_constraint().unwrap().as_str(), "us-west-2");
            s3.bucket = true;
            MockResponse::Output(CreateBucketOutput::builder().build())
        }),
        setting!(
            put_public_access_block,
            "private",
            PutPublicAccessBlockOutput
        ),
        setting!(put_bucket_encryption, "encrypt", PutBucketEncryptionOutput),
        setting!(put_bucket_versioning, "version", PutBucketVersioningOutput),
        rule!(put_bucket_lifecycle_configuration, "expire", |s3, input| {
            let rules = input.lifecycle_configuration().unwrap().rules().iter();
            let expiring = rules.filter(|rule| rule.expiration().is_some());
            let prefix = |rule: &LifecycleRule| rule.filter().unwrap().prefix().unwrap().to_owned();
            s3.expiring = expiring.map(prefix).collect();
            s3.secured = true;
            MockResponse::Output(PutBucketLifecycleConfigurationOutput::builder().build())
        }),
        rule!(get_bucket_policy, "policy", |s3, input| {
            assert_eq!(input.expected_bucket_owner(), Some(ACCOUNT));
            match &s3.policy {
                None => MockResponse::Http(s3_error(404, "NoSuchBucketPolicy")),
                Some(policy) => {
                    let output = GetBucketPolicyOutput::builder().policy(policy);
                    MockResponse::Output(output.build())
                }
            }
        }),
        rule!(put_bucket_policy, "https", |s3, input| {
            assert_eq!(input.expected_bucket_owner(), Some(ACCOUNT));
            s3.policy = input.policy().map(str::to_owned);
            MockResponse::Output(PutBucketPolicyOutput::builder().build())
        }),
        rule!(head_object, "head", |s3, input| {
            match s3.objects.get(input.key().unwrap()) {
                None => MockResponse::Http(HttpResponse::new(404.try_into().unwrap(), "".into())),
                Some(age) => MockResponse::Output(
                    HeadObjectOutput::builder()
                        .content_length(2)
                        .set_checksum_sha256(s3.checksum.map(str::to_owned))
                        .set_metadata(s3.metadata.clone())
                        .last_modified(DateTime::from(now() - *age))
                        .build(),
                ),
            }
        }),
        rule!(list_objects_v2, "list", |s3, input| {
            let keys = s3.list(input.prefix().unwrap());
            let found = keys.map(|key| Object::builder().key(key).build()).collect();
            let output = ListObjectsV2Output::builder().set_contents(Some(found));
            MockResponse::Output(output.build())
        }),
        rule!(list_object_versions, "versions", |s3, input| {
            let version = |key| ObjectVersion::builder().key(key).version_id("v1").build();
            let found = s3.list(input.prefix().unwrap()).map(version).collect();
            let output = ListObjectVersionsOutput::builder().set_versions(Some(found));
            MockResponse::Output(output.build())
        }),
        rule!(get_object, "read", |s3, input| {
            let body = s3.bodies.get(input.key().unwrap()).unwrap().clone();
            MockResponse::Output(GetObjectOutput::builder().body(body.into()).build())
        }),
        rule!(put_object, "upload", |s3, input| {
            assert_eq!(input.expected_bucket_owner(), Some(ACCOUNT));
            let key = input.key().unwrap().to_owned();
            let body = input.body().bytes().unwrap().to_vec();
            s3.bodies.insert(key.clone(), body);
            s3.objects.insert(key, Duration::ZERO);
            MockResponse::Output(PutObjectOutput::builder().version_id("v1").build())
        }),
        rule!(delete_object, "delete", |s3, input| {
            assert_eq!(input.expected_bucket_owner(), Some(ACCOUNT));
            assert_eq!(input.version_id(), Some("v1"));
            s3.objects.remove(input.key().unwrap()).unwrap();
            MockResponse::Output(DeleteObjectOutput::builder().build())
        }),
        rule!(copy_object, "copy", |s3, input| {
            let key = input.key().unwrap();
            let from = input.copy_source().unwrap();
            assert_eq!(from, format!("{}/{key}", input.bucket().unwrap()));
            assert!(s3.objects.contains_key(key));
            s3.objects.insert(key.to_owned(), Duration::ZERO);
            MockResponse::Output(CopyObjectOutput::builder().build())
        }),
    ]
}

/// Returns the bucket for a definition with these lines.
fn bucket(lines: &str) -> Bucket {
    let text = format!("name: shop\nservices: {{web: {{image: 'web:1'}}}}\n{lines}");
    let stack = stack::parse("a.yaml", &text).unwrap().stack;
    Bucket::of(&stack, ACCOUNT, "us-west-2")
}

/// Uploads for a definition with these lines, and returns the bucket's name.
async fn upload_for(s3: &Shared, lines: &str) -> (Result<String>, Told) {
    let bucket = bucket(lines);
    let asset = Asset::template("{}");
    let (result, told) = run(&rules(s3), async |session| {
        crate::assets::upload(session, &bucket, std::slice::from_ref(&asset), now()).await
    })
    .await;
    (result.map(|()| bucket.name), told)
}

async fn upload(s3: &Shared) -> (Result<String>, Told) {
    upload_for(s3, "").await
}

const GIVEN: &str = "assets: {bucket: our-artifacts}\n";

#[tokio::test(start_paused = true)]
async fn a_bucket_of_the_definition_is_used_as_it_is() {
    let s3 = s3(true, false);
    let (result, told) = upload_for(&s3, GIVEN).await;
    assert_eq!(result.unwrap(), "our-artifacts");
    let state = s3.lock().unwrap();
    assert_eq!(state.calls, ["find", "head", "upload"]);
    assert_eq!(state.objects.keys().collect::<Vec<_>>(), [KEY]);
    assert_eq!(told.lines().len(), 1, "the upload alone");
}

/// S3's reply to HEAD has no body, so its status is the only information.
#[tokio::test(start_paused = true)]
async fn a_bucket_of_the_definition_must_be_there_and_near() {
    for (status, part) in [
        (404, "doesn't exist"),
        (301, "is in another region, not in us-west-2"),
        (403, "isn't in account 111122223333, or"),
    ] {
        let s3 = s3(true, false);
        s3.lock().unwrap().refusals.push(("find", status, ""));
        let error = upload_for(&s3, GIVEN).await.0.unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with("the bucket our-artifacts (`assets.bucket`) "),
            "{text}"
        );
        assert!(text.contains(part), "{text}");
        assert_eq!(error.hints().len(), 1);
        assert!(s3.lock().unwrap().objects.is_empty());
    }
    let s3 = s3(true, false);
    s3.lock().unwrap().region = Some("eu-west-1");
    let error = upload_for(&s3, GIVEN).await.0.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("is in eu-west-1, not in us-west-2"),
        "{error}"
    );
}

const KEY: &str = "templates/44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a.json";
/// `printf '{}' | openssl dgst -sha256 -binary | base64`.
const CHECKSUM: &str = "RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=";
const SECURING: [&str; 5] = ["private", "encrypt", "version", "https", "expire"];

#[tokio::test(start_paused = true)]
async fn a_bucket_is_made_and_secured_on_first_use() {
    let s3 = s3(false, false);
    let (result, told) = upload(&s3).await;
    assert_eq!(result.unwrap(), BUCKET);
    let state = s3.lock().unwrap();
    assert_eq!(
        state.calls,
        [
            "look", "create", "private", "encrypt", "version", "https", "expire", "head", "upload"
        ]
    );
    assert_eq!(state.objects.keys().collect::<Vec<_>>(), [KEY]);
    assert!(told.has("creating the assets bucket"));
}

#[tokio::test(start_paused = true)]
async fn what_is_there_costs_three_requests() {
    let s3 = s3(true, true);
    s3.lock().unwrap().objects.insert(KEY.to_owned(), DAY * 89);
    let (result, told) = upload(&s3).await;
    result.unwrap();
    assert_eq!(s3.lock().unwrap().calls, ["look", "policy", "head"]);
    assert_eq!(told.lines(), [""; 0]);
}

/// Functions read their configuration as long as they are deployed.
#[tokio::test(start_paused = true)]
async fn only_code_and_templates_expire() {
    let s3 = s3(true, true);
    s3.lock().unwrap().expires_all = true;
    let (result, told) = upload(&s3).await;
    result.unwrap();
    let state = s3.lock().unwrap();
    assert_eq!(state.calls, ["look", "expire", "policy", "head", "upload"]);
    assert_eq!(state.expiring, ["functions/", "templates/", "drafts/"]);
    assert!(told.has("letting only code and templates expire"));
}

#[tokio::test(start_paused = true)]
async fn what_would_expire_soon_is_written_again() {
    let s3 = s3(true, true);
    s3.lock().unwrap().objects.insert(KEY.to_owned(), DAY * 91);
    upload(&s3).await.0.unwrap();
    let state = s3.lock().unwrap();
    assert_eq!(state.calls, ["look", "policy", "head", "upload"]);
    assert_eq!(state.objects[KEY], Duration::ZERO);
}

/// If a run is interrupted between any two steps, the next run completes the bucket.
#[tokio::test(start_paused = true)]
async fn a_bucket_that_a_killed_run_left_unsecured_is_secured() {
    for step in SECURING {
        let s3 = s3(false, false);
        s3.lock().unwrap().refusals.push((step, 400, "Killed"));
        assert!(upload(&s3).await.0.is_err(), "{step}");
        assert!(
            s3.lock().unwrap().objects.is_empty(),
            "nothing goes into it before"
        );
        s3.lock().unwrap().calls.clear();
        let (result, told) = upload(&s3).await;
        result.unwrap();
        assert_eq!(s3.lock().unwrap().calls[1..6], SECURING, "{step}");
        assert!(told.has("which an earlier run left unfinished"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_bucket_of_an_earlier_version_gets_its_policy_once() {
    let s3 = s3(true, true);
    s3.lock().unwrap().policy = None;
    upload(&s3).await.0.unwrap();
    let policy = s3.lock().unwrap().policy.clone().unwrap();
    let policy: serde_json::Value = serde_json::from_str(&policy).unwrap();
    // From the Amazon S3 User Guide, "Enforcing encryption of data in transit".
    let expected = serde_json::json!([{
        "Sid": "RefusePlainHttp",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [format!("arn:aws:s3:::{BUCKET}"), format!("arn:aws:s3:::{BUCKET}/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }]);
    assert_eq!(policy["Statement"], expected);
    s3.lock().unwrap().calls.clear();
    upload(&s3).await.0.unwrap();
    assert!(!s3.lock().unwrap().calls.contains(&"https".to_owned()));
}

/// A pipeline whose permissions were restricted to uploading continues to work.
#[tokio::test(start_paused = true)]
async fn credentials_that_may_not_set_the_policy_still_deploy() {
    for (step, noted) in [("policy", false), ("https", true)] {
        let s3 = s3(true, true);
        s3.lock().unwrap().policy = None;
        let refusal = (step, 403, "AccessDenied");
        s3.lock().unwrap().refusals.push(refusal);
        let (result, told) = upload(&s3).await;
        result.unwrap();
        assert_eq!(told.has("also accepts plain HTTP"), noted, "{step}");
        assert!(s3.lock().unwrap().objects.contains_key(KEY));
    }
}

#[tokio::test(start_paused = true)]
async fn a_foreign_bucket_is_named_with_what_to_do() {
    for (operation, status, code) in [
        ("look", 403, "AccessDenied"),
        ("look", 301, "PermanentRedirect"),
        ("create", 409, "BucketAlreadyExists"),
    ] {
        let s3 = s3(false, false);
        s3.lock().unwrap().refusals.push((operation, status, code));
        let error = upload(&s3).await.0.unwrap_err();
        assert_eq!(error.kind(), Kind::Unreachable, "{code}");
        let text = told(&error);
        if operation == "look" {
            insta::allow_duplicates! {
                insta::assert_snapshot!(text, @r"
                Unreachable: the assets bucket ecs-scaler-assets-111122223333-us-west-2 is not ours to use: it belongs to another account, or these credentials have no access to it
                  hint: look who owns it: `aws s3api head-bucket --bucket ecs-scaler-assets-111122223333-us-west-2 --region us-west-2`
                  hint: if it is yours: allow s3:GetLifecycleConfiguration, s3:GetObject and s3:PutObject on it
                  hint: if it is not: have its owner delete it, or deploy in another region
                ");
            }
        }
        assert!(text.contains(BUCKET), "{text}");
        assert!(!s3.lock().unwrap().calls.contains(&"upload".to_owned()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_another_run_has_just_made_is_ours() {
    for code in ["BucketAlreadyOwnedByYou", "BucketAlreadyExists"] {
        let shared = s3(false, false);
        let made = Arc::clone(&shared);
        let race = mock!(aws_sdk_s3::Client::create_bucket).then_compute_response(move |_| {
            made.lock().unwrap().bucket = true;
            MockResponse::Http(s3_error(409, code))
        });
        let mut all = vec![race];
        all.extend(rules(&shared));
        let (result, _) = run(&all, async |session| {
            crate::assets::upload(session, &bucket(""), &[Asset::template("{}")], now()).await
        })
        .await;
        result.unwrap();
        assert!(shared.lock().unwrap().secured, "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn two_runs_that_set_the_same_bucket_up_wait_for_each_other() {
    let s3 = s3(false, false);
    let busy = |step| (step, 409, "OperationAborted");
    let refusals = [
        "create", "create", "private", "version", "version", "expire",
    ]
    .map(busy);
    s3.lock().unwrap().refusals.extend(refusals);
    s3.lock()
        .unwrap()
        .refusals
        .push(("private", 404, "NoSuchBucket"));
    upload(&s3).await.0.unwrap();
    assert!(s3.lock().unwrap().secured);
}

#[tokio::test(start_paused = true)]
async fn who_may_not_list_the_bucket_can_still_upload() {
    let s3 = s3(true, true);
    s3.lock().unwrap().refusals.push(("head", 403, "Forbidden"));
    upload(&s3).await.0.unwrap();
    assert!(s3.lock().unwrap().objects.contains_key(KEY));
}

#[tokio::test(start_paused = true)]
async fn a_refused_upload_names_the_object() {
    let s3 = s3(true, true);
    s3.lock()
        .unwrap()
        .refusals
        .push(("upload", 403, "AccessDenied"));
    let error = upload(&s3).await.0.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable);
    let begin = format!("failed to upload {KEY} to {BUCKET}: AccessDenied it is");
    assert!(error.to_string().starts_with(&begin), "{error}");
}

/// Different content under the same key: an incomplete upload by an earlier version, or a manual change of the
/// bucket.
#[tokio::test(start_paused = true)]
async fn an_object_that_is_not_what_its_key_says_is_uploaded_again() {
    let digest = |value: &str| Some(HashMap::from([("sha256".to_owned(), value.to_owned())]));
    let right = &KEY["templates/".len()..KEY.len() - ".json".len()];
    for (checksum, metadata, again) in [
        (Some(CHECKSUM), None, false),
        (
            Some("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
            digest(right),
            true,
        ),
        (None, digest(right), false),
        (None, digest("e3b0"), true),
        (None, None, true),
    ] {
        let s3 = s3(true, true);
        s3.lock().unwrap().objects.insert(KEY.to_owned(), DAY);
        s3.lock().unwrap().checksum = checksum;
        s3.lock().unwrap().metadata = metadata;
        upload(&s3).await.0.unwrap();
        let uploaded = s3.lock().unwrap().calls.contains(&"upload".to_owned());
        assert_eq!(uploaded, again, "{checksum:?}");
    }
}

/// The bucket deletes objects after 365 days without use. The deployed code is copied in time, so a rollback finds it.
#[tokio::test(start_paused = true)]
async fn the_code_of_the_deployed_functions_is_refreshed() {
    let s3 = s3(true, true);
    let old = [("old.zip", DAY * 364), ("new.zip", DAY)];
    let old = old.map(|(key, age)| (key.to_owned(), age));
    s3.lock().unwrap().objects.extend(old);
    let refresh = async |metric: &'static str, scaling: &'static str| {
        let cloud = CloudFormation::with("CREATE_COMPLETE");
        cloud.state().stack().parameters = vec![
            ("AssetsBucket", BUCKET),
            ("MetricFunctionKey", metric),
            ("ScalingFunctionKey", scaling),
        ];
        let mut rules = cloud.rules();
        rules.extend(super::assets::rules(&s3));
        let ran = run(&rules, async |session| {
            let stack = crate::observe_ours(session, NAME).await.unwrap().unwrap();
            refresh_deployed(session, &stack, ACCOUNT, now()).await;
        });
        ran.await.1.lines()
    };
    let lines = refresh("old.zip", "new.zip").await;
    assert_eq!(lines, ["refreshing old.zip, which would expire"]);
    assert_eq!(s3.lock().unwrap().objects["old.zip"], Duration::ZERO);
    assert!(refresh("old.zip", "new.zip").await.is_empty());
    let lines = refresh("gone.zip", "new.zip").await;
    assert!(
        lines[0].contains("can't roll the function back"),
        "{lines:?}"
    );
}
