//! The stack of the experiments.

use deployer::{
    DestroyOptions, Destroyed, Error, Progress, Result, Session, Source, deploy_template, destroy,
    observe_ours,
};
use serde_json::{Value, json};
use simulator::calibration::{Design, SLOW_START};
use stack::Stack;

pub(crate) use simulator::calibration::designs;

/// Name of the stack. It has the same mark as every stack that ecs-scaler deploys. No other stack is deleted.
pub const STACK: &str = "ecs-scaler-calibration";

/// Image of the tasks.
const BUSYBOX: &str = "public.ecr.aws/docker/library/busybox:1.37";

/// The service that only measures task starts.
pub(crate) const IMAGE_SERVICE: &str = "image";

pub(crate) const IMAGE_TASKS: u32 = 5;

pub(crate) const VCPU: f64 = 0.25;
pub(crate) const MEMORY_GB: f64 = 0.5;

/// Target of every policy.
pub(crate) const TARGET: f64 = 10.0;

pub(crate) const NAMESPACE: &str = "EcsScalerCalibration";
pub(crate) const METRIC: &str = "Load";

/// A run: its stack and its location.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Image whose starts are measured. `None`: a small one.
    pub image: Option<String>,
    /// Whether the cloud is the sandbox.
    pub in_sandbox: bool,
    /// Seconds in a minute of the loop.
    pub minute: f64,
    /// Distinguishes the metrics of this run from earlier ones.
    pub run: String,
}

impl Stage {
    /// Returns the image whose starts are measured.
    #[must_use]
    pub fn image(&self) -> &str {
        self.image.as_deref().unwrap_or(BUSYBOX)
    }

    /// Deploys the stack, and returns its ID.
    pub(crate) async fn deploy(&self, session: &Session<'_>) -> Result<String> {
        let source = Source::inline(STACK, &self.template()?);
        let deployed = deploy_template(session, &source, &mut |_| Ok(())).await?;
        Ok(deployed.stack_id)
    }

    fn template(&self) -> Result<Value> {
        let stack = parse(&self.definition())?;
        let template = template::synthesize(&stack).map_err(Error::from)?;
        let mut document = template.to_json().clone();
        for design in designs() {
            self.extend_with(&mut document, &design).ok_or_else(|| {
                let name = design.name;
                Error::failed(format!("the template lacks a part of experiment {name}"))
            })?;
        }
        Ok(document)
    }

    /// Returns the definition: a service for each experiment with a policy on CPU, which [`Self::extend_with`]
    /// replaces, and one for the image.
    fn definition(&self) -> String {
        let service = |name: &str, image: &str, command: &str, rest: &str| {
            format!(
                "  {name}:\n    image: {image}\n{command}    cpu: 256\n    memory: 512\n    architecture: arm64\n{rest}"
            )
        };
        let waits = "    command: [sleep, \"7200\"]\n";
        let mut text = format!("name: {STACK}\nnetwork: create\nservices:\n");
        for design in designs() {
            let rest = format!(
                "    tasks: {{min: 1, max: {}}}\n    scaling: {{cpu: {{target: 50}}}}\n",
                design.max
            );
            text.push_str(&service(design.name, BUSYBOX, waits, &rest));
        }
        let command = if self.image.is_some() { "" } else { waits };
        let image = serde_json::Value::from(self.image()).to_string();
        let rest = format!("    tasks: {{min: {IMAGE_TASKS}, max: {IMAGE_TASKS}}}\n");
        text.push_str(&service(IMAGE_SERVICE, &image, command, &rest));
        text
    }

    /// Sets a service's initial desired count, the experiment's metric in its policy, and for slow tasks a
    /// container that they wait for.
    fn extend_with(&self, document: &mut Value, design: &Design) -> Option<()> {
        let resources = document.get_mut("Resources")?;
        let service = resources.get_mut(template::names::service(design.name))?;
        let properties = service.pointer_mut("/Properties")?.as_object_mut()?;
        properties.insert("DesiredCount".into(), design.initial.into());
        let policy = resources.get_mut(template::names::cpu_policy(design.name))?;
        let property = "/Properties/TargetTrackingScalingPolicyConfiguration";
        *policy.pointer_mut(property)? = json!({
            "TargetValue": TARGET,
            "ScaleOutCooldown": design.cooldown.as_secs(),
            "ScaleInCooldown": design.cooldown.as_secs(),
            "CustomizedMetricSpecification": {
                "Namespace": NAMESPACE,
                "MetricName": METRIC,
                "Statistic": "Average",
                "Dimensions": [
                    { "Name": "Experiment", "Value": design.name },
                    { "Name": "Run", "Value": self.run },
                ],
            },
        });
        // In the sandbox, all tasks have the configured start delay.
        if design.starts_slowly && !self.in_sandbox {
            let task = resources.get_mut(template::names::task_definition(design.name))?;
            let containers = task
                .pointer_mut("/Properties/ContainerDefinitions")?
                .as_array_mut()?;
            let first = containers.first_mut()?.as_object_mut()?;
            let wait = json!([{ "ContainerName": "wait", "Condition": "COMPLETE" }]);
            first.insert("DependsOn".into(), wait);
            containers.push(json!({
                "Name": "wait",
                "Image": BUSYBOX,
                "Essential": false,
                "Command": ["sleep", SLOW_START.as_secs().to_string()],
            }));
        }
        Some(())
    }
}

fn parse(definition: &str) -> Result<Stack> {
    stack::parse(STACK, definition)
        .map(|loaded| loaded.stack)
        .map_err(|report| {
            let problems = report.problems().iter();
            let messages: Vec<&str> = problems.map(|problem| problem.message()).collect();
            Error::failed(format!(
                "can't define the experiments: {}",
                messages.join("; ")
            ))
        })
}

/// Deletes the stack, if there is one, including one from an earlier run. Refuses a stack of this name without
/// our mark.
///
/// # Errors
/// If the stack isn't ecs-scaler's, if a part of it remains, or if AWS can't be reached.
pub async fn remove(session: &Session<'_>) -> Result<Option<Destroyed>> {
    if observe_ours(session, STACK).await?.is_none() {
        return Ok(None);
    }
    let text = format!("deleting the stack {STACK}");
    (session.progress)(Progress::Note { text });
    let forced = DestroyOptions {
        force: true,
        ..DestroyOptions::default()
    };
    destroy(session, STACK, &forced, &mut |_| Ok(()))
        .await
        .map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_experiment_has_its_policy_and_count() {
        let stage = Stage {
            image: Some("worker:1".into()),
            in_sandbox: false,
            minute: 60.0,
            run: "1".into(),
        };
        let document = stage.template().unwrap();
        let at = |pointer: &str| document.pointer(pointer).cloned().unwrap_or_default();
        assert_eq!(at("/Resources/ScaleInService/Properties/DesiredCount"), 40);
        let policy =
            "/Resources/CooldownCpuPolicy/Properties/TargetTrackingScalingPolicyConfiguration";
        assert_eq!(at(&format!("{policy}/ScaleOutCooldown")), 60);
        let metric = at(&format!(
            "{policy}/CustomizedMetricSpecification/MetricName"
        ));
        assert_eq!(metric, METRIC);
        let container = "/Resources/BaseTaskDefinition/Properties/ContainerDefinitions/1/Command/1";
        assert_eq!(at(container), "100");
        assert_eq!(
            at("/Resources/ImageService/Properties/DesiredCount"),
            IMAGE_TASKS
        );
        assert!(document.to_string().len() < template::INLINE_BODY_BYTES);
    }
}
