//! What the definition itself allows the tasks of a service.

use stack::{Permission, PermissionStatement};

use crate::resources::role::Statement;
use crate::text::Text;

/// The statements, and the ARNs of the policies.
pub(super) fn granted(permissions: &[Permission]) -> (Vec<Statement>, Vec<Text>) {
    let (mut statements, mut policies) = (Vec::new(), Vec::new());
    for permission in permissions {
        match permission {
            Permission::Statement(statement) => statements.push(render(statement)),
            Permission::Policy(arn) => policies.push(arn.as_str().into()),
        }
    }
    (statements, policies)
}

fn render(statement: &PermissionStatement) -> Statement {
    let texts = |texts: &[String]| texts.iter().map(|text| text.as_str().into()).collect();
    let conditions = statement.when.iter().flat_map(|(operator, keys)| {
        let keys = keys.iter();
        keys.map(move |(key, values)| (operator, key, values))
    });
    let allowed = Statement::new("", &statement.allow, texts(&statement.on));
    conditions.fold(allowed, |statement, (operator, key, values)| {
        statement.when(operator, key, texts(values))
    })
}
