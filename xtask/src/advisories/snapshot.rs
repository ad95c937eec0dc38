//! A snapshot of advisories, and its comparison with locked versions.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use cli::{Failure, Result};

/// Advisories by package. Empty for a package without advisories.
///
/// A line contains a package, the ID of an advisory, and its ranges of affected versions, `FIRST..FIXED`, in
/// which either end can be absent. After ` # ` comes the reason why the locked version can stay although it is
/// affected. A line that starts with `#` is a comment.
pub(super) struct Snapshot<V> {
    file: &'static str,
    packages: BTreeMap<String, Vec<Advisory<V>>>,
}

struct Advisory<V> {
    id: String,
    ranges: Vec<Range<V>>,
    /// The reason for accepting an affected version.
    reason: Option<String>,
}

struct Range<V> {
    /// The first affected version.
    first: Option<V>,
    /// The first version that is no longer affected.
    fixed: Option<V>,
}

/// A locked package.
pub(super) struct Locked<V> {
    pub(super) name: String,
    pub(super) version: V,
}

impl<V: Display + FromStr + PartialOrd> Snapshot<V> {
    /// Parses the text of `file`.
    ///
    /// # Errors
    /// If a line can't be parsed.
    pub(super) fn parse(file: &'static str, text: &str) -> Result<Self> {
        let mut packages: BTreeMap<String, Vec<Advisory<V>>> = BTreeMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (facts, reason) = match line.split_once(" # ") {
                Some((facts, reason)) => (facts, Some(reason.to_owned())),
                None => (line, None),
            };
            let mut words = facts.split_whitespace();
            let Some(name) = words.next() else { continue };
            let advisories = packages.entry(name.to_owned()).or_default();
            if let Some(id) = words.next() {
                let ranges: Option<Vec<_>> = words.map(Range::parse).collect();
                let invalid = || Failure::failed(format!("{file}: can't read `{line}`"));
                advisories.push(Advisory {
                    id: id.to_owned(),
                    ranges: ranges.filter(|all| !all.is_empty()).ok_or_else(invalid)?,
                    reason,
                });
            }
        }
        Ok(Self { file, packages })
    }

    /// Returns the problems with the packages of `lock`. `url` returns an advisory's URL from its ID.
    pub(super) fn compare(
        &self,
        lock: &str,
        locked: &[Locked<V>],
        url: impl Fn(&str) -> String,
    ) -> Vec<String> {
        let mut problems = Vec::new();
        for one in locked {
            let Locked { name, version } = one;
            let Some(advisories) = self.packages.get(name) else {
                problems.push(format!(
                    "{name} {version}: the snapshot of advisories is older than {lock}: {} doesn't have this package",
                    self.file
                ));
                continue;
            };
            for advisory in advisories.iter().filter(|one| one.reason.is_none()) {
                let mut ranges = advisory.ranges.iter();
                if let Some(range) = ranges.find(|range| range.holds(version)) {
                    let fixed = match &range.fixed {
                        Some(fixed) => format!("fixed in {fixed}"),
                        None => "not fixed".to_owned(),
                    };
                    let url = url(&advisory.id);
                    problems.push(format!("{name} {version}: {url}, {fixed}"));
                }
            }
        }
        problems
    }

    /// Returns the reasons that no locked version needs.
    pub(super) fn find_stale(&self, locked: &[Locked<V>]) -> Vec<String> {
        let mut stale = Vec::new();
        for (name, advisories) in &self.packages {
            for advisory in advisories.iter().filter(|one| one.reason.is_some()) {
                let mut versions = locked.iter().filter(|one| one.name == *name);
                let affects = |one: &Locked<V>| {
                    advisory
                        .ranges
                        .iter()
                        .any(|range| range.holds(&one.version))
                };
                if !versions.any(affects) {
                    stale.push(format!(
                        "{}: no locked version of {name} has {}: remove the reason",
                        self.file, advisory.id
                    ));
                }
            }
        }
        stale
    }
}

impl<V: FromStr + PartialOrd> Range<V> {
    fn parse(text: &str) -> Option<Self> {
        let (first, fixed) = text.split_once("..")?;
        let version = |text: &str| match text {
            "" => Some(None),
            text => text.parse().ok().map(Some),
        };
        Some(Self {
            first: version(first)?,
            fixed: version(fixed)?,
        })
    }

    fn holds(&self, version: &V) -> bool {
        self.first.as_ref().is_none_or(|first| first <= version)
            && self.fixed.as_ref().is_none_or(|fixed| version < fixed)
    }
}
