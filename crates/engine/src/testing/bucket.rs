//! A bucket of an S3 server in this process, over a throw-away folder.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use http::{Method, Request, Response, StatusCode};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::net::TcpListener;

use crate::blobs::Blobs;

const KEY: &str = "test-key";
const SECRET: &str = "test-secret";
const BUCKET: &str = "blobs";

/// A bucket that goes with the test.
pub struct TestBucket {
    endpoint: String,
    read_only: Arc<AtomicBool>,
    _folder: tempfile::TempDir,
}

impl TestBucket {
    /// Starts it.
    ///
    /// # Panics
    /// When it cannot be started.
    #[expect(
        clippy::disallowed_methods,
        reason = "it has no engine, and goes with the runtime of its test"
    )]
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the bucket");
        std::fs::create_dir(folder.path().join(BUCKET)).expect("a bucket");
        let files = FileSystem::new(folder.path()).expect("a store of objects");
        let mut builder = S3ServiceBuilder::new(files);
        builder.set_auth(SimpleAuth::from_single(KEY, SECRET));
        let service = builder.build();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let read_only = Arc::new(AtomicBool::new(false));
        let refusing = read_only.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (service, refusing) = (service.clone(), refusing.clone());
                let service = service_fn(move |request: Request<Incoming>| {
                    let refused = refusing.load(Ordering::SeqCst)
                        && matches!(*request.method(), Method::PUT | Method::POST);
                    let answer =
                        (!refused).then(|| hyper::service::Service::call(&service, request));
                    async move {
                        match answer {
                            Some(answer) => answer.await,
                            None => {
                                let mut answer = Response::new(s3s::Body::empty());
                                *answer.status_mut() = StatusCode::FORBIDDEN;
                                Ok(answer)
                            }
                        }
                    }
                });
                tokio::spawn(async move {
                    let server = Builder::new(TokioExecutor::new());
                    // A client that leaves is none of our business.
                    let _ = server.serve_connection(TokioIo::new(socket), service).await;
                });
            }
        });
        Self {
            endpoint: format!("http://{address}"),
            read_only,
            _folder: folder,
        }
    }

    /// Refuses whatever would be written, or takes it again.
    pub fn set_read_only(&self, read_only: bool) {
        self.read_only.store(read_only, Ordering::SeqCst);
    }

    /// Blobs in it; what is being written is below `local`.
    ///
    /// # Panics
    /// When the client of the bucket cannot be made.
    #[must_use]
    pub fn blobs(&self, local: &Path) -> Blobs {
        let options = [
            ("aws_endpoint", self.endpoint.as_str()),
            ("aws_allow_http", "true"),
            ("aws_region", "test"),
            ("aws_access_key_id", KEY),
            ("aws_secret_access_key", SECRET),
        ];
        let url = format!("s3://{BUCKET}/weir");
        Blobs::at(local.to_owned(), &url, &options).expect("a client of the bucket")
    }
}
