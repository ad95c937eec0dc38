//! Bar charts of text: a history in one line.

/// Heights, from zero upward.
const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Returns the bar for a value, where the maximum is `highest`. Any nonzero value is visible.
pub(crate) fn bar(value: f64, highest: f64) -> char {
    let eighths = if highest > 0.0 {
        (value / highest * 8.0).ceil()
    } else {
        0.0
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float outside of the range saturates, and 8 is the last bar"
    )]
    let index = (eighths as usize).min(BARS.len() - 1);
    BARS[index]
}

/// Returns the maximum of the values. 0 if there are none.
pub(crate) fn highest(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}

/// Returns at most `width` columns. Each is the maximum of its values.
pub(crate) fn columns(values: &[f64], width: usize) -> Vec<f64> {
    let columns = values.len().min(width);
    (0..columns)
        .map(|column| {
            let part = column * values.len() / columns..(column + 1) * values.len() / columns;
            highest(values.get(part).unwrap_or_default())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_shows_the_highest_of_its_time() {
        let values: Vec<f64> = (0..640).map(f64::from).collect();
        let found = columns(&values, 64);
        assert_eq!((found.len(), found[0], found[63]), (64, 9.0, 639.0));
        assert_eq!(columns(&[1.0, 3.0], 64), [1.0, 3.0]);
        assert!(columns(&[], 64).is_empty());
        assert!(columns(&[1.0], 0).is_empty());
        let odd: Vec<f64> = (0..100).map(f64::from).collect();
        assert_eq!(highest(&columns(&odd, 64)), 99.0, "none is left out");
    }

    #[test]
    fn bars_rise_from_nothing_to_full() {
        assert_eq!(bar(0.0, 10.0), ' ');
        assert_eq!(bar(0.01, 10.0), '▁');
        assert_eq!(bar(5.0, 10.0), '▄');
        assert_eq!(bar(10.0, 10.0), '█');
        for odd in [f64::NAN, f64::INFINITY, -1.0] {
            bar(odd, 10.0);
            bar(1.0, odd);
        }
    }
}
