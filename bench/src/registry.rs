//! A real registry (Debian's docker-registry) on loopback with a repository of many tags, for measuring against.

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use sha2::{Digest, Sha256};

/// Media type of the manifests it holds.
pub const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// A running registry; stopped and removed when dropped.
pub struct Registry {
    child: Child,
    _folder: tempfile::TempDir,
    /// `127.0.0.1:PORT`.
    pub host: String,
}

impl Drop for Registry {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone afterwards.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One tag as pushed: what a client must read to know it.
pub struct Pushed {
    /// The tag.
    pub tag: String,
    /// Digest of its config blob.
    pub config: String,
}

impl Registry {
    /// Starts an empty one on a free port.
    pub async fn start(client: &reqwest::Client) -> Result<Self> {
        Self::start_as(client, "").await
    }

    /// Starts one that caches another.
    pub async fn cache_of(client: &reqwest::Client, host: &str) -> Result<Self> {
        Self::start_as(client, &format!("proxy: {{remoteurl: 'http://{host}'}}\n")).await
    }

    /// With these lines in its configuration, too.
    async fn start_as(client: &reqwest::Client, more: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let host = format!("127.0.0.1:{port}");
        let config = folder.path().join("config.yml");
        std::fs::write(
            &config,
            format!(
                "version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\nstorage:\n  \
                 filesystem: {{rootdirectory: '{}', maxthreads: 200}}\n  cache: {{blobdescriptor: inmemory}}\n\
                 http: {{addr: '{host}', secret: bench}}\nvalidation: {{disabled: true}}\n{more}",
                folder.path().join("blobs").display()
            ),
        )?;
        let child = Command::new("docker-registry")
            .arg("serve")
            .arg(&config)
            .env("OTEL_TRACES_EXPORTER", "none")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("docker-registry cannot be started: apt-get install docker-registry")?;
        let registry = Self {
            child,
            _folder: folder,
            host,
        };
        for _ in 0..100 {
            if client
                .get(format!("http://{}/v2/", registry.host))
                .send()
                .await
                .is_ok()
            {
                return Ok(registry);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::bail!("docker-registry does not answer on {}", registry.host)
    }

    /// Pushes `count` tags with a config of their own over one shared layer.
    pub async fn fill(
        &self,
        client: &reqwest::Client,
        repository: &str,
        count: usize,
    ) -> Result<Vec<Pushed>> {
        let layer = vec![7_u8; 20_000];
        let layer_digest = self.blob(client, repository, layer.clone()).await?;
        stream::iter(0..count)
            .map(|i| {
                let layer_digest = layer_digest.clone();
                let size = layer.len();
                async move {
                    let tag = format!("1.{i}.0");
                    let env: Vec<_> = (0..20).map(|n| format!("VARIABLE_{n}=value {n} of {tag}")).collect();
                    let config = serde_json::json!({
                        "architecture": "amd64", "os": "linux", "created": "2026-03-01T10:00:00Z",
                        "config": {"Env": env, "Cmd": ["run"], "Labels": {"version": tag}},
                        "history": [{"created_by": "ADD rootfs /"}],
                        "rootfs": {"type": "layers", "diff_ids": [layer_digest]},
                    })
                    .to_string();
                    let length = config.len();
                    let config = self.blob(client, repository, config.into_bytes()).await?;
                    let manifest = serde_json::json!({
                        "schemaVersion": 2, "mediaType": MANIFEST,
                        "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": length, "digest": config},
                        "layers": [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "size": size, "digest": layer_digest}],
                    });
                    let answer = client
                        .put(format!("http://{}/v2/{repository}/manifests/{tag}", self.host))
                        .header("content-type", MANIFEST)
                        .body(manifest.to_string())
                        .send()
                        .await?;
                    ensure!(answer.status() == 201, "pushing {tag}: {}", answer.status());
                    Ok(Pushed { tag, config })
                }
            })
            .buffer_unordered(8)
            .try_collect()
            .await
    }

    /// Pushes an image of one layer; the layer's digest.
    pub async fn image_of(
        &self,
        client: &reqwest::Client,
        repository: &str,
        tag: &str,
        layer: Vec<u8>,
    ) -> Result<String> {
        let size = layer.len();
        let layer = self.blob(client, repository, layer).await?;
        let config = serde_json::json!({ "architecture": "amd64", "os": "linux",
            "rootfs": { "type": "layers", "diff_ids": [layer] } })
        .to_string();
        let length = config.len();
        let config = self.blob(client, repository, config.into_bytes()).await?;
        let manifest = serde_json::json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": length, "digest": config},
            "layers": [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "size": size, "digest": layer}],
        });
        let answer = client
            .put(format!(
                "http://{}/v2/{repository}/manifests/{tag}",
                self.host
            ))
            .header("content-type", MANIFEST)
            .body(manifest.to_string())
            .send()
            .await?;
        ensure!(answer.status() == 201, "pushing {tag}: {}", answer.status());
        Ok(layer)
    }

    async fn blob(
        &self,
        client: &reqwest::Client,
        repository: &str,
        bytes: Vec<u8>,
    ) -> Result<String> {
        let digest = format!("sha256:{:x}", Sha256::digest(&bytes));
        let start = client
            .post(format!(
                "http://{}/v2/{repository}/blobs/uploads/",
                self.host
            ))
            .send()
            .await?;
        let location = start
            .headers()
            .get("location")
            .context("no upload location")?
            .to_str()?
            .to_owned();
        let mut location = url::Url::parse(&location)
            .or_else(|_| url::Url::parse(&format!("http://{}{location}", self.host)))?;
        location.query_pairs_mut().append_pair("digest", &digest);
        let answer = client.put(location).body(bytes).send().await?;
        ensure!(
            answer.status() == 201,
            "pushing a blob: {}",
            answer.status()
        );
        Ok(digest)
    }

    /// Reads every manifest and config as a plain loop would, `width` at a time: the registry's own pace.
    pub async fn read_plainly(
        &self,
        client: &reqwest::Client,
        repository: &str,
        pushed: &[Pushed],
        width: usize,
    ) -> Result<()> {
        stream::iter(pushed)
            .map(|one| async move {
                let manifest = client
                    .get(format!(
                        "http://{}/v2/{repository}/manifests/{}",
                        self.host, one.tag
                    ))
                    .header("accept", MANIFEST)
                    .send()
                    .await?
                    .error_for_status()?;
                manifest.bytes().await?;
                let config = client
                    .get(format!(
                        "http://{}/v2/{repository}/blobs/{}",
                        self.host, one.config
                    ))
                    .send()
                    .await?
                    .error_for_status()?;
                config.bytes().await?;
                anyhow::Ok(())
            })
            .buffer_unordered(width)
            .try_collect::<Vec<()>>()
            .await?;
        Ok(())
    }
}
