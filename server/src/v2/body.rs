//! Bodies that are read whole: manifests and signatures.

use std::{error::Error, time::Duration};

use axum::body::{Body, Bytes};
use http_body_util::LengthLimitError;

use super::error::{Code, Refusal};

/// How long one may take to come.
const PATIENCE: Duration = Duration::from_secs(60);

/// Reads all of a body; `what` it is and the code of one that does not come are for the refusal.
pub async fn whole(body: Body, most: usize, what: &str, invalid: Code) -> Result<Bytes, Refusal> {
    match tokio::time::timeout(PATIENCE, axum::body::to_bytes(body, most)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error))
            if error
                .source()
                .is_some_and(<dyn Error>::is::<LengthLimitError>) =>
        {
            Err(Refusal::new(
                Code::TooLarge,
                format!("{what} has more than {most} bytes; that many are taken at most"),
            ))
        }
        Ok(Err(error)) => Err(Refusal::new(
            invalid,
            format!("{what} broke off: {error}; send it again"),
        )),
        Err(_) => Err(Refusal::new(
            invalid,
            format!(
                "{what} did not come within {} seconds; send it again",
                PATIENCE.as_secs()
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use futures::{StreamExt, stream};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn too_long_broken_off_and_late_are_told_apart() {
        let read = async |pieces: Vec<io::Result<&'static str>>, ends: bool| {
            let pieces = stream::iter(pieces);
            let body = match ends {
                true => Body::from_stream(pieces),
                false => Body::from_stream(pieces.chain(stream::pending())),
            };
            let read = whole(body, 3, "the manifest", Code::ManifestInvalid).await;
            read.map_err(|refusal| (refusal.code, refusal.message))
        };
        assert_eq!(read(vec![Ok("abc")], true).await.unwrap(), "abc");
        let (code, message) = read(vec![Ok("abc"), Ok("d")], true).await.unwrap_err();
        assert_eq!(code, Code::TooLarge);
        assert!(message.contains("more than 3 bytes"), "{message}");
        let reset = io::Error::from(io::ErrorKind::ConnectionReset);
        let (code, message) = read(vec![Ok("a"), Err(reset)], true).await.unwrap_err();
        assert_eq!(code, Code::ManifestInvalid);
        assert!(message.contains("broke off"), "{message}");
        let (code, message) = read(vec![Ok("a")], false).await.unwrap_err();
        assert_eq!(code, Code::ManifestInvalid);
        assert!(message.contains("within 60 seconds"), "{message}");
    }
}
