//! From a challenge to an `Authorization` header: Basic, or a token from a realm the credentials may go to.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use reqwest::{StatusCode, header::HeaderValue};
use serde::Deserialize;
use url::Url;

use super::{
    Access, Credentials,
    address::{authority, is_docker_hub, same_site},
    cache::Cache,
    challenge::Challenge,
    transport::{Call, Transport},
    trouble::Trouble,
};

/// The largest token answer taken.
const TOKEN_BODY: usize = 256 << 10;
/// How long a token lives whose answer does not say, by the token specification.
const DEFAULT_LIFE: u64 = 60;

/// Keeps tokens and the rule of who may be sent credentials.
pub(super) struct Auth {
    allowed_realms: Vec<String>,
    tokens: Cache<Scope, HeaderValue, Trouble>,
}

/// What one token is for.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Scope {
    realm: Url,
    service: Option<String>,
    scope: String,
    credentials: Option<Credentials>,
    insecure: bool,
}

impl Auth {
    pub fn new(allowed_realms: Vec<String>) -> Self {
        Self {
            allowed_realms,
            tokens: Cache::new(),
        }
    }

    /// The header for pulls from a repository. `stale` is one that was just refused and must not come again.
    pub async fn header(
        &self,
        transport: &Transport,
        registry: &Url,
        repository: &str,
        challenge: &Challenge,
        access: &Access,
        stale: Option<&HeaderValue>,
    ) -> Result<Option<HeaderValue>, Trouble> {
        let (realm, service) = match challenge {
            Challenge::Open => return Ok(None),
            Challenge::Basic => return access.credentials.as_ref().map(basic).transpose(),
            Challenge::Bearer { realm, service } => (realm, service),
        };
        let Some(realm) = realm else {
            return Err(malformed("registry names no valid token service"));
        };
        self.check_realm(registry, realm, access)?;
        let scope = Scope {
            realm: realm.clone(),
            service: service.clone(),
            scope: format!("repository:{repository}:pull"),
            credentials: access.credentials.clone(),
            insecure: access.insecure,
        };
        if let Some(stale) = stale {
            self.tokens.forget(&scope, |token| token == stale);
        }
        let token = self.tokens.get(&scope, || token(transport, &scope)).await?;
        Ok(Some(token))
    }

    /// Refuses a realm that must not be asked. Without credentials, any TLS host may be asked for a token.
    fn check_realm(&self, registry: &Url, realm: &Url, access: &Access) -> Result<(), Trouble> {
        let host = realm.host_str().unwrap_or_default();
        let same_host = registry.host_str() == Some(host) && !host.is_empty();
        let sealed = match realm.scheme() {
            "https" => true,
            "http" => access.insecure && registry.scheme() == "http" && same_host,
            _ => false,
        };
        let clean = realm.username().is_empty() && realm.password().is_none();
        let belongs = same_host
            || same_site(registry, realm)
            || (is_docker_hub(registry.host_str().unwrap_or_default()) && host == "auth.docker.io")
            || self.allowed_realms.iter().any(|allowed| {
                allowed.eq_ignore_ascii_case(host)
                    || allowed.eq_ignore_ascii_case(&authority(realm))
            });
        if sealed && clean && (belongs || access.credentials.is_none()) {
            return Ok(());
        }
        Err(Trouble::ForeignRealm {
            registry: authority(registry),
            realm: format!("{}://{}", realm.scheme(), authority(realm)),
        })
    }
}

fn malformed(text: &str) -> Trouble {
    Trouble::Malformed(text.to_owned())
}

