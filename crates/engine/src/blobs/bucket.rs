//! A bucket of an S3-like object store. Addresses and keys are `AWS_*` of the environment, as everywhere.

use std::{collections::BTreeSet, io, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt};
use object_store::{
    GetOptions, GetRange, MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload, PutPayloadMut,
    RetryConfig, aws::AmazonS3Builder, path::Path,
};
use tokio::{runtime::Handle, task::JoinSet};

use super::Body;

/// Bytes of a part that is sent on its own; an object of fewer is sent at once.
const CHUNK: usize = 8 << 20;
/// Parts on their way at one time.
const AHEAD: usize = 2;

/// How often, and how long at most, a request the bucket fails is sent again: some seconds, while a client waits.
const RETRIES: usize = 6;
const PATIENCE: Duration = Duration::from_secs(15);

/// A bucket, and a prefix in it.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    store: Arc<dyn ObjectStore>,
    prefix: String,
}

impl Bucket {
    /// The bucket of `s3://bucket/prefix`.
    pub fn open(url: &str, options: &[(&str, &str)]) -> io::Result<Self> {
        let rest = url.strip_prefix("s3://").unwrap_or_default();
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(io::Error::other(
                "it is not s3://bucket or s3://bucket/prefix",
            ));
        }
        // Its connections take the process's provider; there is one, and it is this.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = AmazonS3Builder::from_env()
            .with_bucket_name(bucket)
            .with_retry(RetryConfig {
                max_retries: RETRIES,
                retry_timeout: PATIENCE,
                ..RetryConfig::default()
            });
        for (name, value) in options {
            builder = builder.with_config(name.parse()?, *value);
        }
        Ok(Self {
            store: Arc::new(builder.build()?),
            prefix: prefix.trim_matches('/').to_owned(),
        })
    }

    fn path(&self, name: &str) -> Path {
        Path::from(format!("{}/{name}", self.prefix))
    }

    /// Bytes of an object.
    pub async fn size(&self, name: &str) -> io::Result<u64> {
        let found = self.store.head(&self.path(name)).await;
        Ok(found.map_err(refused)?.size)
    }

    /// The bytes of an object from `start` up to `end`.
    pub async fn read(&self, name: &str, start: u64, end: u64) -> io::Result<Body> {
        if start >= end {
            return Ok(futures::stream::empty().boxed());
        }
        let options = GetOptions {
            range: Some(GetRange::Bounded(start..end)),
            ..GetOptions::default()
        };
        let found = self.store.get_opts(&self.path(name), options).await;
        let found = found.map_err(refused)?;
        Ok(found.into_stream().map_err(refused).boxed())
    }

    /// Writes an object: whole, or not at all.
    pub async fn put(
        &self,
        name: &str,
        body: impl Stream<Item = io::Result<Bytes>> + Send,
    ) -> io::Result<()> {
        let path = self.path(name);
        let mut body = std::pin::pin!(body);
        let mut rest = Bytes::new();
        let first = part(&mut body, &mut rest).await?;
        if first.content_length() < CHUNK {
            self.store.put(&path, first).await.map_err(refused)?;
            return Ok(());
        }
        let upload = self.store.put_multipart(&path).await.map_err(refused)?;
        let mut parts = Parts {
            upload: Some(upload),
            sending: JoinSet::new(),
        };
        parts.send(first);
        let work = async {
            loop {
                let next = part(&mut body, &mut rest).await?;
                if next.content_length() == 0 {
                    return parts.complete().await;
                }
                if parts.sending.len() == AHEAD {
                    one_sent(&mut parts.sending).await?;
                }
                parts.send(next);
            }
        };
        let done = work.await;
        if let Some(giving_up) = parts.give_up() {
            // On its own: who waits may leave meanwhile.
            let _ = Handle::current().spawn(giving_up).await;
        }
        done
    }

    /// Removes an object; one that is not there is removed.
    pub async fn remove(&self, name: &str) -> io::Result<()> {
        match self.store.delete(&self.path(name)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(refused(error)),
        }
    }

    /// The first part of the names of objects below a name, each once, so many at most.
    pub async fn names_below(&self, name: &str, most: usize) -> io::Result<Vec<String>> {
        let path = self.path(name);
        let mut found = self.store.list(Some(&path));
        let mut names = BTreeSet::new();
        while names.len() < most
            && let Some(object) = found.try_next().await.map_err(refused)?
        {
            let first = object
                .location
                .prefix_match(&path)
                .and_then(|mut parts| parts.next());
            names.extend(first.map(|part| part.as_ref().to_owned()));
        }
        Ok(names.into_iter().collect())
    }

    /// Removes all objects below a name.
    pub async fn remove_below(&self, name: &str) -> io::Result<()> {
        let mut found = self.store.list(Some(&self.path(name)));
        while let Some(object) = found.try_next().await.map_err(refused)? {
            match self.store.delete(&object.location).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(refused(error)),
            }
        }
        Ok(())
    }
}

