//! What all scaling functions share: the function with its log group and policy, its role, and its permission
//! to scale its service.

use serde_json::{Map, Value, json};
use stack::Stack;

use crate::builder::{Builder, Resource};
use crate::contract::types;
use crate::error::SynthesisError;
use crate::parameters::PARAMETER_SCALING_FUNCTION_KEY;
use crate::resolved::ResolvedService;
use crate::resources::lambda::{self, Function};
use crate::resources::log_group::{add_log_group, write_logs};
use crate::resources::role::{Role, Statement};
use crate::text::{Text, reference};
use crate::{limits, names};

/// The condition that calls of a scaling function come one after the other.
pub(crate) const SERIALIZED: &str = "ScalingIsSerialized";

/// What a request to scale never has: each of these would change more than the count. A network can't be
/// given without subnets.
/// Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon Elastic
/// Container Service", `UpdateService`.
const NEVER_GIVEN: [&str; 4] = [
    "ecs:task-definition",
    "ecs:capacity-provider",
    "ecs:subnet",
    "ecs:namespace",
];

/// What a request to scale may turn off only. Whether ECS evaluates the policy with the default of an absent
/// setting isn't documented, so both are allowed.
const NEVER_ON: [&str; 4] = [
    "ecs:enable-execute-command",
    "ecs:enable-service-connect",
    "ecs:enable-vpc-lattice",
    "ecs:enable-ebs-volumes",
];

/// Reading and scaling this one service, and writing the log. Nothing else of the service can be changed that
/// IAM has a condition for.
pub(crate) fn scale_service(service: &ResolvedService<'_>) -> Vec<Statement> {
    let ours = || vec![service.arn.clone()];
    let mut scale = Statement::new("SetDesiredCount", &["ecs:UpdateService"], ours());
    for key in NEVER_GIVEN {
        scale = scale.when("Null", key, vec!["true".into()]);
    }
    for key in NEVER_ON {
        scale = scale.when("StringEqualsIfExists", key, vec!["false".into()]);
    }
    vec![
        write_logs(&names::scaling_function_logs(service.short)),
        Statement::new("ReadService", &["ecs:DescribeServices"], ours()),
        scale,
    ]
}

pub(crate) fn add_role(
    builder: &mut Builder,
    stack: &Stack,
    service: &ResolvedService<'_>,
    statements: Vec<Statement>,
) -> Result<(), SynthesisError> {
    let role = Role {
        id: names::scaling_function_role(service.short),
        description: format!(
            "What the scaling function of service {} may do",
            service.short
        ),
        principal: "lambda.amazonaws.com",
        trust: Vec::new(),
        statements,
        managed: Vec::new(),
    };
    role.add(builder, stack)
}

/// What the two sorts of scaling functions have in different ways.
pub(crate) struct Setup {
    pub(crate) description: String,
    /// Name and value of the variable with the policy.
    pub(crate) policy: (&'static str, Value),
    /// ARN of the queue for what the function fails on.
    pub(crate) dead_letters: Option<Value>,
    /// Longest run, in seconds.
    pub(crate) timeout: u64,
    /// Retries of an asynchronous call that failed, and its age in seconds at which it is given up.
    pub(crate) retries: (u32, u64),
}

impl Setup {
    /// The function of a service, its log group, and how it is invoked asynchronously.
    pub(crate) fn add(
        self,
        builder: &mut Builder,
        stack: &Stack,
        service: &ResolvedService<'_>,
    ) -> Result<(), SynthesisError> {
        let short = service.short;
        let (role, logs) = (
            names::scaling_function_role(short),
            names::scaling_function_logs(short),
        );
        add_log_group(builder, stack, &logs)?;
        let function = Function {
            description: &self.description,
            key: PARAMETER_SCALING_FUNCTION_KEY,
            role: &role,
            logs: &logs,
            timeout: self.timeout,
        };
        let mut properties = function.properties(stack);
        let mut variables = Map::new();
        variables.insert(self.policy.0.into(), self.policy.1);
        properties.insert("Environment".into(), json!({ "Variables": variables }));
        if let Some(queue) = self.dead_letters {
            properties.insert("DeadLetterConfig".into(), json!({ "TargetArn": queue }));
        }
        properties.insert(
            "ReservedConcurrentExecutions".into(),
            json!({ "Fn::If": [SERIALIZED, 1, reference("AWS::NoValue")] }),
        );
        let id = names::scaling_function(short);
        builder.add(&id, Resource::new(types::FUNCTION, properties.into()))?;
        let config = names::scaling_function_invoke_config(short);
        lambda::add_invoke_config(builder, config, &id, self.retries)
    }
}

/// The value of a function's one variable, if its environment holds it. `names`: the texts that stand as
/// references in the policy, which count for more or less than they come to: those are taken away, and the
/// most is added.
pub(crate) fn within_environment(
    service: &ResolvedService<'_>,
    variable: &str,
    policy: Value,
    names: &[&Text],
) -> Result<Value, SynthesisError> {
    let text = policy.to_string();
    let references: usize = names.iter().map(|name| name.sub().len()).sum();
    let longest: usize = names.iter().map(|name| name.longest()).sum();
    let bytes = variable.len() + text.len() - references + longest;
    if bytes > limits::LAMBDA_ENVIRONMENT {
        let service = service.short.to_owned();
        return Err(SynthesisError::ScalingTooLong { service, bytes });
    }
    Ok(json!({ "Fn::Sub": text }))
}
