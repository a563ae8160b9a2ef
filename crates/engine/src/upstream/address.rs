//! Hosts and URLs of registries.

use url::Url;

/// Where Docker Hub's registry API answers.
const DOCKER_HUB_API: &str = "registry-1.docker.io";

/// The host to connect to for the host of a reference.
pub(super) fn api_host(host: &str) -> &str {
    match host {
        "docker.io" | "index.docker.io" => DOCKER_HUB_API,
        other => other,
    }
}

/// Whether this is Docker Hub's API host, whose token service is on another name.
pub(super) fn is_docker_hub(host: &str) -> bool {
    host == DOCKER_HUB_API
}

/// `host` or `host:port`, the port only if it is not the scheme's own.
pub(super) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// `host:port`, always with the port.
pub(super) fn endpoint(url: &Url) -> String {
    let port = url.port_or_known_default().unwrap_or_default();
    format!("{}:{port}", url.host_str().unwrap_or_default())
}

/// Same scheme, host and port: what an `Authorization` header may go to.
pub(super) fn same_origin(a: &Url, b: &Url) -> bool {
    a.scheme() == b.scheme()
        && a.host_str() == b.host_str()
        && a.port_or_known_default() == b.port_or_known_default()
}

/// Whether two names have the same owner, as far as names tell: the same last two labels, or three where the last
/// two look like a country's own second level (`co.uk`). Never for addresses.
pub(super) fn same_site(a: &Url, b: &Url) -> bool {
    match (a.host(), b.host()) {
        (Some(url::Host::Domain(a)), Some(url::Host::Domain(b))) => {
            site(a).is_some() && site(a) == site(b)
        }
        _ => false,
    }
}

fn site(name: &str) -> Option<String> {
    let labels: Vec<&str> = name.trim_end_matches('.').rsplit('.').collect();
    let wanted = match labels.as_slice() {
        [top, second, ..] if top.len() == 2 && second.len() <= 3 => 3,
        _ => 2,
    };
    (labels.len() >= wanted).then(|| labels[..wanted].join(".").to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn a_site_is_the_last_two_labels_and_never_an_address() {
        for (a, b, same) in [
            ("https://registry.gitlab.com", "https://gitlab.com", true),
            ("https://a.example.com", "https://b.example.com:8443", true),
            ("https://a.example.com", "https://example.org", false),
            ("https://a.co.uk", "https://b.co.uk", false),
            ("https://x.a.co.uk", "https://y.a.co.uk", true),
            ("https://127.0.0.1", "https://10.0.0.1", false),
            ("https://10.0.0.1", "https://10.0.0.1", false),
            ("https://localhost", "https://localhost", false),
        ] {
            assert_eq!(same_site(&url(a), &url(b)), same, "{a} {b}");
        }
    }

    #[test]
    fn another_port_or_scheme_is_another_origin() {
        assert!(same_origin(
            &url("https://a.io/x"),
            &url("https://a.io:443/y")
        ));
        assert!(!same_origin(
            &url("https://a.io/x"),
            &url("https://a.io:444/x")
        ));
        assert!(!same_origin(&url("https://a.io/x"), &url("http://a.io/x")));
    }
}
