//! Blobs through the registry: ours beside Debian's docker-registry as a pull-through cache of the same registry, cold and
//! warm, in one run; and what a large blob adds to our memory, pulled through and pushed.

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use engine::{Actor, Clock, Config, Engine};
use futures::{StreamExt, TryStreamExt};
use model::{
    Reference, StreamRef, TagName,
    import::{ImportRequest, Selection},
    policy::{ReferencePolicy, Schedule},
};
use reqwest::header::ACCEPT;
use sha2::{Digest, Sha256};

use crate::registry::{MANIFEST, Registry};

const REPOSITORY: &str = "bench/large";

/// Small blobs, for how soon the first bytes come.
const SMALL: usize = 40;

/// Requests for the rate of what is here, so many at one time.
const REQUESTS: usize = 4_000;
const AT_ONCE: usize = 16;

/// Weir in a process of its own, whose memory can be read; stopped when dropped.
struct Weir {
    child: Child,
    host: String,
    token: String,
    _folder: tempfile::TempDir,
}

impl Drop for Weir {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone afterwards.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Measures and prints, with a blob of so many MiB.
pub async fn run(mib: usize) -> Result<()> {
    let client = crate::client()?;
    let upstream = Registry::start(&client).await?;
    let large = content(mib);
    let digest = upstream
        .image_of(&client, REPOSITORY, "1", large.clone())
        .await?;
    let mut small = Vec::with_capacity(SMALL);
    let mut tags = vec!["1".parse()?];
    for number in 0..SMALL {
        let tag = format!("small-{number}");
        let mut bytes = content(1);
        bytes.truncate(1 << 16);
        bytes.extend_from_slice(tag.as_bytes());
        small.push(upstream.image_of(&client, REPOSITORY, &tag, bytes).await?);
        tags.push(tag.parse()?);
    }
    println!("\na blob of {mib} MiB, docker-registry on loopback as the upstream");
    println!(
        "  {:<44} {:>9} {:>9} {:>9}",
        "", "seconds", "MiB/s", "first ms"
    );
    let direct = pull(&client, &upstream.host, "", REPOSITORY, &digest).await?;
    line("straight from the upstream", direct, mib);

    let cache = Registry::cache_of(&client, &upstream.host).await?;
    let weir = start(&upstream, REPOSITORY, tags).await?;
    let ready = wait_for(&client, &weir).await?;
    let idle = resident(&weir, "VmRSS")?;
    let cold = pull(&client, &cache.host, "", REPOSITORY, &digest).await?;
    line("docker-registry as cache, cold", cold, mib);
    let cold = pull(&client, &weir.host, &weir.token, "bench/app", &digest).await?;
    line("Weir, cold", cold, mib);
    let pulled = resident(&weir, "VmHWM")?;
    for (name, host, token, repository) in [
        (
            "docker-registry as cache, warm",
            &cache.host,
            "",
            REPOSITORY,
        ),
        ("Weir, warm", &weir.host, weir.token.as_str(), "bench/app"),
    ] {
        let mut best = pull(&client, host, token, repository, &digest).await?;
        for _ in 0..2 {
            best = best.min(pull(&client, host, token, repository, &digest).await?);
        }
        line(name, best, mib);
    }
    let pushed = push(&client, &weir, large).await?;
    line("Weir, pushed", pushed, mib);
    println!(
        "{SMALL} blobs of 64 KiB, first bytes (median)\n  {:<44} {:>9} {:>9}",
        "", "cold ms", "warm ms"
    );
    let ways = [
        ("straight from the upstream", &upstream.host, "", REPOSITORY),
        ("docker-registry as cache", &cache.host, "", REPOSITORY),
        ("Weir", &weir.host, weir.token.as_str(), "bench/app"),
    ];
    let mut firsts = [const { [const { Vec::new() }; 2] }; 3];
    for turn in 0..2 {
        for digest in &small {
            // Once before, so that the upstream has read its file for all.
            pull(&client, &upstream.host, "", REPOSITORY, digest).await?;
            for ((_, host, token, repository), firsts) in ways.iter().zip(&mut firsts) {
                let times = pull(&client, host, token, repository, digest).await?;
                firsts[turn].push(times.first.as_secs_f64() * 1e3);
            }
        }
    }
    for ((name, ..), firsts) in ways.into_iter().zip(firsts) {
        let [cold, warm] = firsts.map(|mut all| {
            all.sort_by(f64::total_cmp);
            all[SMALL / 2]
        });
        println!("  {name:<44} {cold:>9.2} {warm:>9.2}");
    }
    let kept = "docker-registry with its own storage";
    rates(&client, [(kept, ways[0]), ("Weir", ways[2])], &small[0]).await?;
    println!("  {:<44} {:>9}", "", "MiB");
    println!("  {:<44} {:>9.1}", "Weir's memory, idle", idle);
    println!(
        "  {:<44} {:>9.1}",
        "added at most while the blob came through",
        pulled - idle
    );
    println!(
        "  {:<44} {:>9.1}",
        "added at most, the push included",
        resident(&weir, "VmHWM")? - idle
    );
    println!(
        "Weir serves {:.0} ms after its start",
        ready.as_secs_f64() * 1e3
    );
    Ok(())
}

/// A registry: its name, its host, a token, a repository.
type Way<'a> = (&'a str, &'a String, &'a str, &'a str);

/// How often a second registries give out what they have, best of three rounds that take turns.
async fn rates(client: &reqwest::Client, ways: [(&str, Way<'_>); 2], blob: &str) -> Result<()> {
    println!("{REQUESTS} requests for what is here, {AT_ONCE} at a time");
    println!(
        "  {:<44} {:>9} {:>9} {:>9}   requests/s",
        "", "tag", "digest", "blob"
    );
    let mut best = [[0.0_f64; 3]; 2];
    for _ in 0..3 {
        for ((_, (_, host, token, repository)), best) in ways.iter().zip(&mut best) {
            let base = format!("http://{host}/v2/{repository}");
            let by_tag = format!("{base}/manifests/small-0");
            let answer = ask(client, &by_tag, token).await?;
            let digest = answer.headers().get("docker-content-digest");
            let digest = digest.context("no digest")?.to_str()?;
            let by_digest = format!("{base}/manifests/{digest}");
            let blob = format!("{base}/blobs/{blob}");
            for (url, best) in [by_tag, by_digest, blob].iter().zip(best) {
                let start = Instant::now();
                futures::stream::iter(0..REQUESTS)
                    .map(|_| async move { Ok(ask(client, url, token).await?.bytes().await?) })
                    .buffer_unordered(AT_ONCE)
                    .try_for_each(|_| async { anyhow::Ok(()) })
                    .await?;
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "a whole number of requests is shown"
                )]
                let rate = REQUESTS as f64 / start.elapsed().as_secs_f64();
                *best = best.max(rate);
            }
        }
    }
    for ((name, _), [tag, digest, blob]) in ways.iter().zip(best) {
        println!("  {name:<44} {tag:>9.0} {digest:>9.0} {blob:>9.0}");
    }
    Ok(())
}

/// Asks for something that is there.
async fn ask(client: &reqwest::Client, url: &str, token: &str) -> Result<reqwest::Response> {
    let mut request = client.get(url).header(ACCEPT, MANIFEST);
    if !token.is_empty() {
        request = request.bearer_auth(token);
    }
    let answer = request.send().await?;
    ensure!(answer.status() == 200, "{url}: {}", answer.status());
    Ok(answer)
}

/// Bytes no compression makes smaller.
fn content(mib: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(mib << 20);
    while bytes.len() < mib << 20 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes
}

/// Imports the image, then serves it.
async fn start(upstream: &Registry, repository: &str, tags: Vec<TagName>) -> Result<Weir> {
    let folder = tempfile::tempdir()?;
    let engine = Engine::open(
        Config::in_folder(folder.path().to_owned()),
        Clock::default(),
    )
    .await?;
    let console: Actor = Engine::console_actor();
    let role = model::user::Role::Editor;
    engine
        .add_user(&console, "bench", "not used to sign in", role)
        .await?;
    let life = "1d".parse()?;
    let token = engine
        .create_token(&console, "bench", "bench", life, model::token::Scope::Full)
        .await?;
    let source: Reference = format!("{}/{repository}", upstream.host).parse()?;
    let request = ImportRequest {
        stream: StreamRef::parse("bench", "app").context("a stream")?,
        create: true,
        source: Some(source),
        selection: Selection::Chosen(tags),
        insecure: true,
        schedule: Schedule::Never,
        reference_policy: ReferencePolicy::Local,
        mode: None,
        platform: <[String; 2]>::default(),
    };
    engine.start_import(&console, &request).await?;
    engine.run_jobs().await?;
    engine.stop(Duration::from_secs(5)).await;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let host = format!("127.0.0.1:{port}");
    let child = Command::new(std::env::current_exe()?)
        .arg("weir")
        .arg("serve")
        .env("WEIR_DATA", folder.path())
        .env("WEIR_HTTP", &host)
        .env("WEIR_LOG", "warn")
        .stdout(Stdio::null())
        .spawn()
        .context("starting Weir")?;
    Ok(Weir {
        child,
        host,
        token: token.secret,
        _folder: folder,
    })
}

/// How long it takes, from when its process is started, until it serves.
async fn wait_for(client: &reqwest::Client, weir: &Weir) -> Result<Duration> {
    let start = Instant::now();
    for _ in 0..500 {
        let asked = client.get(format!("http://{}/readyz", weir.host)).send();
        if asked.await.is_ok_and(|answer| answer.status() == 200) {
            return Ok(start.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    anyhow::bail!("Weir does not answer on {}", weir.host)
}

/// How long it took until the first byte and until the last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Times {
    whole: Duration,
    first: Duration,
}

/// Reads a blob and throws it away.
async fn pull(
    client: &reqwest::Client,
    host: &str,
    token: &str,
    repository: &str,
    digest: &str,
) -> Result<Times> {
    let start = Instant::now();
    let mut request = client.get(format!("http://{host}/v2/{repository}/blobs/{digest}"));
    if !token.is_empty() {
        request = request.bearer_auth(token);
    }
    let answer = request.send().await?;
    ensure!(answer.status() == 200, "pulling: {}", answer.status());
    let mut body = answer.bytes_stream();
    let mut first = None;
    while let Some(piece) = body.next().await {
        piece?;
        first.get_or_insert_with(|| start.elapsed());
    }
    Ok(Times {
        whole: start.elapsed(),
        first: first.context("an empty blob")?,
    })
}

/// Pushes a blob that is not there yet.
async fn push(client: &reqwest::Client, weir: &Weir, mut bytes: Vec<u8>) -> Result<Times> {
    bytes.reverse();
    let hash = format!("{:x}", Sha256::digest(&bytes));
    let start = Instant::now();
    let url = format!(
        "http://{}/v2/bench/pushed/blobs/uploads/?digest=sha256:{hash}",
        weir.host
    );
    let answer = client.post(url).bearer_auth(&weir.token).body(bytes);
    let answer = answer.send().await?;
    ensure!(answer.status() == 201, "pushing: {}", answer.status());
    let whole = start.elapsed();
    Ok(Times {
        whole,
        first: whole,
    })
}

/// A line of the process's own account of its memory, in MiB.
fn resident(weir: &Weir, line: &str) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", weir.child.id()))?;
    let found = status.lines().find_map(|text| text.strip_prefix(line));
    let words = found.context("no memory in /proc")?;
    let kib: f64 = words
        .trim_matches([':', ' ', '\t'])
        .split_whitespace()
        .next()
        .context("no figure")?
        .parse()?;
    Ok(kib / 1024.0)
}

#[expect(clippy::cast_precision_loss, reason = "some digits are shown")]
fn line(name: &str, times: Times, mib: usize) {
    let seconds = times.whole.as_secs_f64();
    println!(
        "  {name:<44} {seconds:>9.2} {:>9.0} {:>9.1}",
        mib as f64 / seconds,
        times.first.as_secs_f64() * 1e3
    );
}
