//! What can go wrong between us and a host, told apart: each kind has its message, hint and retry.

use std::{error::Error, fmt, io, net::IpAddr, time::Duration};

use url::Url;

use super::{failure::Retry, guard::Blocked};

/// One failed exchange. `Display` reads like the reference platform's messages: `Get "URL": cause`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// The address, or one the name resolves to, is in a network never connected to.
    Blocked {
        /// The host as asked for.
        host: String,
        /// The refused address.
        address: IpAddr,
        /// Whether a redirect led there, and whose.
        redirected_by: Option<String>,
    },
    /// Anything else.
    Exchange {
        /// `Get` or `Head`.
        method: &'static str,
        /// Scheme, host and path.
        url: String,
        /// `host:port`.
        endpoint: String,
        /// What happened.
        cause: Cause,
    },
}

/// What happened to one exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cause {
    /// The name does not resolve.
    Dns(String),
    /// Nobody listens.
    Refused(String),
    /// No connection in time.
    ConnectTimeout,
    /// Connected, but no whole answer in time.
    Timeout,
    /// The certificate does not prove who the host is.
    Certificate(&'static str),
    /// TLS failed for another reason.
    Tls(String),
    /// The host speaks HTTP where TLS was expected.
    PlainHttp,
    /// The connection broke.
    Broken(String),
    /// The body is larger than its cap.
    TooLarge(usize),
    /// A redirect that is not followed.
    Redirect(String),
}

impl Cause {
    /// No TLS connection came about: in insecure mode, the sign to try plain HTTP.
    pub fn is_connection(&self) -> bool {
        matches!(
            self,
            Self::Refused(_)
                | Self::ConnectTimeout
                | Self::Certificate(_)
                | Self::Tls(_)
                | Self::PlainHttp
        )
    }

    /// Trying again at once may help.
    fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Refused(_) | Self::ConnectTimeout | Self::Broken(_)
        )
    }
}

impl Fault {
    /// Whether another attempt within the same request makes sense.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Exchange { cause, .. } if cause.is_passing())
    }

    /// Whether no TLS connection came about.
    pub fn is_connection(&self) -> bool {
        matches!(self, Self::Exchange { cause, .. } if cause.is_connection())
    }

    /// Reads reqwest's error: a chain whose links tell the kinds apart.
    pub fn of(method: &'static str, url: &Url, error: &reqwest::Error) -> Self {
        let mut link: Option<&(dyn Error + 'static)> = Some(error);
        let mut cause = None;
        let mut last = String::new();
        while let Some(current) = link {
            if let Some(blocked) = find::<Blocked>(current) {
                return Self::Blocked {
                    host: blocked.host.clone(),
                    address: blocked.address,
                    redirected_by: None,
                };
            }
            if let Some(tls) = find::<rustls::Error>(current) {
                cause = Some(tls_cause(tls));
            } else if let Some(io) = current.downcast_ref::<io::Error>()
                && cause.is_none()
                && io.get_ref().is_none()
            {
                cause = Some(io_cause(io, error.is_connect()));
            }
            last = current.to_string();
            link = current.source();
        }
        let cause = match cause {
            Some(cause) => cause,
            None if error.is_dns() => Cause::Dns(last),
            None if error.is_timeout() && error.is_connect() => Cause::ConnectTimeout,
            None if error.is_timeout() => Cause::Timeout,
            None if error.is_connect() && last.contains("handshake") => Cause::Tls(last),
            None => Cause::Broken(last),
        };
        let cause = if error.is_dns() && !matches!(cause, Cause::Dns(_)) {
            Cause::Dns(match cause {
                Cause::Broken(text) | Cause::Refused(text) => text,
                _ => "resolution failed".to_owned(),
            })
        } else {
            cause
        };
        Self::at(method, url, cause)
    }

    /// A fault of an exchange with this URL; its query is left out.
    pub fn at(method: &'static str, url: &Url, cause: Cause) -> Self {
        Self::Exchange {
            method,
            url: plain(url),
            endpoint: super::address::endpoint(url),
            cause,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        let cause = match self {
            Self::Blocked { .. } => {
                return "This server is configured never to connect to that network.";
            }
            Self::Exchange { cause, .. } => cause,
        };
        match cause {
            Cause::Dns(_) => "Check the host name; this server could not resolve it.",
            Cause::Refused(_) => "Check the port, and that the registry is running.",
            Cause::ConnectTimeout => {
                "The host does not answer: check the port and the firewall between it and this server."
            }
            Cause::Timeout => "The registry took too long to answer. Try again later.",
            Cause::Certificate(_) => {
                "The registry's certificate is not trusted here. An administrator can name a file with its authority in WEIR_UPSTREAM_CA; or allow insecure connections (\"Insecure registry\" when importing, the tag's policies later) if you trust the network."
            }
            Cause::Tls(_) => "No TLS connection came about: check that the port is right.",
            Cause::PlainHttp => {
                "The registry speaks plain HTTP. Allow insecure connections (\"Insecure registry\" when importing, the tag's policies later) if you trust the network."
            }
            Cause::Broken(_) => "The connection broke. Try again later.",
            Cause::TooLarge(_) => "No image needs that much: this may not be a registry.",
            Cause::Redirect(_) => "The registry sends this server where it does not go.",
        }
    }

    /// Whether trying again later helps.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Exchange { cause, .. } => match cause {
                Cause::Broken(_) => Retry::Soon,
                Cause::Dns(_) | Cause::Refused(_) | Cause::ConnectTimeout | Cause::Timeout => {
                    Retry::After(Duration::from_secs(30))
                }
                _ => Retry::Never,
            },
            Self::Blocked { .. } => Retry::Never,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blocked {
                host,
                address,
                redirected_by,
            } => {
                if let Some(by) = redirected_by {
                    write!(f, "registry {by} redirects to {host}, ")?;
                } else {
                    write!(f, "registry {host} is blocked: ")?;
                }
                write!(
                    f,
                    "address {address} is in a network this server does not connect to"
                )
            }
            Self::Exchange {
                method,
                url,
                endpoint,
                cause: cause @ (Cause::Refused(_) | Cause::ConnectTimeout),
            } => write!(f, "{method} \"{url}\": dial tcp {endpoint}: {cause}"),
            Self::Exchange {
                method, url, cause, ..
            } => write!(f, "{method} \"{url}\": {cause}"),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(text) => write!(f, "dial tcp: lookup failed: {text}"),
            Self::Refused(text) => write!(f, "connect: {text}"),
            Self::ConnectTimeout => f.write_str("i/o timeout"),
            Self::Timeout => f.write_str("the answer did not arrive in time"),
            Self::Certificate(text) => {
                write!(f, "tls: failed to verify certificate: x509: {text}")
            }
            Self::Tls(text) => write!(f, "tls: {text}"),
            Self::PlainHttp => f.write_str("http: server gave HTTP response to HTTPS client"),
            Self::Broken(text) => write!(f, "the connection broke: {text}"),
            Self::TooLarge(cap) => write!(f, "the answer is larger than {cap} bytes"),
            Self::Redirect(text) => f.write_str(text),
        }
    }
}

