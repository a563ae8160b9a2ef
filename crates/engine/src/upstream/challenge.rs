//! What a registry asks for in `WWW-Authenticate`.

use http_auth::{ChallengeParser, ChallengeRef};
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};
use url::Url;

/// How requests are to be authorised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// Not at all.
    Open,
    /// User name and password with each request.
    Basic,
    /// A token from a service. The realm may be anything, so it is checked before use.
    Bearer {
        /// Where tokens come from; none if what was named is no URL.
        realm: Option<Url>,
        /// The name the service knows the registry by.
        service: Option<String>,
    },
}

/// The challenge of an answer: Bearer before Basic, none if neither is asked for.
pub(super) fn read(headers: &HeaderMap) -> Option<Challenge> {
    let mut basic = None;
    for header in headers.get_all(WWW_AUTHENTICATE) {
        let Ok(text) = header.to_str() else { continue };
        for challenge in ChallengeParser::new(text).map_while(Result::ok) {
            if challenge.scheme.eq_ignore_ascii_case("bearer") {
                return Some(Challenge::Bearer {
                    realm: parameter(&challenge, "realm").and_then(|text| Url::parse(&text).ok()),
                    service: parameter(&challenge, "service"),
                });
            }
            if challenge.scheme.eq_ignore_ascii_case("basic") {
                basic = Some(Challenge::Basic);
            }
        }
    }
    basic
}

fn parameter(challenge: &ChallengeRef<'_>, name: &str) -> Option<String> {
    challenge
        .params
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.to_unescaped())
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn of(texts: &[&str]) -> Option<Challenge> {
        let mut headers = HeaderMap::new();
        for text in texts {
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_str(text).unwrap());
        }
        read(&headers)
    }

    #[test]
    fn bearer_wins_and_anything_may_stand_around_it() {
        let bearer = Some(Challenge::Bearer {
            realm: Url::parse("https://auth.io/token").ok(),
            service: Some("r.io".into()),
        });
        assert_eq!(
            of(&["Bearer realm=\"https://auth.io/token\",service=\"r.io\""]),
            bearer
        );
        assert_eq!(
            of(&[
                "Basic realm=\"x\"",
                "bearer service=r.io, realm=\"https://auth.io/token\""
            ]),
            bearer
        );
        assert_eq!(of(&["Basic realm=\"x\""]), Some(Challenge::Basic));
        assert_eq!(of(&["Negotiate"]), None);
        assert_eq!(
            of(&["Bearer realm=\"no url\""]),
            Some(Challenge::Bearer {
                realm: None,
                service: None
            })
        );
        assert_eq!(of(&[]), None);
    }
}
