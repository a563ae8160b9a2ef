//! Policies: insecure connections and why, where clients pull from, how often a tag is looked at again.

use std::{fmt, str::FromStr, time::Duration};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{Reference, StreamRef, TagName};

/// Where consumers of an external image are sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReferencePolicy {
    /// To the registry the image came from.
    #[default]
    Source,
    /// To the integrated registry, which fetches what it does not have.
    Local,
}

impl ReferencePolicy {
    /// The word the store, forms and URLs use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Local => "local",
        }
    }

    /// The policy for a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Source, Self::Local]
            .into_iter()
            .find(|policy| policy.as_str() == word)
    }
}

/// What an import keeps of an image for several platforms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImportMode {
    /// The image of one platform.
    Legacy,
    /// The index, with the images of all its platforms.
    PreserveOriginal,
}

impl Default for ImportMode {
    /// What imports kept before there was a choice, and what forms offer first.
    fn default() -> Self {
        Self::PreserveOriginal
    }
}

impl ImportMode {
    /// The word the store, forms and URLs use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::PreserveOriginal => "preserve-original",
        }
    }

    /// The mode for a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Legacy, Self::PreserveOriginal]
            .into_iter()
            .find(|mode| mode.as_str() == word)
    }

    /// The word of objects in OpenShift's form.
    #[must_use]
    pub fn object_word(self) -> &'static str {
        match self {
            Self::Legacy => "Legacy",
            Self::PreserveOriginal => "PreserveOriginal",
        }
    }
}

impl fmt::Display for ImportMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Legacy => "one platform",
            Self::PreserveOriginal => "all platforms",
        })
    }
}

/// How often an imported tag is looked at again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Schedule {
    /// Only when somebody asks.
    #[default]
    Never,
    /// At the server's period (`WEIR_SCHEDULE_INTERVAL`).
    Global,
    /// At a period of its own, in seconds.
    Every(u32),
}

impl Schedule {
    /// The shortest period of its own a tag may have, in seconds.
    pub const SHORTEST: u32 = 5;
    /// The longest, in seconds: 30 days.
    pub const LONGEST: u32 = 30 * 24 * 3600;

    /// The time between two looks; none if never.
    #[must_use]
    pub fn period(self, global: Duration) -> Option<Duration> {
        match self {
            Self::Never => None,
            Self::Global => Some(global),
            Self::Every(seconds) => Some(Duration::from_secs(seconds.into())),
        }
    }

    /// That of tags without a period of their own, in a stream with this period, in seconds; none for the server's.
    #[must_use]
    pub fn of_stream(period: Option<u32>) -> Self {
        period.map_or(Self::Global, Self::Every)
    }

    /// The word the store and forms use: empty, `global`, or seconds.
    #[must_use]
    pub fn word(self) -> String {
        match self {
            Self::Never => String::new(),
            Self::Global => "global".to_owned(),
            Self::Every(seconds) => seconds.to_string(),
        }
    }
}

impl From<Schedule> for String {
    fn from(schedule: Schedule) -> Self {
        schedule.word()
    }
}

impl TryFrom<String> for Schedule {
    type Error = String;

    fn try_from(word: String) -> Result<Self, String> {
        word.parse()
    }
}

impl FromStr for Schedule {
    type Err = String;

    /// Reads `never` or nothing, `global`, seconds, or a number with `s`, `m`, `h` or `d`.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        match text {
            "" | "never" => return Ok(Self::Never),
            "global" => return Ok(Self::Global),
            _ => {}
        }
        let (number, unit) = match text.char_indices().next_back() {
            Some((at, 's')) => (&text[..at], 1),
            Some((at, 'm')) => (&text[..at], 60),
            Some((at, 'h')) => (&text[..at], 3600),
            Some((at, 'd')) => (&text[..at], 24 * 3600),
            _ => (text, 1),
        };
        let seconds = number
            .trim()
            .parse::<u32>()
            .ok()
            .and_then(|number| number.checked_mul(unit))
            .filter(|seconds| (Self::SHORTEST..=Self::LONGEST).contains(seconds));
        seconds.map(Self::Every).ok_or_else(|| {
            format!("\"{text}\" is no period: write a number with s, m, h or d, from 5s to 30d, as in 15m")
        })
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Never => f.write_str("never"),
            Self::Global => f.write_str("at the server's period"),
            Self::Every(seconds) => {
                let (number, unit) = match seconds {
                    s if s % 86_400 == 0 => (s / 86_400, "d"),
                    s if s % 3_600 == 0 => (s / 3_600, "h"),
                    s if s % 60 == 0 => (s / 60, "m"),
                    s => (s, "s"),
                };
                write!(f, "every {number}{unit}")
            }
        }
    }
}

/// How fresh the image of a tag has to be when it is pulled by the tag's name through the registry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Freshness {
    /// As it is here; what is not stored is fetched. Imports and schedules move the tag, pulls do not.
    #[default]
    Local,
    /// The source is asked before each pull.
    Always,
    /// The source is asked if nobody has for so many seconds.
    Every(u32),
    /// As it is here, and only what is stored here: the source is never asked for anything.
    Never,
}

