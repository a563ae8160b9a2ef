//! Who sends a body that is refused hears why: the rest of it is read and thrown away while the answer goes out. A
//! connection closed with bytes under way is reset, and with it goes the answer that its client has not read yet.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, HttpBody},
    extract::Request,
    middleware::Next,
    response::Response,
};
use futures::future::poll_fn;
use http::header;
use tokio::time::timeout;

/// How long the rest is read, whatever comes.
const LONGEST: Duration = Duration::from_secs(30);

/// How long nothing may come meanwhile.
const IDLE: Duration = Duration::from_secs(5);

/// Reads what the answer left of a request.
#[expect(
    clippy::disallowed_methods,
    reason = "it ends by itself, and holds nothing but its connection, which a stop waits for or cuts off as any other"
)]
pub async fn linger(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    // Who asks first whether to send does not send what nobody wanted to read.
    let asks = request.headers().contains_key(header::EXPECT);
    let (parts, body) = request.into_parts();
    let body = Shared {
        body: Arc::new(Mutex::new(body)),
        begun: Arc::default(),
    };
    let lent = Body::new(body.clone());
    let response = next.run(Request::from_parts(parts, lent)).await;
    if !body.is_end_stream() && (body.begun.load(Relaxed) || !asks) {
        tokio::spawn(timeout(LONGEST, rest(body)));
    }
    response
}

/// Reads until the end, a failure, or a pause that is too long.
async fn rest(mut body: Shared) {
    loop {
        let frame = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx));
        if !matches!(timeout(IDLE, frame).await, Ok(Some(Ok(_)))) {
            return;
        }
    }
}

/// A body that outlives whom it was lent to.
#[derive(Clone)]
struct Shared {
    body: Arc<Mutex<Body>>,
    /// Somebody wanted to read it.
    begun: Arc<AtomicBool>,
}

impl Shared {
    fn body(&self) -> MutexGuard<'_, Body> {
        self.body.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HttpBody for Shared {
    type Data = <Body as HttpBody>::Data;
    type Error = <Body as HttpBody>::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
        self.begun.store(true, Relaxed);
        Pin::new(&mut *self.body()).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body().is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body().size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use axum::{Router, body::Bytes, middleware::from_fn, routing::put};
    use futures::StreamExt;
    use http::StatusCode;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
        sync::oneshot,
    };
    use tower::ServiceExt;

    use super::*;

    fn refusing() -> Router {
        let refuse = async || (StatusCode::INSUFFICIENT_STORAGE, "no room");
        Router::new().route("/", put(refuse)).layer(from_fn(linger))
    }

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "it goes with the test")]
    async fn who_reads_only_after_the_last_byte_hears_why_it_was_refused() {
        const SIZE: usize = 20_000_000;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(axum::serve(listener, refusing()).into_future());
        let mut client = TcpStream::connect(address).await.unwrap();
        for _ in 0..2 {
            let head = format!("PUT / HTTP/1.1\r\nhost: weir\r\ncontent-length: {SIZE}\r\n\r\n");
            client.write_all(head.as_bytes()).await.unwrap();
            client.write_all(&vec![1; SIZE]).await.unwrap();
            let mut answer = vec![0; 4096];
            let mut length = 0;
            while !answer[..length].ends_with(b"no room") {
                let read = client.read(&mut answer[length..]).await.unwrap();
                assert_ne!(read, 0, "{}", String::from_utf8_lossy(&answer[..length]));
                length += read;
            }
            assert!(answer.starts_with(b"HTTP/1.1 507 "));
        }
    }

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "it goes with the test")]
    async fn who_asks_first_sends_nothing_that_nobody_wants_and_hears_the_rest() {
        const HEAD: &str = "PUT / HTTP/1.1\r\nhost: weir\r\nexpect: 100-continue\r\n";
        let reading = async |body: Body| {
            let mut body = body.into_data_stream();
            let first = body.next().await;
            assert!(matches!(first, Some(Ok(_))));
            (StatusCode::INSUFFICIENT_STORAGE, "no room")
        };
        let reading = Router::new()
            .route("/", put(reading))
            .layer(from_fn(linger));
        for (router, asked) in [(refusing(), false), (reading, true)] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            tokio::spawn(axum::serve(listener, router).into_future());
            let mut client = TcpStream::connect(address).await.unwrap();
            let head = format!("{HEAD}content-length: 20000000\r\n\r\n");
            client.write_all(head.as_bytes()).await.unwrap();
            let mut answer = vec![0; 4096];
            let read = client.read(&mut answer).await.unwrap();
            assert_eq!(answer.starts_with(b"HTTP/1.1 100 "), asked);
            assert_eq!(answer[..read].ends_with(b"no room"), !asked);
            if asked {
                client.write_all(&vec![1; 20_000_000]).await.unwrap();
                let read = client.read(&mut answer).await.unwrap();
                assert!(answer[..read].starts_with(b"HTTP/1.1 507 "));
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_stops_sending_is_not_waited_for() {
        let (dropped, gone) = oneshot::channel::<()>();
        let first = futures::stream::iter([io::Result::Ok(Bytes::from_static(b"a"))]);
        let body = first
            .chain(futures::stream::pending())
            .inspect(move |_| _ = &dropped);
        let request = Request::put("/").body(Body::from_stream(body)).unwrap();
        let response = refusing().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::INSUFFICIENT_STORAGE);
        let waited = tokio::time::Instant::now();
        gone.await.expect_err("it is dropped, not sent");
        assert_eq!(waited.elapsed(), IDLE);
    }

    #[tokio::test(start_paused = true)]
    async fn who_sends_without_end_is_cut() {
        let (dropped, gone) = oneshot::channel::<()>();
        let trickle = futures::stream::repeat(())
            .then(|()| tokio::time::sleep(IDLE / 2))
            .map(move |()| {
                _ = &dropped;
                io::Result::Ok(Bytes::from_static(b"a"))
            });
        let request = Request::put("/").body(Body::from_stream(trickle)).unwrap();
        refusing().oneshot(request).await.unwrap();
        let waited = tokio::time::Instant::now();
        gone.await.expect_err("it is dropped, not sent");
        assert_eq!(waited.elapsed(), LONGEST);
    }
}
