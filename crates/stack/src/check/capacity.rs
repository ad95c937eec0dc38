//! The capacity that the tasks run on: Fargate's sizes, or EC2 instances and their processor.

use super::objective::LONGEST_STOP;
use super::{fargate, instances, providers};
use crate::duration::format as written;
use crate::findings::{Finding, Findings};
use crate::model::{Architecture, Capacity, Cluster, Service, ServiceSource, ServiceSpec, Stack};

pub(super) fn check(stack: &Stack, findings: &mut Findings) {
    if let Cluster::Create {
        capacity:
            Capacity::Ec2 {
                instance_type,
                min,
                max,
                ..
            },
        ..
    } = &stack.cluster
    {
        check_bounds(*min, *max, findings);
        check_processors(stack, instance_type, findings);
        refuse_own(stack, findings);
        let placed: Vec<_> = list_placed(stack).collect();
        instances::check(instance_type, *max, &placed, findings);
        return;
    }
    for (path, spec) in list_created(stack) {
        match spec.providers() {
            Some(listed) => providers::check(stack, &path, listed, findings),
            None => {
                fargate::check(&path, spec, findings);
                stop_timeout(&path, spec, findings);
            }
        }
    }
    for (key, service) in &stack.services {
        if let ServiceSource::Create(spec) = &service.source
            && stack.is_on_spot(spec)
        {
            spot_interruption(&format!("services.{key}"), service, spec, findings);
        }
    }
}

/// The services that the stack creates, with their bounds.
fn list_placed(stack: &Stack) -> impl Iterator<Item = instances::Placed<'_>> {
    let services = stack.services.iter();
    services.filter_map(|(key, service)| match &service.source {
        ServiceSource::Create(spec) => {
            Some((format!("services.{key}"), &**spec, service.envelope()))
        }
        ServiceSource::Existing { .. } => None,
    })
}

fn list_created(stack: &Stack) -> impl Iterator<Item = (String, &ServiceSpec)> {
    list_placed(stack).map(|(path, spec, _)| (path, spec))
}

/// A service's tasks have one network mode, so they can run on only one kind of capacity.
fn refuse_own(stack: &Stack, findings: &mut Findings) {
    for (path, _) in list_created(stack).filter(|(_, spec)| spec.capacity.is_some()) {
        let finding =
            Finding::error("`capacity` of a service is for Fargate and for existing clusters")
                .at_key(format!("{path}.capacity"), "another capacity")
                .at_key("cluster.capacity.ec2", "all tasks run on instances")
                .help("remove it, or move the service to a separate stack");
        findings.report(finding);
    }
}

/// AWS ends a task on Spot even if it is protected. Source: Amazon ECS Developer Guide, "Amazon ECS clusters for
/// Fargate", termination notices.
fn spot_interruption(path: &str, service: &Service, spec: &ServiceSpec, findings: &mut Findings) {
    let work = service.processing_time();
    let Some(work) = work.filter(|work| service.protect && *work > LONGEST_STOP) else {
        return;
    };
    let place = match spec.capacity {
        Some(_) => format!("{path}.capacity"),
        None => "cluster.capacity".to_owned(),
    };
    let finding = Finding::warning("an interruption of Fargate Spot ends tasks in the middle of a message")
        .at_key(place, format!("with {} notice, protected or not", written(LONGEST_STOP)))
        .at_key(format!("{path}.protect"), format!("messages take {}", written(work)))
        .help("the message starts over after the visibility timeout: let the worker save its progress, or run it on demand (`capacity: fargate`)");
    findings.report(finding);
}

/// Source: Amazon ECS API, `ContainerDefinition`, `stopTimeout`.
fn stop_timeout(path: &str, spec: &ServiceSpec, findings: &mut Findings) {
    if spec.stop_timeout <= LONGEST_STOP {
        return;
    }
    let most = written(LONGEST_STOP);
    let finding = Finding::error(format!("Fargate waits at most {most} for a task to stop"))
        .at(format!("{path}.stop_timeout"), written(spec.stop_timeout))
        .help(format!("set `stop_timeout: {most}`; for longer work, let the worker use task protection and set `protect: true`, or run on EC2 instances"));
    findings.report(finding);
}

fn check_bounds(min: u32, max: u32, findings: &mut Findings) {
    if min > max {
        let finding = Finding::error("`min` is greater than `max`")
            .at("cluster.capacity.ec2.min", format!("at least {min}"))
            .at("cluster.capacity.ec2.max", format!("at most {max}"))
            .help(format!("lower `min` to {max}, or raise `max` to {min}"));
        findings.report(finding);
    }
}

/// All instances of the group have the same processor, so all tasks must match it.
fn check_processors(stack: &Stack, instance_type: &str, findings: &mut Findings) {
    let processor = processor_of(instance_type);
    for (path, spec) in list_created(stack).filter(|(_, spec)| spec.architecture != processor) {
        let (needed, offered) = (spec.architecture, processor);
        let finding = Finding::error(format!("the instances can't run this service: it is {needed}"))
            .at(format!("{path}.architecture"), needed.to_string())
            .at(
                "cluster.capacity.ec2.instance_type",
                format!("{instance_type} is {offered}"),
            )
            .help(format!(
                "set `architecture: {offered}` if the image supports it, or choose an instance type of {needed}, such as `{}`",
                match spec.architecture {
                    Architecture::Arm64 => "t4g.small",
                    Architecture::X86_64 => "t3.small",
                }
            ));
        findings.report(finding);
    }
}

/// Graviton families have a `g` among the attributes after their generation, such as `c6gn`; `a1` was the first.
/// Source: "Amazon EC2 instance type naming conventions".
fn processor_of(instance_type: &str) -> Architecture {
    let family = instance_type.split('.').next().unwrap_or_default();
    let behind_letters = family.trim_start_matches(|letter: char| !letter.is_ascii_digit());
    let attributes = behind_letters.trim_start_matches(|digit: char| digit.is_ascii_digit());
    // After a hyphen comes something else, such as `flex` or the memory.
    let attributes = attributes.split('-').next().unwrap_or_default();
    if family == "a1" || attributes.contains('g') {
        Architecture::Arm64
    } else {
        Architecture::X86_64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_follows_the_family() {
        for arm in [
            "a1.large",
            "t4g.small",
            "m7g.large",
            "m6gd.large",
            "c6gn.xlarge",
            "c7gn.large",
            "im4gn.large",
            "is4gen.large",
            "i4g.large",
            "i8ge.large",
            "x2gd.medium",
            "g5g.xlarge",
            "hpc7g.4xlarge",
            "r8g.metal-24xl",
            "x8g.large",
            "m8gb.large",
        ] {
            assert_eq!(processor_of(arm), Architecture::Arm64, "{arm}");
        }
        for x86 in [
            "t3.small",
            "t3a.small",
            "t2.micro",
            "m7i.large",
            "m7i-flex.large",
            "c5n.large",
            "g5.xlarge",
            "g4dn.xlarge",
            "g4ad.xlarge",
            "g6e.xlarge",
            "gr6.4xlarge",
            "p4d.24xlarge",
            "i4i.large",
            "u-6tb1.metal",
            "u7i-12tb.224xlarge",
            "x2iezn.2xlarge",
            "inf2.xlarge",
            "hpc7a.12xlarge",
        ] {
            assert_eq!(processor_of(x86), Architecture::X86_64, "{x86}");
        }
    }
}
