//! stub
#![expect(missing_docs)]
use chrono::{DateTime, Utc};
use model::{image::Child, tag::Reason, *};
#[derive(Clone)]
pub struct Upstream;
#[derive(Default)]
pub struct Config {
    pub blocked_networks: Vec<ipnet::IpNet>,
    pub concurrency_per_host: usize,
    pub requests_per_second: Option<u32>,
}
#[derive(Clone, Default)]
pub struct Access {
    pub insecure: bool,
    pub credentials: Option<()>,
}
#[derive(Clone)]
pub struct Repository;
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    pub reason: Reason,
    pub message: String,
    pub hint: String,
}
impl Failure {
    pub fn internal(m: &str) -> Self {
        Self {
            reason: Reason::InternalError,
            message: m.into(),
            hint: String::new(),
        }
    }
}
pub struct TagList {
    pub tags: Vec<String>,
    pub truncated: bool,
}
pub struct ImageLayer {
    pub digest: Digest,
    pub size: i64,
    pub media_type: String,
}
pub struct Image {
    pub digest: Digest,
    pub media_type: String,
    pub config_digest: Option<Digest>,
    pub config: Option<String>,
    pub os: String,
    pub architecture: String,
    pub variant: String,
    pub created_at: Option<DateTime<Utc>>,
    pub author: String,
    pub size: i64,
    pub layers: Vec<ImageLayer>,
    pub children: Vec<Child>,
}
impl Upstream {
    pub fn new(_: Config) -> Result<Self, Failure> {
        Ok(Self)
    }
    pub fn repository(&self, _: &Reference, _: Access) -> Repository {
        Repository
    }
}
impl Repository {
    pub async fn tags(&self, _: usize) -> Result<TagList, Failure> {
        Err(Failure::internal("x"))
    }
    pub async fn head(&self, _: &str) -> Result<Option<Digest>, Failure> {
        Err(Failure::internal("x"))
    }
    pub async fn image(&self, _: &str) -> Result<Image, Failure> {
        Err(Failure::internal("x"))
    }
}
