//! The order of tags: `latest`, then minor versions, then full versions, newest first, then everything else by bytes.
//!
//! The order is one text, [`sort_key`]: comparing two keys byte by byte compares the tags. The store keeps it in a
//! column, so lists, imports under a cap and descriptions all agree.

/// Text whose byte order is the priority order of tags.
#[must_use]
pub fn sort_key(tag: &str) -> String {
    if tag == "latest" {
        return "0".to_owned();
    }
    match Version::parse(tag) {
        // The tag itself ends the key, so `v1.2` and `1.2` keep a stable order.
        Some(version) => format!(
            "{}{}{tag}",
            if version.patch.is_none() { '1' } else { '2' },
            version.descending()
        ),
        None => format!("3{tag}"),
    }
}

/// The version a tag names, a missing patch as 0; none for a tag that is no version (`latest`, `2`, `01.02`).
#[must_use]
pub fn version(tag: &str) -> Option<semver::Version> {
    let found = Version::parse(tag)?;
    let pre = semver::Prerelease::new(found.pre.unwrap_or_default()).ok()?;
    Some(semver::Version {
        pre,
        ..semver::Version::new(found.major, found.minor, found.patch.unwrap_or(0))
    })
}

struct Version<'a> {
    major: u64,
    minor: u64,
    patch: Option<u64>,
    pre: Option<&'a str>,
}

impl<'a> Version<'a> {
    fn parse(tag: &'a str) -> Option<Self> {
        let text = tag.strip_prefix('v').unwrap_or(tag);
        let (numbers, pre) = match text.split_once('-') {
            Some((numbers, pre)) => (numbers, Some(pre)),
            None => (text, None),
        };
        let pre_ok = |pre: &str| {
            pre.split('.')
                .all(|id| !id.is_empty() && (!digits(id) || number(id).is_some()))
        };
        if pre.is_some_and(|pre| !pre_ok(pre) || pre.contains('_')) {
            return None;
        }
        let mut parts = numbers.split('.');
        let major = number(parts.next()?)?;
        let minor = number(parts.next()?)?;
        let patch = match parts.next() {
            Some(patch) => Some(number(patch)?),
            None => None,
        };
        if parts.next().is_some() {
            None
        } else {
            Some(Self {
                major,
                minor,
                patch,
                pre,
            })
        }
    }

    /// Byte order of this text is descending version order.
    fn descending(&self) -> String {
        let flip = |n: u64| format!("{:020}", u64::MAX - n);
        let mut key = flip(self.major) + &flip(self.minor) + &flip(self.patch.unwrap_or(0));
        let Some(pre) = self.pre else {
            key.push('0');
            return key;
        };
        key.push('1');
        for identifier in pre.split('.') {
            if let Some(n) = number(identifier) {
                key.push('n');
                key.push_str(&flip(n));
            } else {
                key.push('a');
                // '-' to 'z' turned round; '}' and '~' sort after all of them.
                key.extend(
                    identifier
                        .bytes()
                        .map(|b| char::from(0x21 + (0x7a - b.clamp(0x2d, 0x7a)))),
                );
            }
            key.push('}');
        }
        key.push('~');
        key
    }
}

fn digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// A decimal number without leading zeros.
fn number(text: &str) -> Option<u64> {
    let plain = digits(text) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recorded_priority_order_holds() {
        let expected = [
            "latest",
            "1.10",
            "v1.3",
            "1.2",
            "1.2-rc1",
            "1.1",
            "2.0.0",
            "2.0.0-alpha.1",
            "2.0.0-alpha",
            "v1.2.4",
            "1.2.3",
            "01.02",
            "1.2.3.4",
            "10",
            "2",
            "A_b",
            "edge",
        ];
        let mut tags = expected.to_vec();
        tags.reverse();
        tags.sort_by_key(|tag| sort_key(tag));
        assert_eq!(tags, expected);
    }

    #[test]
    fn prereleases_order_as_semver_says_newest_first() {
        let expected = [
            "1.0.0",
            "1.0.0-rc.1",
            "1.0.0-beta.11",
            "1.0.0-beta.2",
            "1.0.0-beta",
            "1.0.0-alpha.beta",
            "1.0.0-alpha.1",
            "1.0.0-alpha",
        ];
        let mut tags = expected.to_vec();
        tags.sort();
        tags.sort_by_key(|tag| sort_key(tag));
        assert_eq!(tags, expected);
    }
}
