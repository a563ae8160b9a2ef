//! A bucket of an S3 server over a folder, with what can go wrong with one. Tests of this process have it in a throw-away
//! folder; `examples/bucket.rs` is the same server for tests of other processes.

use std::{
    ffi::OsString,
    future::pending,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
};

use axum::body::Body;
use futures::StreamExt;
use http::{Method, Request, Response, StatusCode, header::CONTENT_LENGTH};
use hyper::{
    body::Incoming,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use s3s::{
    HttpError,
    auth::SimpleAuth,
    service::{S3Service, S3ServiceBuilder},
};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::blobs::Blobs;

const KEY: &str = "test-key";
const SECRET: &str = "test-secret";
const BUCKET: &str = "blobs";

/// A bucket that goes with the test.
pub struct TestBucket {
    endpoint: String,
    folder: PathBuf,
    faults: Arc<Faults>,
    /// That of the server, if it goes with it.
    _folder: Option<TempDir>,
}

/// What is wrong with it.
struct Faults {
    /// Bytes it still takes.
    room: AtomicU64,
    /// Whether objects stay unfinished.
    held: AtomicBool,
}

impl TestBucket {
    /// Starts it in a folder that goes with it.
    ///
    /// # Panics
    /// When it cannot be started.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the bucket");
        let mut bucket = Self::over(folder.path()).await;
        bucket._folder = Some(folder);
        bucket
    }

    /// Starts it over a folder; what is stored is below `blobs` there, what is unfinished beside that.
    ///
    /// # Panics
    /// When it cannot be started.
    #[expect(
        clippy::disallowed_methods,
        reason = "it has no engine, and goes with the runtime of its test"
    )]
    pub async fn over(folder: &Path) -> Self {
        std::fs::create_dir_all(folder.join(BUCKET)).expect("a bucket");
        let files = FileSystem::new(folder).expect("a store of objects");
        let mut builder = S3ServiceBuilder::new(files);
        builder.set_auth(SimpleAuth::from_single(KEY, SECRET));
        let service = builder.build();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let faults = Arc::new(Faults {
            room: AtomicU64::new(u64::MAX),
            held: AtomicBool::new(false),
        });
        let served = faults.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (service, faults) = (service.clone(), served.clone());
                let service = service_fn(move |request: Request<Incoming>| {
                    answer(service.clone(), faults.clone(), request)
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
            folder: folder.to_owned(),
            faults,
            _folder: None,
        }
    }

    /// Takes so many bytes from now on, and refuses what is more.
    pub fn set_room(&self, bytes: u64) {
        self.faults.room.store(bytes, SeqCst);
    }

    /// Takes all bytes but finishes no object: who sends one is not answered. Or finishes them again.
    pub fn set_held(&self, held: bool) {
        self.faults.held.store(held, SeqCst);
    }

    /// Parts of objects that nobody finished.
    ///
    /// # Panics
    /// When its folder cannot be read.
    #[must_use]
    pub fn unfinished(&self) -> Vec<OsString> {
        let files = std::fs::read_dir(&self.folder).expect("its folder");
        files
            .map(|file| file.expect("a file").file_name())
            .filter(|name| name.to_string_lossy().starts_with(".upload_id-"))
            .collect()
    }

    /// Where blobs are in it.
    #[must_use]
    pub fn url() -> String {
        format!("s3://{BUCKET}/weir")
    }

    /// What a client has to know of it, as the `AWS_*` variables in small letters.
    #[must_use]
    pub fn options(&self) -> [(&'static str, &str); 5] {
        [
            ("aws_endpoint", &self.endpoint),
            ("aws_allow_http", "true"),
            ("aws_region", "test"),
            ("aws_access_key_id", KEY),
            ("aws_secret_access_key", SECRET),
        ]
    }

    /// Blobs in it; what is being written is below `local`.
    ///
    /// # Panics
    /// When the client of the bucket cannot be made.
    #[must_use]
    pub fn blobs(&self, local: &Path) -> Blobs {
        Blobs::at(local.to_owned(), &Self::url(), &self.options()).expect("a client of the bucket")
    }
}

impl Faults {
    /// Whether it would finish an object, and none is finished.
    fn hold(&self, request: &Request<Incoming>) -> bool {
        let query = request.uri().query().unwrap_or_default();
        let finishes = match *request.method() {
            Method::PUT => !query.contains("partNumber="),
            Method::POST => query.contains("uploadId="),
            _ => false,
        };
        finishes && self.held.load(SeqCst)
    }

    /// Whether there is room for what it brings, which is taken.
    fn take(&self, request: &Request<Incoming>) -> bool {
        let length = request.headers().get(CONTENT_LENGTH);
        let bytes = length
            .filter(|_| request.method() == Method::PUT)
            .and_then(|length| length.to_str().ok()?.parse::<u64>().ok())
            .unwrap_or_default();
        self.room
            .fetch_update(SeqCst, SeqCst, |room| room.checked_sub(bytes))
            .is_ok()
    }
}

async fn answer(
    service: S3Service,
    faults: Arc<Faults>,
    request: Request<Incoming>,
) -> Result<Response<s3s::Body>, HttpError> {
    if faults.hold(&request) {
        return pending().await;
    }
    if faults.take(&request) {
        return Service::call(&service, request).await;
    }
    // To the end: a client that still sends might not see the answer.
    let mut refused = Body::new(request.into_body()).into_data_stream();
    while let Some(Ok(_)) = refused.next().await {}
    let mut answer = Response::new(s3s::Body::empty());
    *answer.status_mut() = StatusCode::FORBIDDEN;
    Ok(answer)
}
