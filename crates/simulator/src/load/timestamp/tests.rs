use super::*;

fn form(cells: &[&str]) -> Option<TimeForm> {
    TimeForm::detect(cells.iter().map(|cell| cell.as_bytes()), None).unwrap()
}

fn read(text: &str) -> Option<u64> {
    form(&[text])?.read(text.as_bytes())
}

#[test]
fn every_form_is_the_same_moment() {
    let expected = Some(1_795_262_400_000_000);
    for text in [
        "2026-11-21T12:00:00Z",
        "2026-11-21T13:00:00+01:00",
        "2026-11-21T13:00:00.000+0100",
        "2026-11-21 12:00:00+00",
        "2026-11-21 12:00:00.000 +0000",
        "2026-11-21 12:00:00 UTC",
        "2026-11-21 12:00:00.000 UTC",
        "2026-11-21T13:00:00+01:00[Europe/Berlin]",
        "20261121T120000Z",
        "2026-11-21 12:00:00",
        "2026-11-21T12:00",
        "2026-11-21 12:00:00,000",
        "2026/11/21 12:00:00",
        "2026/11/21 12:00",
        "2026.11.21 12:00",
        "21.11.2026 12:00",
        "21.11.26 12:00:00",
        "21-11-2026 12:00",
        "11/21/2026 12:00",
        "11/21/26 12:00 PM",
        "11/21/2026, 12:00:00\u{202f}PM",
        "Sat, 21 Nov 2026 12:00:00 GMT",
        "Sat, 21 Nov 2026 13:00:00 +0100",
        "21/Nov/2026:12:00:00 +0000",
        "21-Nov-2026 12:00:00",
        "Nov 21, 2026 @ 12:00:00.000",
        "November 21, 2026 12:00:00 PM",
        "Sat Nov 21 12:00:00 UTC 2026",
        "Sat Nov 21 2026 13:00:00 GMT+0100 (Central European Standard Time)",
        "21. November 2026 12:00 Uhr",
        "2026112112",
        "202611211200",
        "20261121120000",
        "1795262400",
        "1795262400.0",
        "1795262400000",
        "1795262400000000",
        "1795262400000000000",
    ] {
        assert_eq!(read(text), expected, "{text}");
    }
    let midnight = Some(1_795_219_200_000_000);
    for text in [
        "2026-11-21",
        "20261121",
        "21.11.2026",
        "11/21/2026",
        "2026/11/21",
    ] {
        assert_eq!(read(text), midnight, "{text}");
    }
    assert_eq!(read("60.25"), Some(60_250_000));
}

#[test]
fn a_column_decides_about_the_order_of_its_dates() {
    let second = |cells: &[&str]| form(cells).unwrap().read(cells[1].as_bytes());
    let november = Some(1_793_577_600_000_000);
    assert_eq!(second(&["31/10/2026", "02/11/2026"]), november);
    assert_eq!(second(&["10/31/2026", "11/02/2026"]), november);
    assert_eq!(second(&["02.11.2026", "02.11.2026"]), november);
    let cells = ["01/11/2026", "02/11/2026"].map(str::as_bytes);
    let error = TimeForm::detect(cells.into_iter(), None).unwrap_err();
    assert!(error.to_string().contains("--date-order"), "{error}");
    let mdy = TimeForm::detect(cells.into_iter(), Some(DateOrder::Mdy))
        .unwrap()
        .unwrap();
    assert_eq!(mdy.read(b"11/02/2026"), november);
}

#[test]
fn spreadsheets_count_days() {
    let serial = form(&["46347.5", "46347.50069444"]).unwrap();
    assert_eq!(serial, TimeForm::Serial);
    assert_eq!(serial.read(b"46347.5"), Some(1_795_262_400_000_000));
    assert_eq!(serial.read(b"46347,50069444"), Some(1_795_262_460_000_000));
    assert_eq!(form(&["46347", "46348"]), Some(TimeForm::Serial));
    assert_eq!(
        form(&["46347", "46407"]),
        Some(TimeForm::Number(Unit::Seconds))
    );
}

#[test]
fn small_numbers_are_no_date() {
    let written = |text: &str| {
        let form = form(&[text])?;
        form.written(form.read(text.as_bytes())?)
    };
    assert_eq!(written("0"), None);
    assert_eq!(written("86400.5"), None);
    assert_eq!(written("1795262400").unwrap(), "2026-11-21T12:00:00Z");
    assert_eq!(written("2026-11-21").unwrap(), "2026-11-21T00:00:00Z");
}

#[test]
fn other_texts_are_refused() {
    for text in [
        "",
        "timestamp",
        "-5",
        "1e3",
        "2026-13-01",
        "2026-11-2l 11:59:00",
        "2026-11-21T12:00:00ZZ",
        "2026-11-21 12:00:00 XYZ",
        "1.",
        "10 req",
        "250ms",
        "Total",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
}

#[test]
fn dates_are_told_from_times_of_the_day() {
    assert!(is_clock(b"12:00") && is_clock(b"12:00:30 PM") && !is_clock(b"2026-11-21 12:00"));
    assert!(is_bare_date(b"2026-11-21") && is_bare_date(b"21.11.2026"));
    assert!(!is_bare_date(b"2026-11-21 12:00"));
}

#[test]
fn months_and_weeks_begin_with_their_first_day() {
    // 1 November 2026 and Monday, 16 November 2026: 20 and 5 days before the 21st.
    let midnight = 1_795_219_200_000_000;
    let day = 86_400_000_000;
    assert_eq!(read("2026-11"), Some(midnight - 20 * day));
    assert_eq!(read("2026-W47"), Some(midnight - 5 * day));
    // Week 1 of 2026 starts in 2025: 29 December, 327 days before 21 November.
    assert_eq!(read("2026-W01"), Some(midnight - 327 * day));
    for text in ["2026-13", "2026-00", "2026-W54", "2026-W", "12-2026"] {
        assert_eq!(form(&[text]), None, "{text}");
    }
}
