//! How many tasks fit onto the EC2 instances.

use crate::findings::{Finding, Findings};
use crate::instances::InstanceRoom;
use crate::model::{ServiceSpec, Tasks};

const MAX: &str = "cluster.capacity.ec2.max";

/// A service with its path.
pub(super) type Placed<'s> = (String, &'s ServiceSpec, Tasks);

/// Whether the tasks of the services fit onto at most `max` instances of a type. Reports nothing for types whose
/// size is unknown.
pub(super) fn check(
    instance_type: &str,
    max: u32,
    services: &[Placed<'_>],
    findings: &mut Findings,
) {
    let Some(room) = InstanceRoom::of(instance_type) else {
        return;
    };
    let errors = findings.error_count();
    for placed in services {
        check_service(instance_type, room, max, placed, findings);
    }
    if errors == findings.error_count() {
        check_all_services(instance_type, room, max, services, findings);
    }
}

fn check_service(
    instance_type: &str,
    room: InstanceRoom,
    max: u32,
    (path, spec, tasks): &Placed<'_>,
    findings: &mut Findings,
) {
    let each = room.tasks(spec.cpu, spec.memory);
    let most = each.saturating_mul(max);
    let (tasks_path, wanted) = if tasks.min > most {
        (format!("{path}.tasks.min"), tasks.min)
    } else {
        (format!("{path}.tasks.max"), tasks.max)
    };
    if wanted < most && each > 0 {
        return;
    }
    if wanted == most {
        findings.report(no_spare_room(path, spec, *tasks, max));
        return;
    }
    let size = format!("{} CPU units and {} MiB", spec.cpu, spec.memory);
    let has = format!(
        "{instance_type} has {} CPU units and {} MiB for tasks",
        room.cpu, room.memory
    );
    let finding = if each == 0 {
        Finding::error("a task is larger than an instance")
            .at(format!("{path}.cpu"), format!("a task has {size}"))
            .at("cluster.capacity.ec2.instance_type", has)
            .help("choose a larger instance type, or make the task smaller")
    } else {
        let message = format!("{most} of {wanted} tasks fit onto the instances");
        let finding = if tasks.min > most {
            Finding::error(message)
        } else {
            Finding::warning(message)
        };
        finding
            .at(tasks_path, format!("{wanted} tasks of {size}"))
            .at(MAX, format!("{max} × {each} tasks"))
            .help(format!(
                "{has}, so ECS places {each} tasks on each and the others wait: raise `max` of `ec2` to {}, choose a larger type, or lower `tasks`",
                wanted.div_ceil(each)
            ))
    };
    findings.report(finding);
}

/// A deployment starts new tasks before it stops old ones, if there is space. Without space, the template lets ECS
/// stop some tasks first, but not the only one.
fn no_spare_room(path: &str, spec: &ServiceSpec, tasks: Tasks, max: u32) -> Finding {
    let message = match tasks.max {
        1 => {
            "a deployment can't replace the only task: the instances have no space for a second one"
        }
        _ => {
            "with all tasks running, a deployment stops some of them first: the instances have no space for more"
        }
    };
    Finding::warning(message)
        .at(
            format!("{path}.tasks.max"),
            format!(
                "{} tasks of {} CPU units and {} MiB",
                tasks.max, spec.cpu, spec.memory
            ),
        )
        .at(MAX, format!("space for {}", tasks.max))
        .help(format!(
            "raise `max` of `ec2` to {}: the instance runs only during deployments",
            max + 1
        ))
}

/// The minimum numbers of tasks of all services run at the same time.
fn check_all_services(
    instance_type: &str,
    room: InstanceRoom,
    max: u32,
    services: &[Placed<'_>],
    findings: &mut Findings,
) {
    let sum = |of: fn(&ServiceSpec) -> u32| -> u64 {
        let needs = services
            .iter()
            .map(|(_, spec, tasks)| u64::from(of(spec)) * u64::from(tasks.min));
        needs.sum()
    };
    let (cpu, memory) = (sum(|spec| spec.cpu), sum(|spec| spec.memory));
    let instances =
        (cpu.div_ceil(u64::from(room.cpu))).max(memory.div_ceil(u64::from(room.memory)));
    if instances <= u64::from(max) {
        return;
    }
    let finding = Finding::error("the minimum numbers of tasks of all services don't fit onto the instances")
        .at(MAX, format!("at most {max} of {instance_type}"))
        .help(format!(
            "together they need {cpu} CPU units and {memory} MiB: raise `max` to at least {instances}, choose a larger type, or lower `tasks.min`"
        ));
    findings.report(finding);
}
