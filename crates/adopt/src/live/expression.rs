//! CloudWatch's metric math, as far as a backlog per task needs it: arithmetic, comparisons, and a few functions.

use std::collections::BTreeMap;

/// Maximum nesting depth of an expression; a deeper one isn't evaluated.
const DEEPEST: u32 = 32;

/// The value of an expression with these values of its terms; `None` if it uses anything unsupported.
pub(super) fn evaluate(expression: &str, values: &BTreeMap<String, f64>) -> Option<f64> {
    let tokens = tokens(expression)?;
    let mut parser = Parser {
        tokens: &tokens,
        at: 0,
        values,
        depth: 0,
    };
    let value = parser.condition()?;
    (parser.at == tokens.len()).then_some(value)
}

/// Identifiers of an expression that aren't followed by a parenthesis.
pub(super) fn identifiers(expression: &str) -> Vec<String> {
    let tokens = tokens(expression).unwrap_or_default();
    let followed = tokens
        .iter()
        .zip(tokens.iter().skip(1).map(Some).chain([None]));
    followed
        .filter_map(|(token, next)| match (token, next) {
            (Token::Name(_), Some(Token::Sign("("))) => None,
            (Token::Name(name), _) => Some(name.clone()),
            _ => None,
        })
        .collect()
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Number(f64),
    Name(String),
    Sign(&'static str),
}

/// Operators, the longer ones first.
const SIGNS: [&str; 18] = [
    "&&", "||", ">=", "<=", "==", "!=", ">", "<", "+", "-", "*", "/", "^", "(", ")", "[", "]", ",",
];

fn tokens(expression: &str) -> Option<Vec<Token>> {
    let mut rest = expression.trim_start();
    let mut found = Vec::new();
    while let Some(first) = rest.chars().next() {
        let end = |fits: fn(char) -> bool| rest.find(|letter| !fits(letter)).unwrap_or(rest.len());
        let length = if first.is_ascii_digit() || first == '.' {
            let length = end(|letter| letter.is_ascii_digit() || letter == '.');
            found.push(Token::Number(rest[..length].parse().ok()?));
            length
        } else if first.is_ascii_alphabetic() {
            let length = end(|letter| letter.is_ascii_alphanumeric() || letter == '_');
            found.push(Token::Name(rest[..length].to_owned()));
            length
        } else {
            let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign))?;
            found.push(Token::Sign(sign));
            sign.len()
        };
        rest = rest[length..].trim_start();
    }
    Some(found)
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    values: &'a BTreeMap<String, f64>,
    depth: u32,
}

