//! Which addresses may be connected to. Every address a name resolves to is checked, and only checked ones are used.

use std::{
    error::Error,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Link-local, cloud metadata, unspecified, multicast, broadcast.
pub(super) fn default_networks() -> Vec<IpNet> {
    let four = |a, b, c, d, length| Ipv4Net::new(Ipv4Addr::new(a, b, c, d), length).map(IpNet::V4);
    let six = |address: [u16; 8], length| Ipv6Net::new(address.into(), length).map(IpNet::V6);
    [
        four(0, 0, 0, 0, 8),
        four(169, 254, 0, 0, 16),
        four(100, 100, 100, 200, 32),
        four(224, 0, 0, 0, 4),
        four(255, 255, 255, 255, 32),
        six([0; 8], 128),
        six([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10),
        six([0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x254], 128),
        six([0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x254], 128),
        six([0xff00, 0, 0, 0, 0, 0, 0, 0], 8),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// An address that is not connected to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Blocked {
    /// The host as asked for.
    pub host: String,
    /// The address.
    pub address: IpAddr,
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}) is blocked", self.host, self.address)
    }
}

impl Error for Blocked {}

/// The rule. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    networks: Arc<[IpNet]>,
    allow_private: bool,
}

impl Guard {
    pub fn new(networks: &[IpNet], allow_private: bool) -> Self {
        Self {
            networks: networks.into(),
            allow_private,
        }
    }

    /// Whether this address, and the IPv4 address it may carry, can be connected to.
    pub fn allows(&self, address: IpAddr) -> bool {
        carried(address).into_iter().flatten().all(|address| {
            !self
                .networks
                .iter()
                .any(|network| network.contains(&address))
                && (self.allow_private || !is_private(address))
        })
    }

    /// Refuses a URL whose host is a blocked address. Names are checked when they are resolved.
    pub fn check(&self, url: &Url) -> Result<(), Blocked> {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            _ => return Ok(()),
        };
        if self.allows(address) {
            return Ok(());
        }
        Err(Blocked {
            host: super::address::authority(url),
            address,
        })
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let addresses: Vec<SocketAddr> =
                tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            // One blocked address refuses the name: an attacker's zone mixes good ones in.
            for address in &addresses {
                if !guard.allows(address.ip()) {
                    let address = address.ip();
                    return Err(Blocked { host, address }.into());
                }
            }
            let addresses: Addrs = Box::new(addresses.into_iter());
            Ok(addresses)
        })
    }
}

/// The address and the IPv4 address inside it: mapped, compatible, NAT64 (RFC 6052, 8215), 6to4, Teredo.
fn carried(address: IpAddr) -> [Option<IpAddr>; 2] {
    let IpAddr::V6(six) = address else {
        return [Some(address), None];
    };
    let s = six.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    let inner = match s {
        [0, 0, 0, 0, 0, 0xffff, high, low] => Some(v4(high, low)),
        [0, 0, 0, 0, 0, 0, 0, low] if low <= 1 => None,
        [0, 0, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        [0, 0, 0, 0, 0xffff, 0, high, low] => Some(v4(high, low)),
        [0x64, 0xff9b, _, _, _, _, high, low] => Some(v4(high, low)),
        [0x2002, high, low, ..] => Some(v4(high, low)),
        [0x2001, 0, _, _, _, _, high, low] => Some(v4(!high, !low)),
        _ => None,
    };
    [Some(address), inner]
}

/// Loopback, private, carrier-grade NAT, unique local.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => {
            let [a, b, ..] = four.octets();
            four.is_loopback() || four.is_private() || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(six) => is_private_six(six),
    }
}

fn is_private_six(six: Ipv6Addr) -> bool {
    six.is_loopback() || six.is_unique_local() || (six.segments()[0] & 0xffc0) == 0xfec0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocked_addresses_stay_blocked_in_every_spelling() {
        let guard = Guard::new(&default_networks(), true);
        for blocked in [
            "169.254.169.254",
            "0.0.0.0",
            "100.100.100.200",
            "224.0.0.1",
            "::",
            "fe80::1",
            "fd00:ec2::254",
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
            "2001::5601:5601",
        ] {
            assert!(!guard.allows(blocked.parse().unwrap()), "{blocked}");
        }
        for allowed in [
            "127.0.0.1",
            "10.0.0.1",
            "192.0.2.1",
            "::1",
            "2001:db8::1",
            "fd12::1",
        ] {
            assert!(guard.allows(allowed.parse().unwrap()), "{allowed}");
        }
    }

    #[test]
    fn private_addresses_can_be_refused() {
        let guard = Guard::new(&default_networks(), false);
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.0.1",
            "100.64.0.1",
            "::1",
            "fd12::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(!guard.allows(private.parse().unwrap()), "{private}");
        }
        assert!(guard.allows("192.0.2.1".parse().unwrap()));
    }

    #[test]
    fn odd_spellings_of_addresses_in_urls_are_seen() {
        let guard = Guard::new(&default_networks(), true);
        for text in [
            "http://2852039166/",
            "http://0xa9fea9fe/",
            "http://169.254.43518/",
            "http://[::ffff:a9fe:a9fe]/",
            "http://0/",
        ] {
            assert!(guard.check(&Url::parse(text).unwrap()).is_err(), "{text}");
        }
    }
}