/// An error of this type, itself or inside an `io::Error`, which hides what it wraps from `source`.
fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    error.downcast_ref::<E>().or_else(|| {
        let io = error.downcast_ref::<io::Error>()?;
        let inner: &(dyn Error + 'static) = io.get_ref()?;
        find::<E>(inner)
    })
}

fn tls_cause(error: &rustls::Error) -> Cause {
    use rustls::{CertificateError as C, Error as E, InvalidMessage};
    match error {
        E::InvalidCertificate(certificate) => match certificate {
            C::Expired
            | C::ExpiredContext { .. }
            | C::NotValidYet
            | C::NotValidYetContext { .. } => {
                Cause::Certificate("certificate has expired or is not yet valid")
            }
            C::NotValidForName | C::NotValidForNameContext { .. } => {
                Cause::Certificate("certificate is valid for other names than this host")
            }
            C::Revoked => Cause::Certificate("certificate is revoked"),
            _ => Cause::Certificate("certificate signed by unknown authority"),
        },
        E::InvalidMessage(InvalidMessage::InvalidContentType) => Cause::PlainHttp,
        other => Cause::Tls(other.to_string()),
    }
}

fn io_cause(error: &io::Error, connecting: bool) -> Cause {
    let text = match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::HostUnreachable => "no route to host".to_owned(),
        io::ErrorKind::NetworkUnreachable => "network is unreachable".to_owned(),
        io::ErrorKind::ConnectionReset => "connection reset by peer".to_owned(),
        io::ErrorKind::TimedOut if connecting => return Cause::ConnectTimeout,
        io::ErrorKind::TimedOut => return Cause::Timeout,
        _ => error.to_string(),
    };
    match error.kind() {
        io::ErrorKind::UnexpectedEof if connecting => {
            Cause::Tls("the host closed the connection during the handshake".to_owned())
        }
        _ if connecting => Cause::Refused(text),
        _ => Cause::Broken(text),
    }
}

/// Scheme, host, port and path: what a message may show of a URL.
pub(super) fn plain(url: &Url) -> String {
    format!(
        "{}://{}{}",
        url.scheme(),
        super::address::authority(url),
        url.path()
    )
}