impl Parser<'_> {
    fn take(&mut self, signs: &[&'static str]) -> Option<&'static str> {
        match self.tokens.get(self.at) {
            Some(Token::Sign(sign)) if signs.contains(sign) => {
                self.at += 1;
                Some(sign)
            }
            _ => None,
        }
    }

    /// The lowest precedence: `&&` and `||`.
    fn condition(&mut self) -> Option<f64> {
        let mut left = self.comparison()?;
        while let Some(sign) = self.take(&["&&", "||"]) {
            let right = self.comparison()?;
            let (a, b) = (left != 0.0, right != 0.0);
            left = f64::from(u8::from(if sign == "&&" { a && b } else { a || b }));
        }
        Some(left)
    }

    fn comparison(&mut self) -> Option<f64> {
        let mut left = self.sum()?;
        while let Some(sign) = self.take(&[">=", "<=", "==", "!=", ">", "<"]) {
            let right = self.sum()?;
            let holds = match sign {
                ">=" => left >= right,
                "<=" => left <= right,
                "==" => (left - right).abs() < f64::EPSILON,
                "!=" => (left - right).abs() >= f64::EPSILON,
                ">" => left > right,
                _ => left < right,
            };
            left = f64::from(u8::from(holds));
        }
        Some(left)
    }

    fn sum(&mut self) -> Option<f64> {
        let mut left = self.product()?;
        while let Some(sign) = self.take(&["+", "-"]) {
            let right = self.product()?;
            left = if sign == "+" {
                left + right
            } else {
                left - right
            };
        }
        Some(left)
    }

    fn product(&mut self) -> Option<f64> {
        let mut left = self.atom()?;
        while let Some(sign) = self.take(&["*", "/", "^"]) {
            let right = self.atom()?;
            left = match sign {
                "*" => left * right,
                "/" => left / right,
                _ => left.powf(right),
            };
        }
        Some(left)
    }

    fn atom(&mut self) -> Option<f64> {
        self.depth += 1;
        let value = (self.depth <= DEEPEST).then(|| self.shallow_atom())?;
        self.depth -= 1;
        value
    }

    fn shallow_atom(&mut self) -> Option<f64> {
        if self.take(&["-"]).is_some() {
            return Some(-self.atom()?);
        }
        if self.take(&["("]).is_some() {
            let value = self.condition()?;
            return self.take(&[")"]).map(|_| value);
        }
        let token = self.tokens.get(self.at)?.clone();
        self.at += 1;
        match token {
            Token::Number(value) => Some(value),
            Token::Name(name) if self.take(&["("]).is_some() => self.call(&name),
            Token::Name(name) => self.values.get(&name).copied(),
            Token::Sign(_) => None,
        }
    }

    /// The arguments of a function; the items of a list count as separate arguments.
    fn call(&mut self, name: &str) -> Option<f64> {
        let mut arguments = Vec::new();
        while self.take(&[")"]).is_none() {
            if self.take(&["[", "]", ","]).is_none() {
                arguments.push(self.condition()?);
            }
        }
        let first = *arguments.first()?;
        match (name.to_uppercase().as_str(), arguments.as_slice()) {
            // Every term has a value here.
            ("FILL", [value, _]) => Some(*value),
            ("IF", [condition, then, otherwise]) => {
                Some(if *condition != 0.0 { *then } else { *otherwise })
            }
            ("IF", [condition, then]) => (*condition != 0.0).then_some(*then),
            ("MAX", all) => Some(all.iter().copied().fold(first, f64::max)),
            ("MIN", all) => Some(all.iter().copied().fold(first, f64::min)),
            ("SUM", all) => Some(all.iter().sum()),
            ("CEIL", [value]) => Some(value.ceil()),
            ("FLOOR", [value]) => Some(value.floor()),
            ("ABS", [value]) => Some(value.abs()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(expression: &str) -> Option<f64> {
        let values = [("m1", 100.0), ("m2", 20.0), ("tasks", 4.0), ("none", 0.0)];
        let values = values.map(|(name, value)| (name.to_owned(), value));
        evaluate(expression, &values.into())
    }

    #[test]
    fn expressions_are_evaluated_as_cloudwatch_does() {
        for (expression, expected) in [
            ("m1 / tasks", 25.0),
            ("(m1+m2)/tasks", 30.0),
            ("m1 + m2 / tasks", 105.0),
            ("m1/FILL(tasks, 1)", 25.0),
            ("IF(none > 0, m1/none, m1)", 100.0),
            ("m1 / MAX([tasks, 1])", 25.0),
            ("m1 / IF(none, none, 1)", 100.0),
            ("SUM([m1, m2]) * 0.5", 60.0),
            ("-m2 + 30", 10.0),
            ("IF(m1 >= 100 && tasks == 4, 1, 0)", 1.0),
            ("CEIL(m2 / 3)", 7.0),
        ] {
            assert_eq!(value(expression), Some(expected), "{expression}");
        }
        let deep = format!("{}m1{}", "(".repeat(10_000), ")".repeat(10_000));
        for unknown in [
            "",
            "m9",
            "m1 /",
            "(m1",
            "m1)",
            "ANOMALY_DETECTION_BAND(m1)",
            "m1 m2",
            "FILL(m1",
            "1.2.3",
            "m1 § m2",
            "IF()",
            &deep,
        ] {
            assert_eq!(value(unknown), None, "{unknown:.20}");
        }
    }

    #[test]
    fn terms_are_told_from_functions() {
        assert_eq!(
            identifiers("IF(tasks > 0, m1 / tasks, m1)"),
            ["tasks", "m1", "tasks", "m1"]
        );
    }
}
