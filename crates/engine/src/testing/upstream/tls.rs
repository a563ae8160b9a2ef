//! TLS of a test upstream: a self-signed certificate, and handshakes that hold up nobody else.
#![expect(
    clippy::disallowed_methods,
    reason = "a server of tests ends with its test"
)]

use std::{io, net::SocketAddr, sync::Arc};

use axum::serve::Listener;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinHandle,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

type Connection = (TlsStream<TcpStream>, SocketAddr);

/// Hands out connections whose handshake is done.
pub(super) struct TlsListener {
    connections: mpsc::Receiver<Connection>,
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

/// Wraps a listener; also returns the certificate it shows.
pub(super) fn listen(listener: TcpListener) -> (TlsListener, CertificateDer<'static>) {
    let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
    let made = rcgen::generate_simple_self_signed(names)
        .unwrap_or_else(|error| panic!("no certificate: {error}"));
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|config| {
                config
                    .with_no_client_auth()
                    .with_single_cert(vec![certificate.clone()], key)
            })
            .unwrap_or_else(|error| panic!("no TLS: {error}"));
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let address = listener
        .local_addr()
        .unwrap_or_else(|error| panic!("test upstream has no address: {error}"));
    let (sender, connections) = mpsc::channel(64);
    let accepting = tokio::spawn(async move {
        while let Ok((stream, peer)) = listener.accept().await {
            let (acceptor, sender) = (acceptor.clone(), sender.clone());
            tokio::spawn(async move {
                // A client that refuses the certificate ends here, as it should.
                if let Ok(stream) = acceptor.accept(stream).await {
                    let _ = sender.send((stream, peer)).await;
                }
            });
        }
    });
    let listener = TlsListener {
        connections,
        address,
        accepting,
    };
    (listener, certificate)
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> Connection {
        match self.connections.recv().await {
            Some(connection) => connection,
            // Nobody accepts any more: wait to be stopped.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

impl Drop for TlsListener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