/// An object that is sent in parts. Dropped before all is there, because who waits has left, what was sent is given up.
struct Parts {
    /// None when it is complete.
    upload: Option<Box<dyn MultipartUpload>>,
    sending: JoinSet<object_store::Result<()>>,
}

impl Parts {
    fn send(&mut self, part: PutPayload) {
        if let Some(upload) = &mut self.upload {
            self.sending.spawn(upload.put_part(part));
        }
    }

    async fn complete(&mut self) -> io::Result<()> {
        while one_sent(&mut self.sending).await? {}
        if let Some(upload) = &mut self.upload {
            upload.complete().await.map_err(refused)?;
        }
        self.upload = None;
        Ok(())
    }

    /// Gives up what was sent of an object that is not complete; what that takes, if anything.
    fn give_up(&mut self) -> Option<impl Future<Output = ()> + use<>> {
        let mut upload = self.upload.take()?;
        let mut sending = std::mem::take(&mut self.sending);
        Some(async move {
            // When no more of it comes. The bucket's own rules remove what is left if this fails, too.
            while sending.join_next().await.is_some() {}
            let _ = upload.abort().await;
        })
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        if let (Some(giving_up), Ok(runtime)) = (self.give_up(), Handle::try_current()) {
            runtime.spawn(giving_up);
        }
    }
}

/// The next bytes of an object: [`CHUNK`] of them, but for the last. `rest` is what came beyond.
async fn part(
    body: &mut (impl Stream<Item = io::Result<Bytes>> + Unpin),
    rest: &mut Bytes,
) -> io::Result<PutPayload> {
    let mut part = PutPayloadMut::new();
    loop {
        let room = CHUNK - part.content_length();
        part.push(rest.split_to(room.min(rest.len())));
        if part.content_length() == CHUNK {
            return Ok(part.freeze());
        }
        match body.try_next().await? {
            Some(piece) => *rest = piece,
            None => return Ok(part.freeze()),
        }
    }
}

/// Waits for one of the parts on their way. False when there is none.
async fn one_sent(sending: &mut JoinSet<object_store::Result<()>>) -> io::Result<bool> {
    match sending.join_next().await {
        Some(sent) => sent?.map_err(refused).map(|()| true),
        None => Ok(false),
    }
}

/// Why the bucket did not do it: it does not let us, which is for its administrator, or it fails whatever is asked.
fn refused(error: object_store::Error) -> io::Error {
    match error {
        object_store::Error::PermissionDenied { .. }
        | object_store::Error::Unauthenticated { .. } => {
            io::Error::new(io::ErrorKind::PermissionDenied, error)
        }
        object_store::Error::Generic { .. } => {
            io::Error::new(io::ErrorKind::HostUnreachable, error)
        }
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_bucket_that_nobody_serves_is_told_apart_from_one_without_the_object() {
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", nobody.local_addr().unwrap());
        drop(nobody);
        let options = [
            ("aws_endpoint", endpoint.as_str()),
            ("aws_allow_http", "true"),
            ("aws_region", "test"),
            ("aws_access_key_id", "key"),
            ("aws_secret_access_key", "secret"),
        ];
        let bucket = Bucket::open("s3://blobs/weir", &options).unwrap();
        let body = futures::stream::iter([Ok(Bytes::from_static(b"a blob"))]);
        let (looked, put) = tokio::join!(bucket.size("a"), bucket.put("a", body));
        assert_eq!(looked.unwrap_err().kind(), io::ErrorKind::HostUnreachable);
        assert_eq!(put.unwrap_err().kind(), io::ErrorKind::HostUnreachable);
    }
}
