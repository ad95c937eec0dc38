//! KMS keys, and what of AWS has to be let use them.

use crate::findings::{Finding, Findings};
use crate::model::Stack;

pub(super) fn check(stack: &Stack, findings: &mut Findings) {
    let (old, new) = ("permissions_boundary", "roles.boundary");
    if findings.is_given(old) && findings.is_given(new) {
        let finding = Finding::error("the boundary of the roles is given twice")
            .at(old, "by its older name")
            .at(new, "and here")
            .help(format!("remove `{old}`: it means the same"));
        findings.report(finding);
    }
    if stack.key.is_some() {
        let finding = Finding::warning("alarms and logs stop without a sound if the key doesn't let AWS use it")
            .at("encryption", "this key")
            .help("its policy has to let `cloudwatch.amazonaws.com` and `sns.amazonaws.com` use `kms:Decrypt` and `kms:GenerateDataKey*`, and `logs.REGION.amazonaws.com` also `kms:Encrypt`, `kms:ReEncrypt*` and `kms:Describe*`; docs/permissions.md has the statements");
        findings.report(finding);
    }
}
