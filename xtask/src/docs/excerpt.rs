//! An excerpt of an output, brought up to date.

/// The lines of a new output that correspond to the old ones, which can be an excerpt.
pub(super) fn adapt(old: &[String], new: &[String]) -> Result<Vec<String>, String> {
    let is_gap = |line: &str| line.trim() == "…";
    if !old.iter().any(|line| line.ends_with('…')) {
        return Ok(new.to_vec());
    }
    let mut lines: Vec<String> = Vec::new();
    let mut next = 0;
    for line in old.iter().filter(|line| !is_gap(line)) {
        let rest = new.get(next..).unwrap_or_default();
        let found = find_similar(line, rest).ok_or_else(|| {
            format!(
                "the command no longer writes a line such as `{}`",
                line.trim()
            )
        })?;
        if found > 0 {
            lines.push("…".to_owned());
        }
        let fresh = rest.get(found).map(String::as_str).unwrap_or_default();
        lines.push(match line.strip_suffix('…') {
            Some(start) if !fresh.ends_with('…') => cut(fresh, start.split_whitespace().count()),
            _ => fresh.to_owned(),
        });
        next += found + 1;
    }
    if next < new.len() {
        lines.push("…".to_owned());
    }
    Ok(lines)
}

/// The first of the lines that have the most words of `line` and at least half of them; numbers don't count.
fn find_similar(line: &str, lines: &[String]) -> Option<usize> {
    let words = |line: &str| -> Vec<String> {
        let words = line
            .split_whitespace()
            .map(|word| word.replace(|letter: char| letter.is_ascii_digit(), ""));
        words
            .filter(|word| word != "…" && !word.chars().all(|letter| letter.is_ascii_punctuation()))
            .collect()
    };
    let wanted = words(line);
    if wanted.is_empty() {
        return lines.iter().position(|other| other == line);
    }
    let mut best: Option<(usize, usize)> = None;
    for (index, line) in lines.iter().enumerate() {
        let there = words(line);
        let common = wanted.iter().filter(|word| there.contains(word)).count();
        let is_better = best.is_none_or(|(most, _)| common > most);
        if common > 0 && common * 2 >= wanted.len() && is_better {
            best = Some((common, index));
        }
    }
    best.map(|(_, index)| index)
}

/// The first words of a line with its spaces, and `…`; the whole line if it has no more.
fn cut(line: &str, words: usize) -> String {
    let mut count = 0;
    let mut previous = ' ';
    for (index, letter) in line.char_indices() {
        if letter == ' ' && previous != ' ' {
            count += 1;
            if count == words {
                return format!("{} …", line.get(..index).unwrap_or(line));
            }
        }
        previous = letter;
    }
    line.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn an_excerpt_stays_one() {
        let old = lines(
            "100% of the messages\n…\n\ncost  $5 in 2d\nif AWS differs  8% if AWS uses …\n…\n fixed, 8 tasks  100%",
        );
        let new = lines(
            "98% of the messages\na\nb\n\ncost  $6 in 2d\nnew\nif AWS differs  9% if AWS uses all of it\nc\n fixed, 9 tasks  99%\nlast",
        );
        let expected = lines(
            "98% of the messages\n…\n\ncost  $6 in 2d\n…\nif AWS differs  9% if AWS uses …\n…\n fixed, 9 tasks  99%\n…",
        );
        assert_eq!(adapt(&old, &new).unwrap(), expected);
        assert_eq!(adapt(&expected, &new).unwrap(), expected);
        assert!(
            adapt(&lines("gone away\n…"), &new)
                .unwrap_err()
                .contains("`gone away`")
        );
        assert_eq!(adapt(&lines("whole"), &new).unwrap(), new);
    }
}
