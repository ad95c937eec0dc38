use super::*;

fn read(form: NumberForm, text: &str) -> Option<(u64, u64, Option<u32>)> {
    let amount = form.read(text.as_bytes()).ok()?;
    Some((amount.whole, amount.millionths, amount.per))
}

#[test]
fn numbers_of_every_locale() {
    for (text, whole, millionths) in [
        ("10", 10, 0),
        ("10.0", 10, 0),
        ("1e3", 1_000, 0),
        ("1.5E+2", 150, 0),
        ("1,234", 1_234, 0),
        ("1,234,567.25", 1_234_567, 250_000),
        ("12,34,567", 1_234_567, 0),
        ("1 234", 1_234, 0),
        ("1\u{a0}234", 1_234, 0),
        ("1'234", 1_234, 0),
        ("1.2 K", 1_200, 0),
        ("3 Mil", 3_000_000, 0),
        ("12 msgs", 12, 0),
    ] {
        assert_eq!(
            read(NumberForm::Point, text),
            Some((whole, millionths, None)),
            "{text}"
        );
    }
    assert_eq!(
        read(NumberForm::Comma, "1.234,5"),
        Some((1_234, 500_000, None))
    );
    assert_eq!(
        read(NumberForm::Point, "10.5 req/s"),
        Some((10, 500_000, Some(1)))
    );
    assert_eq!(
        read(NumberForm::Point, "1.2 K msgs/min"),
        Some((1_200, 0, Some(60)))
    );
    for text in [
        "x",
        "",
        "10,5",
        "1.2.3",
        "1 2",
        "-5",
        "12%",
        "250ms",
        "500 mreq/s",
        "NaN",
        "inf",
        "1e999",
        ",",
    ] {
        assert_eq!(read(NumberForm::Point, text), None, "{text}");
    }
}

#[test]
fn a_column_decides_about_its_decimal_mark() {
    let form = |cells: &[&str], delimiter, whole| {
        let records: Vec<Record> = cells
            .iter()
            .map(|cell| Record::from_fields(1, [*cell]))
            .collect();
        NumberForm::detect(&records, &[0], delimiter, whole)
    };
    assert_eq!(form(&["10,5", "1.234,5"], b';', false), NumberForm::Comma);
    assert_eq!(form(&["1.234", "7"], b';', true), NumberForm::Comma);
    assert_eq!(form(&["1.234", "0.5"], b';', false), NumberForm::Point);
    assert_eq!(form(&["1,234"], b',', true), NumberForm::Point);
    assert_eq!(form(&["1,234"], b';', false), NumberForm::Comma);
    assert_eq!(form(&["0.125"], b';', true), NumberForm::Point);
}
