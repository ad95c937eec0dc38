//! Volumes of a service's tasks.
//!
//! Source: Amazon ECS API, `Volume`, `EFSVolumeConfiguration`, and `MountPoint`.

use super::parts::{default, optional, required};
use crate::shape::container_texts::{ACCESS_POINT, FILE_SYSTEM, FOLDER};
use crate::shape::kind::{Entries, Field, Form, Kind, Object};
use crate::shape::texts::SHORT_NAME;

pub(super) const VOLUMES: Field = default(
    "volumes",
    Kind::Entries(&VOLUME_ENTRIES),
    "{}",
    "Folders that aren't in the image, by names: a file system in EFS, or scratch space that ends with the task. With `read_only`, they are where the container can write.",
);

/// The folders that a sidecar mounts, by volume name.
pub(super) const MOUNTS: Field = default(
    "volumes",
    Kind::Entries(&MOUNT_ENTRIES),
    "{}",
    "Volumes of the service that this container also has, each with its folder here.",
);

static VOLUME_ENTRIES: Entries = Entries {
    key: &SHORT_NAME,
    value: Kind::Either(&VOLUME_FORMS),
    least: 0,
    most: 20,
};

static MOUNT_ENTRIES: Entries = Entries {
    key: &SHORT_NAME,
    value: Kind::Text(&FOLDER),
    least: 0,
    most: 20,
};

static VOLUME_FORMS: [Form; 2] = [
    Form::Keyed("efs", &FILE_SYSTEM_VOLUME),
    Form::Object(&SCRATCH_VOLUME),
];

const PATH_DOC: &str = "Folder of the service's own container.";

pub(crate) static FILE_SYSTEM_VOLUME: Object = Object {
    what: "a file system in EFS",
    fields: &[
        required(
            "efs",
            Kind::Text(&FILE_SYSTEM),
            "ID of an existing file system in the stack's account and region. Its mount targets must be in the network of the tasks and accept their connections at port 2049. It is mounted with encryption in transit and as the task's role, which can't act as root there.",
        ),
        required("path", Kind::Text(&FOLDER), PATH_DOC),
        optional(
            "access_point",
            Kind::Text(&ACCESS_POINT),
            "ID of an access point, which sets the folder and the user; the tasks can then use only this access point.",
        ),
        default(
            "directory",
            Kind::Text(&FOLDER),
            "/",
            "Folder of the file system that is mounted. Not with `access_point`.",
        ),
        default(
            "read_only",
            Kind::Flag,
            "false",
            "Whether the tasks can only read.",
        ),
    ],
    rules: &[],
};

pub(crate) static SCRATCH_VOLUME: Object = Object {
    what: "scratch space",
    fields: &[required("path", Kind::Text(&FOLDER), PATH_DOC)],
    rules: &[],
};
