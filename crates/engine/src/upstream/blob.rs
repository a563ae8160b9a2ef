//! The body of a blob as it arrives: piece by piece, its length told if the registry tells it.

use std::{fmt, time::Duration};

use bytes::Bytes;
use tokio::time::{Instant, timeout};
use url::Url;

use super::{
    Failure,
    failure::Subject,
    fault::{Cause, Fault},
    transport::Answer,
    trouble::Trouble,
};

/// Bytes that have to come while we are patient: whoever sends fewer holds a place of others.
const LEAST: u64 = 64 << 10;

/// The part of a blob that is wanted. `Display` is the header that asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// From a byte to another, both included, or to the end.
    From(u64, Option<u64>),
    /// So many bytes at the end.
    Last(u64),
}

impl Range {
    /// All of it.
    pub(crate) const ALL: Self = Self::From(0, None);

    /// Its first byte and the one after the last, of so many; none if nothing is there.
    pub(crate) fn within(self, size: u64) -> Option<(u64, u64)> {
        let (first, end) = match self {
            Self::From(first, last) => {
                let end = last.map_or(size, |last| last.saturating_add(1).min(size));
                (first, end)
            }
            Self::Last(count) => (size.saturating_sub(count), size),
        };
        (first < end).then_some((first, end))
    }

    /// Whether an answer that begins at a byte is one to this, as far as can be told.
    fn begins_at(self, first: u64, size: Option<u64>) -> bool {
        match (self, size) {
            (_, Some(size)) => self.within(size).is_some_and(|(begin, _)| begin == first),
            (Self::From(begin, _), None) => begin == first,
            (Self::Last(_), None) => false,
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::From(first, None) => write!(f, "bytes={first}-"),
            Self::From(first, Some(last)) => write!(f, "bytes={first}-{last}"),
            Self::Last(count) => write!(f, "bytes=-{count}"),
        }
    }
}

/// What is left of a blob. Dropped, the connection is given up.
pub struct BlobBody {
    response: reqwest::Response,
    url: Url,
    subject: Subject,
    pace: Pace,
    /// The first byte that comes: the one asked for, or 0 if the registry knows no ranges.
    pub from: u64,
    /// Whether the registry says that this is a part.
    pub part: bool,
    /// Bytes of the whole blob, if the registry says.
    pub size: Option<u64>,
}

impl fmt::Debug for BlobBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlobBody")
            .field("from", &self.from)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

impl BlobBody {
    /// Reads the head of an answer.
    pub(super) fn new(
        mut answer: Answer,
        url: Url,
        asked: Range,
        subject: Subject,
        patience: Duration,
    ) -> Result<Self, Trouble> {
        let length = answer
            .header("content-length")
            .and_then(|length| length.parse::<u64>().ok());
        let part = answer.status.as_u16() == 206;
        let (from, size) = if part {
            let (from, size) = answer
                .header("content-range")
                .and_then(content_range)
                .filter(|(from, size)| asked.begins_at(*from, *size))
                .ok_or_else(|| {
                    Trouble::Malformed(format!(
                        "the registry was asked for {asked} and sent other bytes"
                    ))
                })?;
            (from, size)
        } else {
            (0, length)
        };
        let response = answer
            .rest
            .take()
            .ok_or_else(|| Trouble::Malformed("the registry sent no body".to_owned()))?;
        Ok(Self {
            response,
            url,
            subject,
            pace: Pace::new(patience),
            from,
            part,
            size,
        })
    }

    /// The next piece; none at the end.
    ///
    /// # Errors
    /// When the connection breaks, stalls, or its deadline passes.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        let fault = match self.pace.wait(self.response.chunk()).await {
            Some(Ok(piece)) => {
                self.pace.came(piece.as_ref().map_or(0, Bytes::len));
                return Ok(piece);
            }
            Some(Err(error)) => Fault::of("Get", &self.url, &error),
            None => Fault::at("Get", &self.url, Cause::Timeout),
        };
        Err(self.subject.fault(&fault))
    }
}

/// How long we wait for the next bytes. Only waiting counts: who reads slowly is not the other side's fault.
struct Pace {
    patience: Duration,
    waited: Duration,
    came: u64,
}

impl Pace {
    fn new(patience: Duration) -> Self {
        Self {
            patience,
            waited: Duration::ZERO,
            came: 0,
        }
    }

    /// What comes, or nothing when it takes too long.
    async fn wait<T>(&mut self, next: impl Future<Output = T>) -> Option<T> {
        let begun = Instant::now();
        let left = self.patience.saturating_sub(self.waited);
        let came = timeout(left, next).await.ok();
        self.waited += begun.elapsed();
        came
    }

    fn came(&mut self, many: usize) {
        self.came += many as u64;
        if self.came >= LEAST {
            *self = Self::new(self.patience);
        }
    }
}

/// First byte and whole size of `bytes 5-9/10`; the size may be a star.
fn content_range(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, size) = text.strip_prefix("bytes ")?.split_once('/')?;
    let from = range.split_once('-')?.0.parse().ok()?;
    Some((from, size.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_trickle_is_given_up_and_a_steady_stream_is_not() {
        let second = || tokio::time::sleep(Duration::from_secs(1));
        let mut pace = Pace::new(Duration::from_secs(60));
        for _ in 0..59 {
            assert!(pace.wait(second()).await.is_some());
            pace.came(1_000);
        }
        assert!(pace.wait(std::future::pending::<()>()).await.is_none());
        let mut pace = Pace::new(Duration::from_secs(60));
        for _ in 0..600 {
            assert!(pace.wait(second()).await.is_some());
            pace.came(2_000);
            // The reader takes its time.
            tokio::time::sleep(Duration::from_secs(100)).await;
        }
    }

    #[test]
    fn an_answer_with_a_part_begins_where_it_was_asked_to() {
        for (range, first, size, right) in [
            (Range::From(5, Some(9)), 5, Some(100), true),
            (Range::From(5, Some(9)), 5, None, true),
            (Range::From(5, Some(9)), 0, Some(100), false),
            (Range::From(5, None), 5, Some(5), false),
            (Range::Last(10), 90, Some(100), true),
            (Range::Last(10), 0, Some(5), true),
            (Range::Last(10), 89, Some(100), false),
            (Range::Last(10), 90, None, false),
        ] {
            assert_eq!(
                range.begins_at(first, size),
                right,
                "{range} {first} {size:?}"
            );
        }
    }

    #[test]
    fn a_content_range_names_the_first_byte_and_the_size() {
        assert_eq!(content_range("bytes 5-9/10"), Some((5, Some(10))));
        assert_eq!(content_range("bytes 5-9/*"), Some((5, None)));
        assert_eq!(content_range("bytes */10"), None);
        assert_eq!(content_range("items 5-9/10"), None);
    }
}
