//! The meaning of a column's values, from the words of its name. Only whole words count: `account_id` and
//! `discount` aren't counts.

/// The possible meaning of a column's values, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Meaning {
    /// A sum, such as CloudWatch's statistic.
    Sum,
    /// Sent messages.
    Sent,
    /// A count, by a name with no other meaning.
    Count,
    /// A count of something in the name.
    CountOf,
    /// Unknown: perhaps the name of a queue.
    Unknown,
    /// Duration of the work.
    Duration,
    /// A statistic that isn't a count of messages sent.
    Statistic,
    /// A number that is an identifier.
    Label,
}

const DURATION: &str = "duration durations latency elapsed processing took runtime work dauer ms millis milliseconds \
    seconds sec secs us ns wait response execution";
const STATISTIC: &str = "average avg mean mittelwert min minimum max maximum median percentile stddev std variance sample \
    samples samplecount datapoint datapoints approximate visible delayed age oldest flight inflight \
    backlog depth queued waiting pending empty size bytes percent pct cpu memory usage utilization \
    price cost";
const LABEL: &str = "id ids code status port version year month week weekday zip shard partition table lat lon index \
    level pid account line row unit span step interval period granularity offset spandays raw serial \
    end stop";
const SENT: &str = "sent enqueued published gesendet";
const COUNT: &str = "count counts cnt messages message msgs msg requests request reqs arrivals events event hits \
    views jobs job items records calls invocations value values total number num n qty quantity \
    incoming anzahl menge wert nachrichten anfragen rate received doc";
/// Words that don't change the meaning of a count's name.
const FILLER: &str = "of the per sqs aws queue s sec second m min minute h hour day all new 1";
const TIME: &str = "timestamp timestamps time datetime date ts epoch unix utc gmt iso zeit datum zeitstempel \
    zeitpunkt ms millis seconds us ns";
const BEGINNING: &str = "sent created start begin from enqueued published submitted bin bucket";
const END: &str =
    "end stop to last updated modified received deleted processed completed finished expires";
const TIMELY: &str = "at when day tag hour minute on";
const NOT_TIME: &str = "response processing elapsed duration latency execution wait took work";

/// Splits a name into lowercase words: where letters end, and where camel case starts a word.
pub(super) fn split_words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let letters: Vec<char> = name.chars().collect();
    for (index, &c) in letters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| letters.get(before));
        let after = letters.get(index + 1);
        let begins = c.is_uppercase()
            && (before.is_some_and(|before| before.is_lowercase())
                || after.is_some_and(|after| after.is_lowercase())
                    && before.is_some_and(|before| before.is_uppercase()));
        if begins || !c.is_alphanumeric() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn has_any(words: &[String], list: &str) -> bool {
    words.iter().any(|word| is_in(word, list))
}

fn is_in(word: &str, list: &str) -> bool {
    list.split(' ').any(|listed| listed == word)
}

/// Whether a name has one of these words.
pub(super) fn has_word(name: &str, wanted: &str) -> bool {
    has_any(&split_words(name), wanted)
}