fn secret(text: &str) -> Result<HeaderValue, Trouble> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| malformed("token service sent something that is not a token"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn basic(credentials: &Credentials) -> Result<HeaderValue, Trouble> {
    let pair = format!("{}:{}", credentials.user, credentials.password);
    secret(&format!("Basic {}", BASE64_STANDARD.encode(pair)))
}

/// Asks the token service; also says how long to keep what it answers.
async fn token(transport: &Transport, scope: &Scope) -> Result<(HeaderValue, Duration), Trouble> {
    #[derive(Deserialize)]
    struct Body {
        token: Option<String>,
        access_token: Option<String>,
        expires_in: Option<u64>,
    }
    let mut url = scope.realm.clone();
    url.set_fragment(None);
    {
        let mut query = url.query_pairs_mut();
        if let Some(service) = &scope.service {
            query.append_pair("service", service);
        }
        query.append_pair("scope", &scope.scope);
        if let Some(credentials) = &scope.credentials {
            query.append_pair("account", &credentials.user);
        }
    }
    let call = Call {
        head: false,
        authorization: scope.credentials.as_ref().map(basic).transpose()?,
        url,
        accept: "application/json",
        cap: TOKEN_BODY,
        streamed: None,
        insecure: scope.insecure,
        retry: true,
    };
    let answer = transport.send(&call).await?;
    if !answer.status.is_success() {
        if matches!(
            answer.status,
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
        ) {
            return Err(Trouble::Denied(answer.body));
        }
        return Err(Trouble::status(&call, &answer));
    }
    let body: Body = serde_json::from_slice(&answer.body)
        .map_err(|_| malformed("token service sent something that is not a token"))?;
    let token = body
        .token
        .filter(|token| !token.is_empty())
        .or(body.access_token)
        .ok_or_else(|| malformed("token service sent no token"))?;
    let life = body.expires_in.unwrap_or(DEFAULT_LIFE).min(86_400);
    // Its life began before it arrived.
    let keep = Duration::from_secs(life.saturating_sub(5).max(life / 2));
    Ok((secret(&format!("Bearer {token}"))?, keep))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(registry: &str, realm: &str, insecure: bool, with_credentials: bool) -> bool {
        let access = Access {
            insecure,
            credentials: with_credentials.then(|| Credentials {
                user: "u".into(),
                password: "p".into(),
            }),
        };
        let (registry, realm) = (Url::parse(registry).unwrap(), Url::parse(realm).unwrap());
        Auth::new(vec![
            "tokens.example.net".into(),
            "t.example.net:8443".into(),
        ])
        .check_realm(&registry, &realm, &access)
        .is_ok()
    }

    #[test]
    fn credentials_go_to_the_registry_and_its_own_token_service_only() {
        let hub = "https://registry-1.docker.io";
        for (registry, realm, insecure, ok) in [
            ("https://r.io", "https://r.io/token", false, true),
            ("https://r.io:5000", "https://r.io:5001/token", false, true),
            (
                "https://registry.gitlab.com",
                "https://gitlab.com/jwt/auth",
                false,
                true,
            ),
            (hub, "https://auth.docker.io/token", false, true),
            ("https://r.io", "https://auth.docker.io/token", false, false),
            ("https://r.io", "https://tokens.example.net/", false, true),
            ("https://r.io", "https://t.example.net:8443/", false, true),
            ("https://r.io", "https://t.example.net/", false, false),
            ("https://r.io", "https://evil.io/", false, false),
            ("https://r.io", "https://r.io.evil.io/", false, false),
            ("https://r.io", "http://r.io/token", false, false),
            ("https://r.io", "http://r.io/token", true, false),
            ("http://r.io", "http://r.io/token", true, true),
            ("http://r.io", "http://a.r.io/token", true, false),
            ("https://r.io", "https://u:p@r.io/token", false, false),
            (
                "https://127.0.0.1:5000",
                "https://127.0.0.2:5000/",
                false,
                false,
            ),
            ("https://r.io", "ftp://r.io/", true, false),
        ] {
            assert_eq!(
                allowed(registry, realm, insecure, true),
                ok,
                "{registry} {realm}"
            );
        }
        assert!(allowed("https://r.io", "https://other.io/", false, false));
        assert!(!allowed("https://r.io", "http://other.io/", true, false));
    }
}
