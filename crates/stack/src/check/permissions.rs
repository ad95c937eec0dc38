//! The permissions of a service's tasks: its own permissions, or existing roles.

use crate::arn::Arn;
use crate::findings::{Finding, Findings};
use crate::model::{Permission, PermissionStatement, ServiceSource, ServiceSpec, Stack};
use crate::path;

/// Source: IAM quotas, "Managed policies attached to an IAM role".
const MOST_POLICIES: usize = 10;

pub(super) fn check(stack: &Stack, findings: &mut Findings) {
    for (key, service) in &stack.services {
        let ServiceSource::Create(spec) = &service.source else {
            continue;
        };
        let service = path::key("services", key);
        let list = format!("{service}.permissions");
        for (index, permission) in spec.permissions.iter().enumerate() {
            if let Some(statement) = permission.statement() {
                check_breadth(&path::item(&list, index), statement, findings);
            }
        }
        check_policies(&list, spec, findings);
        check_task_role(&service, spec, findings);
        check_accounts(&service, stack, spec, findings);
    }
}

/// Anyone who takes over a task has its permissions.
fn check_breadth(path: &str, statement: &PermissionStatement, findings: &mut Findings) {
    let Some(resource) = statement.on.iter().position(|arn| arn == "*") else {
        return;
    };
    let on = path::item(&format!("{path}.on"), resource);
    for (index, action) in statement.allow.iter().enumerate() {
        let at = path::item(&format!("{path}.allow"), index);
        let finding = match action.strip_suffix(":*") {
            _ if action == "*" => Finding::error("this allows every action on every resource")
                .at(at, "every action")
                .at(on.as_str(), "every resource")
                .help("anyone who takes over a task could then take over the account: name the actions that the worker calls, and the ARNs that it calls them on"),
            Some(service) if statement.when.is_empty() => Finding::warning(format!(
                "this allows every action of `{service}` on every resource"
            ))
            .at(at, "every action of the service")
            .at(on.as_str(), "every resource")
            .help("name the actions that the worker calls, the ARNs that it calls them on, or a condition in `when`"),
            _ => continue,
        };
        findings.report(finding);
    }
}

fn check_policies(list: &str, spec: &ServiceSpec, findings: &mut Findings) {
    let policies = spec
        .permissions
        .iter()
        .filter_map(Permission::policy)
        .count();
    if policies > MOST_POLICIES {
        let finding = Finding::error(format!(
            "a role can have at most {MOST_POLICIES} IAM policies"
        ))
        .at_key(list, format!("{policies} of them"))
        .help("write their permissions as statements: `{allow: […], on: […]}`");
        findings.report(finding);
    }
}

/// The stack doesn't change a role that it didn't create.
fn check_task_role(service: &str, spec: &ServiceSpec, findings: &mut Findings) {
    if spec.task_role.is_none() || spec.permissions.is_empty() {
        return;
    }
    let finding = Finding::error("`permissions` can't be combined with `task_role`")
        .at_key(format!("{service}.permissions"), "for the stack's own role")
        .at_key(format!("{service}.task_role"), "an existing role")
        .help("the stack doesn't change an existing role: add the permissions to that role, or remove `task_role`");
    findings.report(finding);
}

/// ECS accepts only roles of the service's own account.
fn check_accounts(service: &str, stack: &Stack, spec: &ServiceSpec, findings: &mut Findings) {
    let roles = [
        ("task_role", &spec.task_role),
        ("execution_role", &spec.execution_role),
    ];
    let policies = spec.permissions.iter().enumerate();
    let policies = policies.filter_map(|(index, permission)| {
        Some((path::item("permissions", index), permission.policy()?))
    });
    let named = roles
        .into_iter()
        .filter_map(|(key, arn)| Some((key.to_owned(), arn.as_deref()?)))
        .chain(policies);
    let Some(account) = stack.account.as_deref() else {
        return;
    };
    for (key, arn) in named {
        let owner = Arn::split(arn).map_or("", |arn| arn.account);
        if owner == account || owner == "aws" {
            continue;
        }
        let what = match key.ends_with("role") {
            true => "role",
            false => "policy",
        };
        let finding = Finding::error(format!("the {what} belongs to another account"))
            .at(format!("{service}.{key}"), format!("account {owner}"))
            .at("account", format!("account {account}"))
            .help(format!(
                "tasks can use only a {what} in their own account: use one in account {account}"
            ));
        findings.report(finding);
    }
}
