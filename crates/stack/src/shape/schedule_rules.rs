//! Rules that patterns can't express for a schedule: hours, time zones, and that all periods use the same time
//! zone.

use scaling::{Hours, HoursError, Zone, ZoneError};

use super::kind::Misfit;
use crate::nearest::suggest;
use crate::text::shorten;
use crate::yaml::Node;

/// The time zone of a period that sets none.
pub(crate) const UTC: &str = "UTC";

/// Whether the hours of a period are valid.
pub(super) fn has_hours(period: &Node) -> Option<Misfit> {
    let text = period.get("when")?.as_str()?;
    let error = text.parse::<Hours>().err()?;
    let help = match error {
        HoursError::Empty => "for whole days, write `00:00-24:00`, or only the days",
        HoursError::Day(_) | HoursError::Times(_) => {
            "write days and times, such as `Mon-Fri 08:00-18:00`"
        }
    };
    Some(Misfit {
        at: ".when".to_owned(),
        label: "not valid here",
        message: format!("`{}` can't be read: {error}", shorten(text)),
        help: help.to_owned(),
    })
}

/// Whether the time zone of a period has known clocks.
pub(super) fn has_known_zone(period: &Node) -> Option<Misfit> {
    let name = period.get("timezone")?.as_str()?;
    let error = Zone::named(name).err()?;
    let help = match &error {
        ZoneError::Spelling(_, spelling) => format!("write `{spelling}`"),
        ZoneError::NoRule(_) => {
            "a schedule would be an hour wrong for weeks: choose a zone with a yearly rule, such as `Etc/GMT-2`, which is 2 hours ahead of UTC all year".to_owned()
        }
        ZoneError::Unknown(_) | ZoneError::Rule(_) => suggest(name, Zone::names(), || {
            "write a name with a slash, such as `Europe/Berlin`, or `UTC`: `CET` and the like are obsolete".to_owned()
        }),
    };
    Some(Misfit {
        at: ".timezone".to_owned(),
        label: "not valid here",
        message: error.to_string(),
        help,
    })
}

/// All periods of a service must be in one time zone: the bounds of two zones could be set at the same moment, in
/// an undefined order.
pub(super) fn has_one_zone(periods: &[Node]) -> Option<Misfit> {
    let zone = |period: &Node| {
        let given = period.get("timezone").and_then(Node::as_str);
        given.unwrap_or(UTC).to_owned()
    };
    let first = zone(periods.first()?);
    let (place, other) = periods
        .iter()
        .map(zone)
        .enumerate()
        .find(|(_, other)| *other != first)?;
    let given = periods
        .get(place)
        .is_some_and(|period| period.has("timezone"));
    Some(Misfit {
        at: if given {
            format!("[{place}].timezone")
        } else {
            format!("[{place}]")
        },
        label: "another time zone",
        message: format!(
            "the periods are in two time zones, `{}` and `{}`",
            shorten(&first),
            shorten(&other)
        ),
        help: format!(
            "write the hours of all periods of a service in one time zone, and give each its `timezone`; without it, that is `{UTC}`"
        ),
    })
}
