//! Statements for pauses: their records, and the schedules that end them or remind of them.

use super::document::Statement;
use super::scope::Scope;
use scaling::pause_path;

/// Reading which services of a stack are paused.
pub(super) fn read(scope: &Scope) -> Statement {
    let path = pause_path(&scope.stack);
    let path = path.trim_end_matches('/');
    let parameters = ["", "/*"].map(|end| scope.arn("ssm", &format!("parameter{path}{end}")));
    Statement::allow("ReadPauses", &["ssm:GetParametersByPath"], parameters)
}

/// Writing and deleting records. A deploy writes the one of a service that it replaced, and `destroy` deletes all.
pub(super) fn record(scope: &Scope) -> Statement {
    Statement::allow("RecordPauses", RECORD, [scope.pauses()])
}

const RECORD: &[&str] = &[
    "ssm:AddTagsToResource",
    "ssm:DeleteParameter",
    "ssm:PutParameter",
];

/// Making and deleting schedules, by the stack's role for them. Nothing if the stack has none.
pub(super) fn schedule(scope: &Scope) -> Vec<Statement> {
    if !scope.schedules_pauses() {
        return Vec::new();
    }
    let passed = Statement::allow(
        "PassPauseRole",
        &["iam:PassRole"],
        [scope.pause_role.clone()],
    );
    vec![
        Statement::allow("SchedulePauses", SCHEDULE, [scope.schedules()]),
        passed.when(
            "StringEquals",
            "iam:PassedToService",
            "scheduler.amazonaws.com",
        ),
    ]
}

const SCHEDULE: &[&str] = &[
    "scheduler:CreateSchedule",
    "scheduler:DeleteSchedule",
    "scheduler:UpdateSchedule",
];
