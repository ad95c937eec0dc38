//! Common parts of all scaling functions: the function with its log group and policy, its role, its rule, and its
//! permission to set counts.

use scaling::{POLICY_VARIABLE, pause_parameter};
use serde_json::{Value, json};
use stack::Stack;

use crate::builder::{Builder, Resource};
use crate::contract::types;
use crate::error::SynthesisError;
use crate::names;
use crate::parameters::PARAMETER_SCALING_FUNCTION_KEY;
use crate::resources::lambda::{self, Function};
use crate::resources::log_group::add_log_group;
use crate::resources::role::{Role, Statement};
use crate::text::{Text, reference};

/// The condition that a scaling function's invocations run one after the other.
pub(crate) const SERIALIZED: &str = "ScalingIsSerialized";

/// Parameters that a request to scale never has: each of them would change more than the count. A network can't be
/// set without subnets. Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon
/// Elastic Container Service", `UpdateService`.
pub(crate) const NEVER_GIVEN: [&str; 4] = [
    "ecs:task-definition",
    "ecs:capacity-provider",
    "ecs:subnet",
    "ecs:namespace",
];

/// Settings that a request to scale can only turn off. Whether ECS evaluates the policy with the default of a
/// missing setting isn't documented, so both are allowed.
pub(crate) const NEVER_ON: [&str; 4] = [
    "ecs:enable-execute-command",
    "ecs:enable-service-connect",
    "ecs:enable-vpc-lattice",
    "ecs:enable-ebs-volumes",
];

/// Logical IDs of a scaling function and its resources.
#[derive(Clone, Debug)]
pub(crate) struct Ids {
    pub(crate) function: String,
    pub(crate) role: String,
    pub(crate) logs: String,
    invoke_config: String,
    pub(crate) rule: String,
    rule_permission: String,
}

impl Ids {
    /// For the function of one service.
    pub(crate) fn of_service(short: &str) -> Self {
        Self {
            function: names::scaling_function(short),
            role: names::scaling_function_role(short),
            logs: names::scaling_function_logs(short),
            invoke_config: names::scaling_function_invoke_config(short),
            rule: names::scaling_rule(short),
            rule_permission: names::scaling_rule_permission(short),
        }
    }

    /// For a function that scales services by demand, counted from 1.
    pub(crate) fn of_demand(number: usize) -> Self {
        Self {
            function: names::demand_function(number),
            role: names::demand_function_role(number),
            logs: names::demand_function_logs(number),
            invoke_config: names::demand_function_invoke_config(number),
            rule: names::demand_rule(number),
            rule_permission: names::demand_rule_permission(number),
        }
    }

    /// The rule that invokes the function every minute with this input.
    pub(crate) fn add_rule(
        &self,
        builder: &mut Builder,
        description: &str,
        input: Value,
    ) -> Result<(), SynthesisError> {
        let target = lambda::rule_target("scaling-function", &self.function, input);
        let properties = json!({
            "Description": description,
            "ScheduleExpression": "rate(1 minute)",
            "State": "ENABLED",
            "Targets": [target],
        });
        builder.add(&self.rule, Resource::new(types::RULE, properties))?;
        let permission = self.rule_permission.clone();
        lambda::add_rule_permission(builder, permission, &self.rule, &self.function)
    }

    pub(crate) fn add_role(
        &self,
        builder: &mut Builder,
        stack: &Stack,
        description: String,
        statements: Vec<Statement>,
    ) -> Result<(), SynthesisError> {
        let role = Role {
            id: self.role.clone(),
            description,
            principal: "lambda.amazonaws.com",
            trust: Vec::new(),
            statements,
            managed: Vec::new(),
        };
        role.add(builder, stack)
    }
}

/// Reading the pauses of services, by their names in the definition: of these alone, unless there are many of them.
pub(super) fn read_pauses(stack: &Stack, services: &[&str]) -> Statement {
    let parameter = |service: &str| {
        let name = pause_parameter(&stack.name, service);
        Text::arn("ssm", format!("parameter{name}"))
    };
    let parameters = match services.len() {
        ..=NAMED_PAUSES => services.iter().map(|service| parameter(service)).collect(),
        // A role has no room for so many names.
        _ => vec![parameter("*")],
    };
    Statement::new("ReadPauses", &["ssm:GetParameters"], parameters)
}

/// Most pauses that a role names one by one.
const NAMED_PAUSES: usize = 10;

/// Setting the counts of services. Nothing else of them can be changed that IAM has a condition for.
pub(crate) fn set_counts(sid: &'static str, actions: &[&str], services: Vec<Text>) -> Statement {
    let mut scale = Statement::new(sid, actions, services);
    for key in NEVER_GIVEN {
        scale = scale.when("Null", key, vec!["true".into()]);
    }
    for key in NEVER_ON {
        scale = scale.when("StringEqualsIfExists", key, vec!["false".into()]);
    }
    scale
}

/// The differences between the two kinds of scaling functions.
pub(crate) struct Setup {
    pub(crate) description: String,
    /// Its policy, if it has one.
    pub(crate) policy: Option<Value>,
    /// ARN of the queue for events that the function fails to process.
    pub(crate) dead_letters: Option<Value>,
    /// Maximum duration of a run, in seconds.
    pub(crate) timeout: u64,
    /// Retries of a failed asynchronous invocation, and its maximum age in seconds.
    pub(crate) retries: (u32, u64),
}

impl Setup {
    /// The function, its log group, and the settings of its asynchronous invocations.
    pub(crate) fn add(
        self,
        builder: &mut Builder,
        stack: &Stack,
        ids: &Ids,
    ) -> Result<(), SynthesisError> {
        add_log_group(builder, stack, &ids.logs)?;
        let function = Function {
            description: &self.description,
            key: PARAMETER_SCALING_FUNCTION_KEY,
            role: &ids.role,
            logs: &ids.logs,
            timeout: self.timeout,
        };
        let mut properties = function.properties(stack);
        if let Some(policy) = self.policy {
            let variables = json!({ "Variables": { POLICY_VARIABLE: policy } });
            properties.insert("Environment".into(), variables);
        }
        if let Some(queue) = self.dead_letters {
            properties.insert("DeadLetterConfig".into(), json!({ "TargetArn": queue }));
        }
        properties.insert(
            "ReservedConcurrentExecutions".into(),
            json!({ "Fn::If": [SERIALIZED, 1, reference("AWS::NoValue")] }),
        );
        let function = Resource::new(types::FUNCTION, properties.into());
        builder.add(&ids.function, function)?;
        let config = ids.invoke_config.clone();
        lambda::add_invoke_config(builder, config, &ids.function, self.retries)
    }
}
