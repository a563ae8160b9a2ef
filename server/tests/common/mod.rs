//! A whole server in one process: the real router over a real engine on a throw-away database, and a browser that keeps
//! cookies, follows nothing by itself and runs no scripts.

pub mod html;

use std::{cell::RefCell, collections::BTreeMap};

use axum::{Router, body::Body};
use engine::{
    Clock, Engine,
    testing::db::TestDb,
    upstream::{self, Upstream},
};
use http::{HeaderMap, Method, Request, StatusCode, header, request::Builder};
use http_body_util::BodyExt;
use model::{
    StreamRef,
    import::{ImportRequest, Selection},
    policy::{ReferencePolicy, Schedule},
    user::Role,
};
use server::{router::build_router, state::AppState};
use tower::ServiceExt;

/// The password of every user of the tests.
pub const PASSWORD: &str = "correct horse battery";

/// Whether these tests run on PostgreSQL and a bucket this time, as `cargo xtask test` runs those of the registry once more.
#[expect(
    clippy::disallowed_methods,
    reason = "which run it is, is no configuration of Weir"
)]
fn on_postgres() -> bool {
    std::env::var_os("WEIR_TEST_SERVER").is_some_and(|on| on == "postgres")
}

pub struct TestServer {
    pub engine: Engine,
    pub clock: Clock,
    router: Router,
    origin: String,
    _db: TestDb,
}

impl TestServer {
    /// A server with users `viewer`, `editor` and `admin`, reached at `http://weir.test`.
    pub async fn start() -> Self {
        let server = Self::empty("http://weir.test").await;
        for role in [Role::Viewer, Role::Editor, Role::Admin] {
            server
                .engine
                .add_user(&Engine::console_actor(), role.as_str(), PASSWORD, role)
                .await
                .unwrap();
        }
        server
    }

    /// A server nobody can sign in to yet.
    pub async fn empty(public_url: &str) -> Self {
        let mut db = match on_postgres() {
            true => TestDb::postgres().await,
            false => TestDb::sqlite(),
        };
        // Near the real time: the session cookie's age is reckoned by the real clock.
        let clock = Clock::held_at(Clock::default().now());
        db.clock = clock.clone();
        let authority = public_url.split_once("://").unwrap().1;
        let upstream = Upstream::new(upstream::Config::default()).unwrap();
        let engine = db
            .engine_with(upstream, |config| {
                config.registry_host = Some(authority.to_owned());
                config.own_hosts = vec![authority.to_owned()];
                // Few, so that a test sees more than one part.
                config.streams_at_once = 2;
            })
            .await;
        let state = AppState::new(engine.clone(), public_url.parse().unwrap());
        Self {
            engine,
            clock,
            router: build_router(state).unwrap(),
            origin: public_url.to_owned(),
            _db: db,
        }
    }

    /// A new stream `shop/ruby`, and the id of an import into it that waits for a worker there is none of.
    pub async fn job(&self) -> String {
        let request = ImportRequest {
            mode: None,
            platform: <[String; 2]>::default(),
            stream: StreamRef::parse("shop", "ruby").unwrap(),
            create: true,
            source: Some("registry.example/library/ruby".parse().unwrap()),
            selection: Selection::Chosen(vec!["2.7".parse().unwrap()]),
            insecure: false,
            schedule: Schedule::Never,
            reference_policy: ReferencePolicy::Source,
        };
        let started = self
            .engine
            .start_import(&Engine::console_actor(), &request)
            .await;
        started.unwrap().expect("a job")
    }

    /// Sends one request as it is.
    pub async fn send(&self, request: Request<Body>) -> Page {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Page {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    /// A browser nobody has signed in with.
    pub fn browser(&self) -> Browser<'_> {
        Browser {
            server: self,
            cookies: RefCell::default(),
        }
    }

    /// A browser `name` has signed in with.
    pub async fn signed_in(&self, name: &str) -> Browser<'_> {
        let browser = self.browser();
        let page = browser.sign_in(name, PASSWORD, "/").await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
        assert_eq!(page.location(), "/", "{name} could not sign in");
        browser
    }
}

/// An answer.
#[derive(Debug)]
pub struct Page {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Page {
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub fn location(&self) -> &str {
        self.header("location")
    }

    /// The `Set-Cookie` line of a cookie; empty if it is not set.
    pub fn set_cookie(&self, name: &str) -> &str {
        self.headers
            .get_all(header::SET_COOKIE)
            .iter()
            .map(|value| value.to_str().unwrap())
            .rfind(|line| line.split_once('=').is_some_and(|(key, _)| key == name))
            .unwrap_or_default()
    }

    /// The token of the page's forms.
    pub fn csrf(&self) -> String {
        html::input(&self.body, "csrf").expect("the page has a form with a token")
    }
}

pub struct Browser<'a> {
    server: &'a TestServer,
    pub cookies: RefCell<BTreeMap<String, String>>,
}

impl Browser<'_> {
    /// A request with what a browser sends along.
    pub fn request(&self, method: Method, path: &str) -> Builder {
        let cookies: Vec<String> = self
            .cookies
            .borrow()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let host = self.server.origin.split_once("://").unwrap().1.to_owned();
        let mut builder = Request::builder()
            .method(&method)
            .uri(path)
            .header("host", host)
            .header("accept", "text/html,application/xhtml+xml")
            .header("sec-fetch-site", "same-origin");
        if method == Method::POST {
            builder = builder
                .header("origin", &self.server.origin)
                .header("content-type", "application/x-www-form-urlencoded");
        }
        if cookies.is_empty() {
            builder
        } else {
            builder.header("cookie", cookies.join("; "))
        }
    }

    /// Sends it and keeps the cookies of the answer.
    pub async fn send(&self, request: Request<Body>) -> Page {
        let page = self.server.send(request).await;
        for line in page.headers.get_all(header::SET_COOKIE) {
            let line = line.to_str().unwrap();
            let (name, rest) = line.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap_or_default();
            if line.contains("Max-Age=0") {
                self.cookies.borrow_mut().remove(name);
            } else {
                self.cookies
                    .borrow_mut()
                    .insert(name.to_owned(), value.to_owned());
            }
        }
        page
    }

    pub async fn get(&self, path: &str) -> Page {
        self.send(self.request(Method::GET, path).body(Body::empty()).unwrap())
            .await
    }

    /// Sends a form.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        self.send(self.request(Method::POST, path).body(form(fields)).unwrap())
            .await
    }

    /// Sends what the sign-in page would, if it were filled in.
    pub async fn sign_in(&self, name: &str, password: &str, next: &str) -> Page {
        let csrf = self.token().await;
        let fields = [
            ("name", name),
            ("password", password),
            ("csrf", &csrf),
            ("next", next),
        ];
        self.post("/login", &fields).await
    }

    /// The token the forms of somebody not signed in carry; of somebody signed in, that of the page's frame.
    pub async fn token(&self) -> String {
        let page = self.get("/login").await;
        match self.cookie("weir") {
            Some(_) => self.get("/").await.csrf(),
            None => self.cookie("weir-csrf").unwrap_or_else(|| page.csrf()),
        }
    }

    /// Whether a page of somebody signed in can be seen.
    pub async fn is_signed_in(&self) -> bool {
        self.get("/streams").await.status == StatusCode::OK
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.borrow().get(name).cloned()
    }
}

/// Fields as a form's body.
pub fn form(fields: &[(&str, &str)]) -> Body {
    Body::from(
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish(),
    )
}
