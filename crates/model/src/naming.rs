//! What a tag's name says of it: whether it can ever move. Advice only; any legal name is taken.

/// Why a tag of this name will hardly ever have a second revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fixed {
    /// It names a day or a month.
    Dated,
    /// It names one commit or build.
    Commit,
    /// It names a version down to its patch.
    Patch,
}

/// What to know about a name, and a name that could move; none for names that can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// What it names.
    pub fixed: Fixed,
    /// One or two sentences.
    pub text: String,
    /// A name that would collect history, if one can be made of this one.
    pub instead: Option<String>,
}

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// Examples of names that tell their purpose: the name after the colon, and what it is for.
pub const EXAMPLES: [(&str, &str); 5] = [
    ("v2.0.1", "one revision: never moves"),
    ("v2.0-x86_64", "a version for one architecture"),
    ("v1.2-centos7", "a version on one base image"),
    ("latest", "the newest, whatever it is"),
    ("stable", "the newest that is to be relied on"),
];

/// Looks at a name.
#[must_use]
pub fn advise(name: &str) -> Option<Advice> {
    let parts: Vec<&str> = name.split(['-', '_']).collect();
    if let Some(kept) = without_date(&parts) {
        let instead = (!kept.is_empty()).then(|| kept.join("-"));
        return Some(advice(
            Fixed::Dated,
            "names a date, so it will hardly ever move and gathers no history; nothing prunes it by itself.",
            name,
            instead,
        ));
    }
    if parts.iter().any(|part| is_commit(part)) {
        let kept: Vec<&str> = parts
            .iter()
            .copied()
            .filter(|part| !is_commit(part) && !matches!(*part, "sha" | "git"))
            .collect();
        let instead = (!kept.is_empty()).then(|| kept.join("-"));
        return Some(advice(
            Fixed::Commit,
            "names one commit, so it will never move; every build adds one more tag.",
            name,
            instead,
        ));
    }
    let (first, rest) = parts.split_first()?;
    let (prefix, digits) = match first.strip_prefix(['v', 'V']) {
        Some(digits) => (&first[..1], digits),
        None => ("", *first),
    };
    let numbers: Vec<&str> = digits.split('.').collect();
    let patch = numbers.len() >= 3
        && numbers
            .iter()
            .all(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()));
    if !patch {
        return None;
    }
    let mut instead = format!("{prefix}{}.{}", numbers[0], numbers[1]);
    for part in rest {
        instead.push('-');
        instead.push_str(part);
    }
    Some(advice(
        Fixed::Patch,
        "names a version down to its patch, so it will hardly ever move.",
        name,
        Some(instead),
    ))
}

fn advice(fixed: Fixed, what: &str, name: &str, instead: Option<String>) -> Advice {
    // What is left may be just as fixed: go on until it can move.
    let instead = instead
        .map(|instead| match advise(&instead) {
            Some(further) => further.instead,
            None => Some(instead),
        })
        .unwrap_or_default()
        .filter(|instead| instead.parse::<crate::TagName>().is_ok());
    let text = match &instead {
        Some(instead) => format!("{name} {what} A name that moves: {instead}."),
        None => format!("{name} {what}"),
    };
    Advice {
        fixed,
        text,
        instead,
    }
}

/// The parts that are no date, if some are one.
fn without_date<'a>(parts: &[&'a str]) -> Option<Vec<&'a str>> {
    let mut kept = Vec::new();
    let mut found = false;
    let mut i = 0;
    while let Some(part) = parts.get(i) {
        let next = parts.get(i + 1).copied().unwrap_or_default();
        let third = parts.get(i + 2).copied().unwrap_or_default();
        let words = if is_day(part) {
            1
        } else if is_year(part) && is_between(next, 2, 1, 12) {
            // A day, too, if there is one.
            if is_between(third, 2, 1, 31) { 3 } else { 2 }
        } else if (is_month(part) && is_year(next)) || (is_year(part) && is_month(next)) {
            2
        } else {
            0
        };
        if words == 0 {
            kept.push(*part);
            i += 1;
        } else {
            found = true;
            i += words;
        }
    }
    found.then_some(kept)
}

/// `20260501`, `2026.05.01`.
fn is_day(part: &str) -> bool {
    let dotted: Vec<&str> = part.split('.').collect();
    match dotted.as_slice() {
        [year, month, day] => {
            is_year(year) && is_between(month, 2, 1, 12) && is_between(day, 2, 1, 31)
        }
        [all] if all.len() == 8 && all.is_ascii() => {
            is_year(&all[..4])
                && is_between(&all[4..6], 2, 1, 12)
                && is_between(&all[6..], 2, 1, 31)
        }
        _ => false,
    }
}

fn is_year(part: &str) -> bool {
    is_between(part, 4, 1990, 2099)
}

fn is_month(part: &str) -> bool {
    let lower = part.to_lowercase();
    MONTHS
        .iter()
        .any(|month| lower.starts_with(month) && lower.len() <= 9 && lower.is_ascii())
        && lower.bytes().all(|b| b.is_ascii_lowercase())
}

fn is_between(part: &str, digits: usize, least: u32, most: u32) -> bool {
    part.len() == digits
        && part.bytes().all(|b| b.is_ascii_digit())
        && part
            .parse()
            .is_ok_and(|number: u32| (least..=most).contains(&number))
}

/// 7 to 40 hexadecimal digits, with letters and numbers among them.
fn is_commit(part: &str) -> bool {
    let hex = part.strip_prefix('g').unwrap_or(part);
    (7..=40).contains(&hex.len())
        && hex
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        && hex.bytes().any(|b| b.is_ascii_digit())
        && hex.bytes().any(|b| b.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_can_never_move_are_told_with_one_that_can() {
        for (name, fixed, instead) in [
            ("v2.0.1-may-2016", Fixed::Dated, Some("v2.0")),
            ("2016-05-31", Fixed::Dated, None),
            ("nightly-20260501", Fixed::Dated, Some("nightly")),
            (
                "build-2026.05.01-alpine",
                Fixed::Dated,
                Some("build-alpine"),
            ),
            ("2026-05", Fixed::Dated, None),
            ("main-3a335d7", Fixed::Commit, Some("main")),
            ("sha-0123456789abcdef", Fixed::Commit, None),
            ("v2.0.1", Fixed::Patch, Some("v2.0")),
            ("1.25.3-alpine", Fixed::Patch, Some("1.25-alpine")),
        ] {
            let advice = advise(name).unwrap_or_else(|| panic!("{name}"));
            assert_eq!(
                (advice.fixed, advice.instead.as_deref()),
                (fixed, instead),
                "{name}"
            );
            assert!(advice.text.starts_with(name), "{}", advice.text);
        }
    }

    #[test]
    fn names_that_move_are_left_alone() {
        for name in [
            "latest",
            "stable",
            "2.0",
            "v1.2-centos7",
            "edge",
            "mayor",
            "decade",
            "2.0-x86_64",
            "1234567",
            "a.b.c",
            "é",
        ] {
            assert_eq!(advise(name), None, "{name}");
        }
    }
}