impl Freshness {
    /// Since when the source must have been asked; none if it need not be.
    #[must_use]
    pub fn asked_since(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Local | Self::Never => None,
            Self::Always => Some(now),
            Self::Every(seconds) => Some(now - chrono::Duration::seconds(seconds.into())),
        }
    }

    /// The word the store and forms use: `local`, `always`, `never`, or seconds.
    #[must_use]
    pub fn word(self) -> String {
        match self {
            Self::Local => "local".to_owned(),
            Self::Always => "always".to_owned(),
            Self::Every(seconds) => seconds.to_string(),
            Self::Never => "never".to_owned(),
        }
    }
}

impl From<Freshness> for String {
    fn from(freshness: Freshness) -> Self {
        freshness.word()
    }
}

impl TryFrom<String> for Freshness {
    type Error = String;

    fn try_from(word: String) -> Result<Self, String> {
        word.parse()
    }
}

impl FromStr for Freshness {
    type Err = String;

    /// Reads `local`, `always`, `never`, seconds, or a number with `s`, `m`, `h` or `d`.
    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            "local" => Ok(Self::Local),
            "always" => Ok(Self::Always),
            "never" => Ok(Self::Never),
            other => match other.parse() {
                Ok(Schedule::Every(seconds)) => Ok(Self::Every(seconds)),
                _ => Err(format!(
                    "\"{other}\" is no period: write a number with s, m, h or d, from 5s to 30d, as in 15m"
                )),
            },
        }
    }
}

impl fmt::Display for Freshness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Local => f.write_str("as imported"),
            Self::Always => f.write_str("asks the source before each pull"),
            Self::Every(seconds) => {
                write!(f, "asks the source at most {}", Schedule::Every(seconds))
            }
            Self::Never => f.write_str("only what is stored here"),
        }
    }
}

/// Where an effective insecure policy comes from. `true` anywhere wins: a tag cannot make an insecure stream strict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Insecure {
    /// HTTPS with a verified certificate, nothing else.
    No,
    /// The stream is marked insecure, so every tag of it is.
    Stream,
    /// This tag is marked insecure.
    Tag,
}

impl Insecure {
    /// The rule: stream OR tag.
    #[must_use]
    pub fn effective(stream: bool, tag: bool) -> Self {
        match (stream, tag) {
            (true, _) => Self::Stream,
            (false, true) => Self::Tag,
            (false, false) => Self::No,
        }
    }

    /// Whether unverified TLS and plain HTTP are allowed.
    #[must_use]
    pub fn allowed(self) -> bool {
        self != Self::No
    }
}

/// One line of the report on insecure connections: a stream that allows them, or has tags that do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InsecureRow {
    /// The stream.
    pub stream: StreamRef,
    /// It allows them itself, for all its tags.
    pub whole: bool,
    /// Tags it has.
    pub tags: i64,
    /// Of those, the ones that allow them themselves.
    pub insecure_tags: i64,
    /// Their names, if they are no more than [`InsecureRow::NAMED`]; else the first ones.
    pub named: Vec<TagName>,
    /// The source repository of the stream if it allows them; else what the first of the tags imports.
    pub source: Option<Reference>,
}

impl InsecureRow {
    /// Tags named, at most.
    pub const NAMED: usize = 250;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freshness_is_a_word_or_a_period() {
        for (text, freshness) in [
            ("local", Freshness::Local),
            ("always", Freshness::Always),
            ("never", Freshness::Never),
            ("15m", Freshness::Every(900)),
            ("900", Freshness::Every(900)),
        ] {
            assert_eq!(text.parse(), Ok(freshness), "{text}");
            assert_eq!(freshness.word().parse(), Ok(freshness), "{text}");
        }
        for bad in ["", "global", "1s", "soon"] {
            assert!(bad.parse::<Freshness>().is_err(), "{bad}");
        }
    }

    #[test]
    fn periods_are_read_with_units_and_kept_in_bounds() {
        for (text, schedule, shown) in [
            ("", Schedule::Never, "never"),
            ("global", Schedule::Global, "at the server's period"),
            ("5", Schedule::Every(5), "every 5s"),
            ("90s", Schedule::Every(90), "every 90s"),
            ("15m", Schedule::Every(900), "every 15m"),
            (" 2 h ", Schedule::Every(7200), "every 2h"),
            ("30d", Schedule::Every(2_592_000), "every 30d"),
        ] {
            let read: Schedule = text.parse().unwrap();
            assert_eq!(read, schedule, "{text}");
            assert_eq!(read.to_string(), shown);
            assert_eq!(read.word().parse(), Ok(read), "the stored word reads back");
        }
        for text in ["4s", "31d", "-5m", "15 minutes", "m", "9999999999d", "é"] {
            let error = text.parse::<Schedule>().unwrap_err();
            assert!(error.contains("as in 15m"), "{text}: {error}");
        }
    }

    #[test]
    fn a_tag_cannot_override_an_insecure_stream() {
        let table = [
            (false, false, false),
            (false, true, true),
            (true, false, true),
            (true, true, true),
        ];
        for (stream, tag, allowed) in table {
            assert_eq!(
                Insecure::effective(stream, tag).allowed(),
                allowed,
                "stream {stream}, tag {tag}"
            );
        }
    }
}
