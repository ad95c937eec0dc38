use std::time::Duration;

use super::*;

fn read(text: &str) -> Result<Load, ReadError> {
    Load::read_csv(text.as_bytes(), None)
}

fn problem(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

fn generate(text: &str) -> Load {
    Load::generate(text).unwrap()
}

/// Returns the number of messages in each period of this many seconds.
fn per(load: &Load, seconds: u64, seed: u64) -> Vec<usize> {
    let stretch = Duration::from_secs(seconds);
    let stretches = load.duration().as_nanos().div_ceil(stretch.as_nanos());
    let mut counts = vec![0; usize::try_from(stretches).unwrap()];
    let mut last = 0;
    for arrival in load.arrivals(seed) {
        assert!(arrival.at >= last, "arrivals come in order");
        last = arrival.at;
        counts[usize::try_from(u128::from(arrival.at) / stretch.as_nanos()).unwrap()] += 1;
    }
    counts
}

#[test]
fn counts_with_a_header_a_zone_and_a_gap() {
    let load = read(
        "Timestamp,NumberOfMessagesSent\n\
         2026-11-21T12:00:00Z,10\n2026-11-21T12:01:00Z,0\n2026-11-21T12:02:00Z,30.0\n2026-11-21T12:05:00Z,5\n",
    )
    .unwrap();
    assert_eq!(load.duration(), Duration::from_secs(360));
    assert_eq!(per(&load, 60, 1), [10, 0, 30, 0, 0, 5]);
    assert_eq!(load.begins().unwrap(), "2026-11-21T12:00:00Z");
    assert_eq!(
        load.notes(),
        [
            "the first row has the names of the columns; a row is a count: times in \"Timestamp\", counts in \"NumberOfMessagesSent\"",
            "the step is 60s; there are gaps, the longest of 180s: nothing arrived in them",
            "within a step, messages arrive at random (as Poisson arrivals do)",
        ]
    );
}

#[test]
fn counts_without_a_header_or_a_zone() {
    let load = read("2026/11/21 12:00:00;7\n2026/11/21 12:05:00;3\n").unwrap();
    assert_eq!(load.duration(), Duration::from_secs(600));
    assert_eq!(per(&load, 300, 1), [7, 3]);
    assert!(
        load.notes()
            .contains(&"times have no zone: read as UTC".to_owned())
    );
}

#[test]
fn arrivals_with_their_own_processing_times() {
    let load =
        read("sent_at,processing_ms\n1795262400.0,250\n1795262400.5,\n1795262410,1500\n").unwrap();
    let arrivals: Vec<_> = load
        .arrivals(1)
        .map(|arrival| (arrival.at, arrival.work))
        .collect();
    assert_eq!(
        arrivals,
        [
            (0, Some(250_000_000)),
            (500_000_000, None),
            (10_000_000_000, Some(1_500_000_000)),
        ]
    );
    let plain = read("1795262400\n1795262400\n1795262401\n").unwrap();
    assert_eq!(plain.arrivals(1).count(), 3);
    let united = read("0,250ms\n1,2s\n").unwrap();
    assert_eq!(
        united
            .arrivals(1)
            .filter_map(|arrival| arrival.work)
            .sum::<u64>(),
        2_250_000_000
    );
}

#[test]
fn a_layout_settles_what_a_row_means() {
    let text = "0,2\n1,3\n";
    assert_eq!(read(text).unwrap().arrivals(1).count(), 5);
    let load = Load::read_csv(text.as_bytes(), Some(Rows::Messages)).unwrap();
    assert_eq!(
        load.arrivals(1)
            .filter_map(|arrival| arrival.work)
            .sum::<u64>(),
        5_000_000_000
    );
}

#[test]
fn uneven_rows_last_until_the_next() {
    let load = read("0,10\n10,20\n70,5\n").unwrap();
    assert_eq!(load.duration(), Duration::from_secs(130));
    assert_eq!(per(&load, 10, 1).into_iter().take(7).sum::<usize>(), 30);
}

#[test]
fn mistakes_are_named_with_their_row() {
    assert_eq!(problem(""), "the file has no row with a time");
    assert_eq!(problem("time,count\n"), "the file has no row with a time");
    let other = "isn't a time in the form of the other rows: write 2026-11-21T12:00:00Z or seconds since 1970";
    for (text, message) in [
        ("time,count\n0,1\n60,x\n", "line 3: \"x\" isn't a number".to_owned()),
        ("0,1\n60,-2\n", "line 2: \"-2\" is negative".to_owned()),
        ("0,1\n60\n", "line 2: the count is missing".to_owned()),
        (
            "0,1\n60,2.5\n",
            "line 2: \"2.5\" isn't a whole number of messages: for rates per second, add --rows rate; for counts with fractions, add --rows counts".to_owned(),
        ),
        (
            "0,1\n60,1\n60,1\n",
            "line 3: another row has the same time: add --sum to add up their counts, or --rows messages if a row is one message".to_owned(),
        ),
        ("a,b\nc,d\n", format!("line 2: \"c\" {other}")),
        ("0,1\n2026-11-21,1\n", format!("line 2: \"2026-11-21\" {other}")),
        (
            "0,1s\n1,later\n",
            "line 2: \"later\" isn't a processing time: write seconds, or 250ms".to_owned(),
        ),
    ] {
        assert_eq!(problem(text), message);
    }
}

#[test]
fn comments_and_empty_lines_keep_the_row_numbers() {
    assert_eq!(
        problem("# exported\n\ntime,count\n0,1\n60,x\n"),
        "line 5: \"x\" isn't a number"
    );
}

#[test]
fn garbage_ends_in_an_error() {
    assert!(read("\0\u{1}\u{2}\n\u{fffd}").is_err());
    assert!(Load::read_csv([0xff, 0xfe, b'\n', 0xff].as_slice(), None).is_err());
    let huge = read("0,99999999999999999999999\n").unwrap();
    assert!(huge.within(LoadLimits::default()).is_err());
    assert!(read("99999999999999999999999,1\n").is_err());
}

#[test]
fn generators_send_what_they_say() {
    let hour = |text: &str| {
        let counts = per(&generate(text), 3_600, 3);
        counts
            .into_iter()
            .map(|count| count as f64)
            .collect::<Vec<_>>()
    };
    let near = |found: f64, expected: f64| {
        assert!(
            (found / expected - 1.0).abs() < 0.03,
            "{found} for {expected}"
        );
    };
    assert_eq!(hour("constant:rate=2/s,for=1h"), [7_200.0]);
    near(hour("poisson:rate=10/s,for=1h")[0], 36_000.0);
    let step = hour("step:from=5/s,to=20/s,at=1h,for=2h");
    near(step[0], 18_000.0);
    near(step[1], 72_000.0);
    near(hour("ramp:from=0/s,to=20/s,over=1h,for=1h")[0], 36_000.0);
    let daily = hour("daily:low=0/s,high=20/s,for=1d");
    near(daily.iter().sum(), 864_000.0);
    assert!(daily[13] > 15.0 * daily[2]);
    // 50 per second decrease by half every 10 minutes: 50 × 600 ÷ ln 2 in total, plus the rise of one minute.
    let crowd = hour("flash-crowd:base=0/s,peak=50/s,at=10m,rise=1m,fall=10m,for=3h");
    near(
        crowd.iter().sum(),
        50.0 * 600.0 / std::f64::consts::LN_2 + 1_500.0,
    );
    near(
        hour("on-off:on=100/s,on_for=6m,off_for=54m,for=3h")[1],
        36_000.0,
    );
    // 10% of the time at 100 per second, the rest at 1.
    near(
        per(
            &generate("mmpp:rates=1/s|100/s,stays=9m|1m,for=20d"),
            20 * 86_400,
            5,
        )[0] as f64,
        10.9 * 20.0 * 86_400.0,
    );
}

/// The variance of a Poisson process's counts equals their mean.
#[test]
fn poisson_arrivals_have_the_variance_of_poisson() {
    for load in [
        generate("poisson:rate=5/s,for=20h"),
        generate("daily:low=5/s,high=5/s,for=20h"),
        Load::read_csv("0,360000\n72000,0\n".as_bytes(), None).unwrap(),
    ] {
        let counts: Vec<f64> = per(&load, 10, 11)
            .into_iter()
            .take(7_200)
            .map(|count| count as f64)
            .collect();
        let mean = counts.iter().sum::<f64>() / 7_200.0;
        let variance = counts
            .iter()
            .map(|count| (count - mean).powi(2))
            .sum::<f64>()
            / 7_200.0;
        assert!(
            (variance / mean - 1.0).abs() < 0.05,
            "{variance} for {mean}"
        );
    }
}

#[test]
fn the_seed_decides() {
    let load = generate("mmpp:rates=1/s|100/s,stays=9m|1m,for=2h");
    let all = |seed| load.arrivals(seed).collect::<Vec<_>>();
    assert_eq!(all(1), all(1));
    assert_ne!(all(1), all(2));
}

#[test]
fn scaling_keeps_the_mean() {
    let counts = read("0,1000\n60,1000\n").unwrap().scaled(2.5).unwrap();
    assert_eq!(per(&counts, 60, 1), [2_500, 2_500]);
    let arrivals = Load::read_csv("0\n".repeat(20_000).as_bytes(), None).unwrap();
    let half = arrivals.scaled(0.5).unwrap().arrivals(1).count();
    assert!((9_700..10_300).contains(&half), "{half}");
    let generated = generate("constant:rate=1/s,for=1h").scaled(0.25).unwrap();
    assert_eq!(generated.arrivals(1).count(), 900);
    for factor in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(read("0,1\n").unwrap().scaled(factor).is_err());
    }
}

#[test]
fn a_part_begins_at_zero() {
    let file = "2026-11-21T12:00:00Z,10\n2026-11-21T12:01:00Z,20\n2026-11-21T12:02:00Z,30\n";
    let whole = || read(file).unwrap();
    let part = whole().between(Some("2026-11-21T12:01:00Z"), None).unwrap();
    assert_eq!(per(&part, 60, 1), [20, 30]);
    assert_eq!(part.begins().unwrap(), "2026-11-21T12:01:00Z");
    let part = whole().between(Some("1m"), Some("2m")).unwrap();
    assert_eq!(
        (per(&part, 60, 1), part.duration()),
        (vec![20], Duration::from_secs(60))
    );
    let error = whole().between(Some("2m"), Some("1m")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the part from 2m to 1m has no length: the load lasts 180s"
    );
    assert!(whole().between(Some("noon"), None).is_err());
    let generated = generate("constant:rate=1/s,for=1h")
        .between(Some("10m"), Some("30m"))
        .unwrap();
    assert_eq!(generated.arrivals(1).count(), 1_200);
}
