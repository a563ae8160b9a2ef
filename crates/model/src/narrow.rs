//! Which of all tags of a repository: by patterns of their names, by a range of versions, the newest so many.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{TagName, version::version};

/// A pattern of tag names: `*` stands for any text, `?` for one letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Glob(String);

/// A text that is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is no pattern of tags: write letters, digits, . _ and -, with * for any text and ? for one letter, as in 2.*"
)]
pub struct GlobError(String);

impl Glob {
    /// The longest pattern: no tag is longer.
    const LONGEST: usize = 128;

    /// Whether a name fits. At most one step back for each letter: time grows with name times pattern, both bounded.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        crate::allowed::glob(&self.0, name)
    }
}

impl FromStr for Glob {
    type Err = GlobError;

    fn from_str(text: &str) -> Result<Self, GlobError> {
        let letters = |c: char| c.is_ascii_alphanumeric() || "._-*?".contains(c);
        if text.is_empty() || text.len() > Self::LONGEST || !text.chars().all(letters) {
            return Err(GlobError(text.chars().take(80).collect()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Glob {
    type Error = GlobError;

    fn try_from(text: String) -> Result<Self, GlobError> {
        text.parse()
    }
}

impl From<Glob> for String {
    fn from(glob: Glob) -> Self {
        glob.0
    }
}

/// A range of versions, as in `>=2.0, <3`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Range(semver::VersionReq);

/// A text that is no range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is no range of versions ({why}): write it as in >=2.0, <3")]
pub struct RangeError {
    text: String,
    why: String,
}

impl Range {
    /// Whether a tag is a version in this range. A pre-release is in it only if the range names one of the same version.
    #[must_use]
    pub fn matches(&self, tag: &str) -> bool {
        version(tag).is_some_and(|version| self.0.matches(&version))
    }
}

impl FromStr for Range {
    type Err = RangeError;

    fn from_str(text: &str) -> Result<Self, RangeError> {
        let refuse = |why: String| RangeError {
            text: text.chars().take(80).collect(),
            why,
        };
        if text.len() > 200 {
            return Err(refuse("too long".to_owned()));
        }
        text.parse()
            .map(Self)
            .map_err(|error: semver::Error| refuse(error.to_string()))
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<String> for Range {
    type Error = RangeError;

    fn try_from(text: String) -> Result<Self, RangeError> {
        text.parse()
    }
}

impl From<Range> for String {
    fn from(range: Range) -> Self {
        range.0.to_string()
    }
}

/// What narrows all tags of a repository; everything that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Narrow {
    /// The name fits one of these, if there are any.
    #[serde(default)]
    pub include: Vec<Glob>,
    /// The name fits none of these.
    #[serde(default)]
    pub exclude: Vec<Glob>,
    /// The tag is a version in this range.
    #[serde(default)]
    pub range: Option<Range>,
    /// Of those, only so many: the highest versions. Tags that are no versions are not among them.
    #[serde(default)]
    pub newest: Option<u32>,
    /// Of those that the limit takes at once, only these, if there are any. The others of them are not wanted; what is beyond
    /// the limit waits.
    #[serde(default)]
    pub picked: Vec<TagName>,
}

impl Narrow {
    /// Patterns of one kind, at most.
    pub const PATTERNS: usize = 50;

    /// Whether it leaves all tags.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The tags it leaves, in the order given; `picked` is for who knows the limit.
    #[must_use]
    pub fn select(&self, mut tags: Vec<TagName>) -> Vec<TagName> {
        let fits =
            |globs: &[Glob], tag: &TagName| globs.iter().any(|glob| glob.matches(tag.as_str()));
        tags.retain(|tag| {
            (self.include.is_empty() || fits(&self.include, tag))
                && !fits(&self.exclude, tag)
                && self
                    .range
                    .as_ref()
                    .is_none_or(|range| range.matches(tag.as_str()))
        });
        if let Some(newest) = self.newest {
            let mut versions: Vec<_> = tags
                .iter()
                .enumerate()
                .filter_map(|(place, tag)| Some((version(tag.as_str())?, place)))
                .collect();
            versions.sort_by(|(a, at), (b, bt)| b.cmp(a).then(at.cmp(bt)));
            let mut places: Vec<usize> = versions
                .into_iter()
                .take(usize::try_from(newest).unwrap_or(usize::MAX))
                .map(|(_, place)| place)
                .collect();
            places.sort_unstable();
            tags = places
                .into_iter()
                .map(|place| tags[place].clone())
                .collect();
        }
        tags
    }
}

impl fmt::Display for Narrow {
    /// As in "2.* without *-rc*, versions >=2.0, the newest 5".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |globs: &[Glob]| {
            let all: Vec<_> = globs.iter().map(ToString::to_string).collect();
            all.join(", ")
        };
        let mut parts = Vec::new();
        match (self.include.as_slice(), self.exclude.as_slice()) {
            ([], []) => {}
            (include, []) => parts.push(list(include)),
            ([], exclude) => parts.push(format!("without {}", list(exclude))),
            (include, exclude) => {
                parts.push(format!("{} without {}", list(include), list(exclude)));
            }
        }
        parts.extend(self.range.as_ref().map(|range| format!("versions {range}")));
        parts.extend(self.newest.map(|newest| format!("the newest {newest}")));
        match self.picked.len() {
            0 => {}
            n => parts.push(format!("the {n} ticked")),
        }
        f.write_str(&parts.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(all: &[&str]) -> Vec<TagName> {
        all.iter().map(|name| name.parse().unwrap()).collect()
    }

    fn globs(all: &[&str]) -> Vec<Glob> {
        all.iter().map(|glob| glob.parse().unwrap()).collect()
    }

    #[test]
    fn stars_and_question_marks_stand_for_letters() {
        for (pattern, name, fits) in [
            ("2.*", "2.7", true),
            ("2.*", "2", false),
            ("*", "latest", true),
            ("2.?", "2.10", false),
            ("2.??", "2.10", true),
            ("*-rc*", "2.0-rc1", true),
            ("*-rc*", "2.0", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("2.7", "2.70", false),
        ] {
            assert_eq!(
                pattern.parse::<Glob>().unwrap().matches(name),
                fits,
                "{pattern} {name}"
            );
        }
        let slow: Glob = "*a".repeat(60).parse().unwrap();
        assert!(
            !slow.matches(&format!("{}b", "a".repeat(127))),
            "and is soon done"
        );
        for text in ["", "a b", "[ab]", "ä", &"a".repeat(129)] {
            let error = text.parse::<Glob>().unwrap_err().to_string();
            assert!(error.contains("as in 2.*"), "{error}");
        }
    }

    #[test]
    fn a_range_reads_versions_and_passes_over_other_tags() {
        let range: Range = ">=2.0, <3".parse().unwrap();
        for (tag, fits) in [
            ("2.0", true),
            ("v2.9.1", true),
            ("3.0", false),
            ("1.9", false),
            ("2.1-rc1", false),
            ("latest", false),
            ("2", false),
        ] {
            assert_eq!(range.matches(tag), fits, "{tag}");
        }
        assert_eq!(range.to_string().parse::<Range>(), Ok(range));
        for text in ["new", ">=2 <3", &"1".repeat(300)] {
            let error = text.parse::<Range>().unwrap_err().to_string();
            assert!(error.contains("as in >=2.0, <3"), "{error}");
        }
    }

    #[test]
    fn everything_given_must_hold_and_the_order_stays() {
        let all = names(&["latest", "3.0", "2.10", "2.9", "2.10.1", "2.9-rc1", "edge"]);
        let select = |narrow: &Narrow| {
            let left = narrow.select(all.clone());
            left.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(select(&Narrow::default()).len(), 7);
        let mut narrow = Narrow {
            include: globs(&["2.*", "latest"]),
            exclude: globs(&["*-rc*"]),
            ..Narrow::default()
        };
        assert_eq!(select(&narrow), ["latest", "2.10", "2.9", "2.10.1"]);
        narrow.newest = Some(2);
        assert_eq!(select(&narrow), ["2.10", "2.10.1"], "the highest versions");
        narrow.range = Some("<2.10".parse().unwrap());
        assert_eq!(select(&narrow), ["2.9"]);
        assert_eq!(
            narrow.to_string(),
            "2.*, latest without *-rc*; versions <2.10; the newest 2"
        );
        let text = serde_json::to_string(&narrow).unwrap();
        assert_eq!(serde_json::from_str::<Narrow>(&text).unwrap(), narrow);
        assert!(narrow.select(names(&["edge"])).is_empty());
    }
}
