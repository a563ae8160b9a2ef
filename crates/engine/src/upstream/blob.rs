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

/// What is left of a blob. Dropped, the connection is given up.
pub struct BlobBody {
    response: reqwest::Response,
    url: Url,
    subject: Subject,
    pace: Pace,
    /// The first byte that comes: the one asked for, or 0 if the registry knows no ranges.
    pub from: u64,
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
        asked_from: u64,
        subject: Subject,
        patience: Duration,
    ) -> Result<Self, Trouble> {
        let length = answer
            .header("content-length")
            .and_then(|length| length.parse::<u64>().ok());
        let (from, size) = if answer.status.as_u16() == 206 {
            let (from, size) = answer
                .header("content-range")
                .and_then(content_range)
                .filter(|(from, _)| *from == asked_from)
                .ok_or_else(|| {
                    Trouble::Malformed(format!(
                        "the registry was asked for bytes from {asked_from} on and sent others"
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
    fn a_content_range_names_the_first_byte_and_the_size() {
        assert_eq!(content_range("bytes 5-9/10"), Some((5, Some(10))));
        assert_eq!(content_range("bytes 5-9/*"), Some((5, None)));
        assert_eq!(content_range("bytes */10"), None);
        assert_eq!(content_range("items 5-9/10"), None);
    }
}
