//! IAM policies for the identities that deploy a stack, for CloudFormation's role, and the boundary of the stack's
//! own roles. The documentation and the command `permissions` print them; tests simulate them.

mod adopt;
mod calls;
mod document;
mod handlers;
mod network;
mod operate;
mod pauses;
mod reference;
mod resources;
mod roles;
mod scope;
mod services;

use std::collections::BTreeMap;

use serde_json::Value;
use stack::Stack;

use crate::error::SynthesisError;
use crate::synthesize;
use document::Statement;
pub use reference::{format_document, reference};
use scope::Scope;

/// Policies for a stack. Each document fits into an IAM managed policy.
#[derive(Clone, Debug)]
pub struct Permissions {
    /// For identities that run `status`, `history`, and `diff`.
    pub read: Vec<Value>,
    /// For identities that operate a deployed stack, in addition to `read`.
    pub operate: Vec<Value>,
    /// For identities that deploy with their own permissions, which CloudFormation then also uses.
    pub deploy: Vec<Value>,
    /// For identities that deploy with `--role-arn`.
    pub deploy_with_role: Vec<Value>,
    /// For identities that repair manual changes, in addition.
    pub repair: Vec<Value>,
    /// The role that `--role-arn` names.
    pub role: Vec<Value>,
    /// The boundary of the stack's own roles.
    pub boundary: Vec<Value>,
    /// For identities that run `init --from`.
    pub adopt: Vec<Value>,
    /// For identities that run `import resources`, in addition to `deploy`.
    pub import: Vec<Value>,
}

/// One of the policies, with its name and purpose.
#[derive(Clone, Copy, Debug)]
pub struct Policy<'a> {
    /// Its name in the output of `permissions`.
    pub name: &'static str,
    /// The identities that need it.
    pub purpose: &'static str,
    /// The documents, each a managed policy.
    pub documents: &'a [Value],
}

impl Permissions {
    /// The policies for the stacks of any definition, with placeholders in capital letters.
    #[must_use]
    pub fn of_any() -> Self {
        list(&Scope::any())
    }

    /// The policies for one definition. If it sets no region or account, they contain placeholders.
    ///
    /// # Errors
    /// If the definition has no template.
    pub fn of(stack: &Stack) -> Result<Self, SynthesisError> {
        let template = synthesize(stack)?;
        Ok(list(&Scope::of(stack, &template)))
    }

    /// The policies in display order.
    #[must_use]
    pub fn policies(&self) -> [Policy<'_>; 9] {
        let policy = |name, purpose, documents| Policy {
            name,
            purpose,
            documents,
        };
        [
            policy(
                "read",
                "For `status`, `history`, `diff`, and trying ecs-scaler out: reads a stack, and plans.",
                &self.read,
            ),
            policy(
                "operate",
                "In addition to `read`, for `dead-letters`, `logs`, `pause`, `resume`, `scale`, `exec`, and `list`.",
                &self.operate,
            ),
            policy(
                "deploy",
                "For `deploy` and `destroy` with your own permissions. CloudFormation also uses them.",
                &self.deploy,
            ),
            policy(
                "deploy_with_role",
                "For `deploy` and `destroy` with `--role-arn`: your own, smaller policy.",
                &self.deploy_with_role,
            ),
            policy(
                "repair",
                "In addition, for a `deploy` that repairs manual changes: ecs-scaler makes these calls itself.",
                &self.repair,
            ),
            policy(
                "cloudformation_role",
                "For the role that `--role-arn` names. CloudFormation (`cloudformation.amazonaws.com`) must be able to assume it.",
                &self.role,
            ),
            policy(
                "boundary",
                "The permissions boundary of the stack's own roles, for `roles.boundary`.",
                &self.boundary,
            ),
            policy(
                "adopt",
                "For `init --from`: reads a running service, its task role, its queues, and their metrics.",
                &self.adopt,
            ),
            policy(
                "import",
                "In addition to `deploy`, for `import resources`: takes services and queues that exist over into a stack, and gives them back.",
                &self.import,
            ),
        ]
    }
}

/// Actions that CloudFormation needs for each resource type.
#[must_use]
pub fn list_handler_actions() -> BTreeMap<&'static str, &'static [&'static str]> {
    handlers::HANDLERS.iter().copied().collect()
}

fn list(scope: &Scope) -> Permissions {
    let by_hand = || {
        [
            calls::read(scope),
            calls::plan(scope),
            calls::execute(scope),
        ]
        .concat()
    };
    let made = made(scope);
    let by_caller =
        made.clone()
            .into_iter()
            .map(|statement| match statement.is_asked_by_others() {
                true => statement,
                false => statement.by_cloudformation(),
            });
    let held = scope.holds_scaling.then(|| services::hold_scaling(scope));
    let paused = pauses::record(scope);
    let paused: Vec<Statement> = [paused]
        .into_iter()
        .chain(pauses::schedule(scope))
        .collect();
    let by_hand = || [by_hand(), held.iter().cloned().collect(), paused.clone()].concat();
    let with_role = [by_hand(), vec![pass_role(scope), roles::link(scope)]].concat();
    let needed = calls::REPAIR.iter().copied().collect();
    let repair = made.clone().into_iter();
    let repair = repair.filter_map(|statement| statement.narrowed(&needed));
    Permissions {
        read: document::pack([calls::read(scope), calls::plan(scope)].concat()),
        operate: document::pack(operate::operate(scope)),
        deploy: document::pack(by_hand().into_iter().chain(by_caller).collect()),
        deploy_with_role: document::pack(with_role),
        repair: document::pack(repair.collect()),
        role: document::pack(made),
        boundary: document::pack(roles::bound(scope)),
        adopt: document::pack(adopt::read(scope)),
        import: document::pack(calls::import(scope)),
    }
}

/// The permissions that CloudFormation needs, limited to the scope's resource types.
fn made(scope: &Scope) -> Vec<Statement> {
    let all = [
        roles::make(scope),
        resources::functions(scope),
        resources::queues(scope),
        services::services(scope),
        network::network(scope),
        network::balancers(scope),
        services::instances(scope),
    ];
    let narrowed = all.concat().into_iter();
    narrowed
        .filter_map(|statement| statement.narrowed(&scope.handlers))
        .chain(network::connect_functions(scope))
        .chain(services::connect_clients(scope))
        .collect()
}

/// Passes the role to CloudFormation, and to no other service.
fn pass_role(scope: &Scope) -> Statement {
    let role = scope.global("iam", "role/CLOUDFORMATION_ROLE");
    Statement::allow("PassRole", &["iam:PassRole"], [role]).when(
        "StringEquals",
        "iam:PassedToService",
        "cloudformation.amazonaws.com",
    )
}
