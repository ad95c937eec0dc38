//! The permissions that the definition itself grants a service's tasks.

use stack::{Permission, PermissionStatement};

use crate::resources::role::Statement;
use crate::text::Text;

/// The statements, and the ARNs of the policies.
pub(super) fn granted(permissions: &[Permission]) -> (Vec<Statement>, Vec<Text>) {
    let statements = permissions.iter().filter_map(Permission::statement);
    let policies = permissions.iter().filter_map(Permission::policy);
    (
        statements.map(render).collect(),
        policies.map(Text::from).collect(),
    )
}

fn render(statement: &PermissionStatement) -> Statement {
    let texts = |texts: &[String]| texts.iter().map(|text| text.as_str().into()).collect();
    let allowed = Statement::new("", &statement.allow, texts(&statement.on));
    statement
        .conditions()
        .fold(allowed, |allowed, (operator, key, values)| {
            allowed.when(operator, key, texts(values))
        })
}
