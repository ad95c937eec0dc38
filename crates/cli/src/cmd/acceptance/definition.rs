//! The stack of an acceptance run.

use stack::Stack;

use crate::failure::Result;

pub(super) const SERVICE: &str = "worker";
pub(super) const QUEUE: &str = "work";
/// Maximum number of tasks of the service.
pub(super) const MAX: u32 = 3;
/// Messages that require all tasks: each takes 10 s of a task, and can wait for 1 min.
pub(super) const MESSAGES: u32 = 40;

/// Returns the definition. Another `round` changes the task's environment. The tasks receive no messages, so
/// that the test decides when the work is done.
pub(super) fn read(name: &str, round: u32) -> Result<Stack> {
    let text = format!(
        "name: {name}
network: create
queues: {{{QUEUE}: {{visibility_timeout: 1m}}}}
services:
  {SERVICE}:
    image: public.ecr.aws/docker/library/busybox:1.37
    command: [sleep, '7200']
    environment: {{ROUND: '{round}'}}
    consumes: [{QUEUE}]
    tasks: {{min: 1, max: {MAX}}}
    scaling: {{demand: {{acceptable_latency: 1m, processing_time: 10s}}}}
"
    );
    Ok(stack::parse("acceptance", &text)?.stack)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rounds_differ_in_the_environment_alone() {
        let (first, second) = (read("a", 1).unwrap(), read("a", 2).unwrap());
        assert_eq!(first.services.len(), 1);
        let template = |stack: &Stack| template::synthesize(stack).unwrap().to_json().clone();
        let (first, mut second) = (template(&first), template(&second));
        assert_ne!(first, second);
        let path = "/Resources/WorkerTaskDefinition/Properties/ContainerDefinitions";
        *second.pointer_mut(path).unwrap() = first.pointer(path).unwrap().clone();
        assert_eq!(first, second);
    }
}
