//! The listening socket with its limits: connections at once, and how long one may be silent.
//!
//! The HTTP library sets no deadline of its own; without these a client that sends nothing would hold a connection for
//! ever, and enough of them all file descriptors.

use std::{
    fmt,
    future::Future,
    io,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    Extension,
    extract::{ConnectInfo, Request, connect_info::Connected},
    middleware::Next,
    response::Response,
    serve::{IncomingStream, Listener},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, Sleep},
};

/// Connections at once; more wait in the system's queue.
const CONNECTIONS: usize = 2048;

/// How long a connection may neither send nor take a byte, unless a request of it is being worked on: what those wait for
/// has deadlines of its own, also the rest of their bodies.
const SILENCE: Duration = Duration::from_secs(75);

/// A TCP listener with limits.
pub struct Bounded {
    inner: TcpListener,
    permits: Arc<Semaphore>,
}

impl Bounded {
    /// Puts the limits on a listener.
    #[must_use]
    pub fn new(inner: TcpListener) -> Self {
        Self {
            inner,
            permits: Arc::new(Semaphore::new(CONNECTIONS)),
        }
    }
}

impl Listener for Bounded {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .expect("the semaphore of connections is never closed");
        let (stream, address) = Listener::accept(&mut self.inner).await;
        // Small answers go out at once; a failure here only costs speed.
        let _ = stream.set_nodelay(true);
        let silence = Box::pin(tokio::time::sleep(SILENCE));
        (
            Connection {
                stream,
                silence,
                working: Arc::default(),
                _permit: permit,
            },
            address,
        )
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}

/// One connection: ends by itself when nothing moves on it.
pub struct Connection {
    stream: TcpStream,
    silence: Pin<Box<Sleep>>,
    /// Requests that have no answer yet.
    working: Arc<AtomicUsize>,
    _permit: OwnedSemaphorePermit,
}

impl Connection {
    fn moved(&mut self) {
        self.silence.as_mut().reset(Instant::now() + SILENCE);
    }

    /// What a read or write that cannot go on answers: wait, or give up when the silence has lasted.
    fn waiting<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        loop {
            ready!(self.silence.as_mut().poll(cx));
            if self.working.load(Relaxed) == 0 {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.moved();
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_read(cx, buffer) {
            Poll::Ready(result) => {
                self.moved();
                Poll::Ready(result)
            }
            Poll::Pending => self.waiting(cx),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(cx, bytes) {
            Poll::Ready(result) => {
                self.moved();
                Poll::Ready(result)
            }
            Poll::Pending => self.waiting(cx),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write_vectored(cx, bytes) {
            Poll::Ready(result) => {
                self.moved();
                Poll::Ready(result)
            }
            Poll::Pending => self.waiting(cx),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Who is at the other end, as far as counting goes: an IPv4 address, or the network an IPv6 address is in, because its
/// owner has all of that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client(IpAddr);

impl From<IpAddr> for Client {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
            v4 => v4,
        })
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A request that is being worked on, among those of its connection.
struct Turn(Arc<AtomicUsize>);

impl Turn {
    fn begin(working: Arc<AtomicUsize>) -> Self {
        working.fetch_add(1, Relaxed);
        Self(working)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// What a connection tells the requests that come on it.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Who is at the other end.
    pub client: Client,
    working: Arc<AtomicUsize>,
}

impl Connected<IncomingStream<'_, Bounded>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Bounded>) -> Self {
        Self {
            client: stream.remote_addr().ip().into(),
            working: Arc::clone(&stream.io().working),
        }
    }
}

/// Tells the connection of a request that it is being worked on, until its answer begins.
pub async fn work(
    Extension(ConnectInfo(peer)): Extension<ConnectInfo<Peer>>,
    request: Request,
    next: Next,
) -> Response {
    // Also when the client leaves before there is an answer.
    let _turn = Turn::begin(peer.working);
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use axum::{
        Router,
        body::Body,
        middleware::from_fn,
        routing::{any, get},
    };
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// Bytes of an answer that nothing between here and there holds.
    const MUCH: usize = 64 << 20;

    /// Answers after three times the silence; a body that begins and never goes on; more than anybody takes.
    #[expect(clippy::disallowed_methods, reason = "it goes with the test")]
    async fn served() -> TcpStream {
        let router = Router::new()
            .route(
                "/slow",
                any(async || {
                    tokio::time::sleep(SILENCE * 3).await;
                    "done"
                }),
            )
            .route(
                "/stalled",
                get(async || {
                    let first = [io::Result::Ok("begun")];
                    Body::from_stream(futures::StreamExt::chain(
                        futures::stream::iter(first),
                        futures::stream::pending(),
                    ))
                }),
            )
            .route("/much", get(async || vec![b'x'; MUCH]))
            .layer(from_fn(work));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = router.into_make_service_with_connect_info::<Peer>();
        tokio::spawn(axum::serve(Bounded::new(listener), service).into_future());
        TcpStream::connect(address).await.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn silence_does_not_end_a_connection_while_a_request_is_worked_on() {
        let mut client = served().await;
        let begun = Instant::now();
        for _ in 0..2 {
            let head = b"GET /slow HTTP/1.1\r\nhost: weir\r\n\r\n";
            client.write_all(head).await.unwrap();
            let mut answer = Vec::new();
            while !answer.ends_with(b"done") {
                let read = client.read_buf(&mut answer).await.unwrap();
                assert_ne!(read, 0, "{}", String::from_utf8_lossy(&answer));
            }
        }
        assert!(begun.elapsed() >= SILENCE * 6);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_ends_a_connection_when_its_client_is_waited_for() {
        for sent in [
            "",
            "GET /slow HTTP/1.1\r\nhost:",
            "GET /stalled HTTP/1.1\r\nhost: weir\r\n\r\n",
        ] {
            let mut client = served().await;
            client.write_all(sent.as_bytes()).await.unwrap();
            let begun = Instant::now();
            let mut answer = Vec::new();
            // However it ends; that it does counts.
            let _ = client.read_to_end(&mut answer).await;
            let ended = begun.elapsed();
            assert!(ended >= SILENCE && ended < SILENCE * 2, "{sent}: {ended:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn silence_ends_a_connection_when_nobody_takes_the_answer() {
        let mut client = served().await;
        let head = b"GET /much HTTP/1.1\r\nhost: weir\r\n\r\n";
        client.write_all(head).await.unwrap();
        tokio::time::sleep(SILENCE * 2).await;
        let mut answer = Vec::new();
        let _ = client.read_to_end(&mut answer).await;
        assert!(answer.len() < MUCH, "all of it came");
    }

    #[test]
    fn addresses_of_one_owner_count_as_one() {
        for (address, counted) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("::1", "::"),
        ] {
            let address: IpAddr = address.parse().unwrap();
            assert_eq!(Client::from(address).to_string(), counted);
        }
    }
}
