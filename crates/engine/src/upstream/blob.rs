//! The body of a blob as it arrives: piece by piece, its length told if the registry tells it.

use std::fmt;

use bytes::Bytes;
use url::Url;

use super::{Failure, failure::Subject, fault::Fault, transport::Answer, trouble::Trouble};

/// What is left of a blob. Dropped, the connection is given up.
pub struct BlobBody {
    response: reqwest::Response,
    url: Url,
    subject: Subject,
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
            from,
            size,
        })
    }

    /// The next piece; none at the end.
    ///
    /// # Errors
    /// When the connection breaks, stalls, or its deadline passes.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        self.response
            .chunk()
            .await
            .map_err(|error| self.subject.fault(&Fault::of("Get", &self.url, &error)))
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

    #[test]
    fn a_content_range_names_the_first_byte_and_the_size() {
        assert_eq!(content_range("bytes 5-9/10"), Some((5, Some(10))));
        assert_eq!(content_range("bytes 5-9/*"), Some((5, None)));
        assert_eq!(content_range("bytes */10"), None);
        assert_eq!(content_range("items 5-9/10"), None);
    }
}
