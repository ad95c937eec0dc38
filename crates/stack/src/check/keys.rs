//! Whether AWS can use the definition's KMS keys.

use crate::findings::{Finding, Findings};
use crate::model::Stack;

pub(super) fn check(stack: &Stack, findings: &mut Findings) {
    if stack.key.is_some() {
        let finding = Finding::warning("alarms and logs stop without a sound if the key doesn't let AWS use it")
            .at("encryption", "this key")
            .help("its policy has to let `cloudwatch.amazonaws.com` and `sns.amazonaws.com` use `kms:Decrypt` and `kms:GenerateDataKey*`, and `logs.REGION.amazonaws.com` also `kms:Encrypt`, `kms:ReEncrypt*` and `kms:Describe*`; docs/permissions.md has the statements");
        findings.report(finding);
    }
}