/// Returns the meaning of a column's values, by its name.
pub(super) fn meaning(name: &str) -> Meaning {
    let words = split_words(name);
    let percentile = |word: &String| {
        word.strip_prefix('p')
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    if as_count(&words) {
        Meaning::CountOf
    } else if has_any(&words, LABEL) {
        Meaning::Label
    } else if rate_seconds(name).is_none() && has_any(&words, DURATION) {
        Meaning::Duration
    } else if rate_seconds(name).is_none()
        && (has_any(&words, STATISTIC) || words.iter().any(percentile))
    {
        Meaning::Statistic
    } else if has_any(&words, "sum summe") {
        Meaning::Sum
    } else if has_any(&words, SENT) {
        Meaning::Sent
    } else if rate_seconds(name).is_some() || has_any(&words, COUNT) {
        let plain = words
            .iter()
            .all(|word| is_in(word, COUNT) || is_in(word, FILLER));
        if plain {
            Meaning::Count
        } else {
            Meaning::CountOf
        }
    } else {
        Meaning::Unknown
    }
}

/// Whether Datadog's function is a count, regardless of its aggregation over hosts.
fn as_count(words: &[String]) -> bool {
    words
        .windows(2)
        .any(|pair| pair[0] == "as" && pair[1] == "count")
}

/// Returns how likely it is that a column contains the times, starting with 1. `None` for the name of a
/// duration.
pub(super) fn time_rank(name: &str) -> Option<u8> {
    let words = split_words(name);
    let only_time = words.iter().all(|word| is_in(word, TIME));
    if has_any(&words, NOT_TIME) {
        None
    } else if !words.is_empty() && only_time {
        Some(1)
    } else if has_any(&words, END) {
        Some(5)
    } else if has_any(&words, BEGINNING) {
        Some(2)
    } else if has_any(&words, TIME) || has_any(&words, TIMELY) {
        Some(3)
    } else {
        Some(4)
    }
}

/// Whether the name is a counter's by Prometheus's convention, so that the values only increase.
pub(super) fn is_counter(name: &str) -> bool {
    let bare = name.split('{').next().unwrap_or_default().trim();
    bare.to_lowercase().ends_with("_total") || has_any(&split_words(bare), "cumulative counter")
}

/// Whether the name is a rate's.
pub(super) fn is_rate(name: &str) -> bool {
    has_any(&split_words(name), "rate") || rate_seconds(name).is_some()
}

/// Returns the seconds of a rate's unit: 1 for `req/s`, `per second`, or `rps`, 60 for `/min`, and so on.
pub(super) fn rate_seconds(text: &str) -> Option<u32> {
    let unit = |word: &str| {
        Some(match word {
            "s" | "sec" | "second" => 1,
            "m" | "min" | "minute" => 60,
            "h" | "hr" | "hour" => 3_600,
            "d" | "day" => 86_400,
            _ => return None,
        })
    };
    let words = split_words(text);
    let after_slash = text
        .split('/')
        .skip(1)
        .find_map(|after| unit(split_words(after).first()?));
    let per = words.windows(2).find_map(|pair| match pair {
        [per, word] if per == "per" => unit(word),
        // Datadog's rates are per second.
        [r#as, rate] if r#as == "as" && rate == "rate" => Some(1),
        _ => None,
    });
    let short = words.iter().find_map(|word| match word.as_str() {
        "rps" | "qps" | "tps" | "mps" | "cps" | "hz" => Some(1),
        "rpm" | "qpm" | "tpm" | "mpm" | "cpm" => Some(60),
        _ => None,
    });
    after_slash.or(per).or(short)
}

/// Returns the candidates whose names are most likely to mean sent messages.
pub(super) fn choose_likeliest<T: Copy>(
    candidates: &[T],
    meaning: impl Fn(&T) -> Meaning,
) -> Vec<T> {
    let with = |wanted: &[Meaning]| -> Vec<T> {
        let these = candidates
            .iter()
            .filter(|one| wanted.contains(&meaning(one)));
        these.copied().collect()
    };
    [
        [Meaning::Sum].as_slice(),
        &[Meaning::Sent],
        &[Meaning::Count],
        &[Meaning::CountOf, Meaning::Unknown],
    ]
    .into_iter()
    .map(with)
    .find(|found| !found.is_empty())
    .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_into_whole_words() {
        assert_eq!(
            split_words("NumberOfMessagesSent"),
            ["number", "of", "messages", "sent"]
        );
        assert_eq!(split_words("aws.sqs.number_of_messages_sent").len(), 6);
        assert_eq!(
            split_words("SQSMessages count(*)"),
            ["sqs", "messages", "count"]
        );
        assert_eq!(split_words("Elapsed (ms)"), ["elapsed", "ms"]);
    }

    #[test]
    fn names_have_a_meaning() {
        for (name, expected) in [
            ("Sum", Meaning::Sum),
            ("SampleCount", Meaning::Statistic),
            ("Datapoints", Meaning::Statistic),
            ("NumberOfMessagesSent", Meaning::Sent),
            ("ApproximateNumberOfMessagesVisible", Meaning::Statistic),
            ("count(*)", Meaning::Count),
            ("requests", Meaning::Count),
            ("msgs/min", Meaning::Count),
            ("account_id", Meaning::Label),
            ("network_id", Meaning::Label),
            ("discount", Meaning::Unknown),
            ("country", Meaning::Unknown),
            ("queue-a", Meaning::Unknown),
            ("duration_ms", Meaning::Duration),
            ("response_time_ms", Meaning::Duration),
            ("p99", Meaning::Statistic),
            ("_span", Meaning::Label),
            ("_col1", Meaning::Unknown),
            ("avg:aws.sqs.sent{*}.as_count()", Meaning::CountOf),
            ("_value", Meaning::Count),
            ("orders_count", Meaning::CountOf),
        ] {
            assert_eq!(meaning(name), expected, "{name}");
        }
    }

    #[test]
    fn rates_have_units() {
        for (name, seconds) in [
            ("req/s", Some(1)),
            ("Messages per second", Some(1)),
            ("rps", Some(1)),
            ("requests_per_minute", Some(60)),
            ("msgs/min", Some(60)),
            ("1/h", Some(3_600)),
            ("sent/received", None),
            ("rate", None),
        ] {
            assert_eq!(rate_seconds(name), seconds, "{name}");
        }
    }
}
