//! Page times: the router the program serves, called in this process, on a database of a stated size.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header},
};
use engine::{
    Clock, Config, Engine,
    store::{StoredImage, Tx, WriteContext},
};
use futures::{StreamExt, stream};
use http_body_util::BodyExt;
use model::{
    Cause, Change, Digest, Reference, StreamRef, TagName, TagSource, TagSpec,
    image::Layer,
    policy::{ImportMode, Schedule},
};
use tower::ServiceExt;

const PASSWORD: &str = "bench password";

/// How much there is to look at.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// Streams in the list.
    pub streams: usize,
    /// Tags of the biggest stream.
    pub tags: usize,
    /// Revisions of the longest history.
    pub revisions: usize,
}

/// Fills a database, then measures and prints each page.
pub async fn run(sizes: Sizes, requests: usize, postgres: Option<&str>) -> Result<()> {
    for database in [None, postgres]
        .into_iter()
        .enumerate()
        .filter(|(i, url)| *i == 0 || url.is_some())
        .map(|(_, url)| url)
    {
        measure(sizes, requests, database).await?;
    }
    Ok(())
}

async fn measure(sizes: Sizes, requests: usize, database: Option<&str>) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut config = Config::in_folder(folder.path().to_owned());
    if let Some(url) = database {
        url.clone_into(&mut config.database_url);
    }
    config.workers = 0;
    let engine = Engine::open(config, Clock::default()).await?;
    engine.first_start(Some(PASSWORD)).await?;
    let start = Instant::now();
    fill(&engine, sizes).await?;
    engine.store().analyze().await?;
    let kind = if database.is_some() {
        "PostgreSQL"
    } else {
        "SQLite"
    };
    println!(
        "\npages on {kind}: {} streams, a stream of {} tags, a tag of {} revisions (filled in {:.0} s)",
        sizes.streams,
        sizes.tags,
        sizes.revisions,
        start.elapsed().as_secs_f64()
    );
    println!(
        "  {:<44} {:>9} {:>9} {:>9} {:>10} {:>9}",
        "", "p50 ms", "p99 ms", "max ms", "pages/s", "KiB"
    );
    let state = server::state::AppState::new(engine.clone(), "http://127.0.0.1:8080".parse()?);
    let router = server::router::build_router(state)?;
    let cookie = sign_in(&router).await?;
    let middle = sizes.streams / 2;
    let pages = [
        ("stream list, first page", "/streams".to_owned()),
        (
            "stream list, page in the middle",
            format!("/streams?cursor=a.bench/s{middle:06}"),
        ),
        (
            "stream list, filtered by text",
            format!("/streams?text=s{middle:06}"),
        ),
        (
            "tags of the biggest stream, first page",
            "/s/bench/big".to_owned(),
        ),
        (
            "tags of the biggest stream, near the end",
            format!(
                "/s/bench/big?cursor=a.3t{:06}",
                sizes.tags.saturating_sub(60)
            ),
        ),
        (
            "history of the longest tag, first page",
            "/s/bench/long/t/latest/history".to_owned(),
        ),
        (
            "history of the longest tag, near the end",
            "/s/bench/long/t/latest/history?cursor=a.60".to_owned(),
        ),
        ("tag detail", "/s/bench/big/t/t000001".to_owned()),
        ("overview", "/".to_owned()),
    ];
    for (what, path) in pages {
        let (_, size) = get(&router, &cookie, &path).await?;
        let mut times = Vec::with_capacity(requests);
        for _ in 0..requests {
            times.push(get(&router, &cookie, &path).await?.0);
        }
        times.sort();
        let start = Instant::now();
        let results: Vec<_> = stream::iter(0..requests)
            .map(|_| {
                let (router, cookie, path) = (router.clone(), cookie.clone(), path.clone());
                async move { get(&router, &cookie, &path).await }
            })
            .buffer_unordered(8)
            .collect()
            .await;
        results.into_iter().collect::<Result<Vec<_>>>()?;
        let rate = f64::from(u32::try_from(requests)?) / start.elapsed().as_secs_f64();
        let millis = |time: &Duration| time.as_secs_f64() * 1e3;
        println!(
            "  {what:<44} {:>9.2} {:>9.2} {:>9.2} {rate:>10.0} {:>9.1}",
            millis(&times[times.len() / 2]),
            millis(&times[(times.len() * 99 / 100).min(times.len() - 1)]),
            millis(times.last().context("a time")?),
            f64::from(u32::try_from(size)?) / 1024.0,
        );
    }
    engine.stop(Duration::from_secs(1)).await;
    Ok(())
}

async fn get(router: &Router, cookie: &str, path: &str) -> Result<(Duration, usize)> {
    let request = Request::get(path)
        .header(header::COOKIE, cookie)
        .header(header::HOST, "127.0.0.1:8080")
        .body(Body::empty())?;
    let start = Instant::now();
    let response = router.clone().oneshot(request).await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    let took = start.elapsed();
    ensure!(status == StatusCode::OK, "{path}: {status}");
    Ok((took, body.len()))
}

async fn sign_in(router: &Router) -> Result<String> {
    let form = router
        .clone()
        .oneshot(
            Request::get("/login")
                .header(header::HOST, "127.0.0.1:8080")
                .body(Body::empty())?,
        )
        .await?;
    let cookies = cookies(form.headers());
    let html = String::from_utf8(form.into_body().collect().await?.to_bytes().to_vec())?;
    let (_, rest) = html.split_once("name=\"csrf\"").context("a csrf field")?;
    let (_, rest) = rest.split_once("value=\"").context("its value")?;
    let (csrf, _) = rest.split_once('"').context("its end")?;
    let body = format!(
        "name=admin&password={}&csrf={csrf}&next=%2F",
        PASSWORD.replace(' ', "+")
    );
    let request = Request::post("/login")
        .header(header::COOKIE, cookies)
        .header(header::HOST, "127.0.0.1:8080")
        .header(header::ORIGIN, "http://127.0.0.1:8080")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body))?;
    let answer = router.clone().oneshot(request).await?;
    ensure!(
        answer.status().is_redirection(),
        "signing in: {}",
        answer.status()
    );
    Ok(self::cookies(answer.headers()))
}

fn cookies(headers: &axum::http::HeaderMap) -> String {
    let pairs: Vec<_> = headers
        .get_all(header::SET_COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok()?.split(';').next().map(str::to_owned))
        .collect();
    pairs.join("; ")
}

/// Fills through the store, as imports would, but many rows a transaction.
async fn fill(engine: &Engine, sizes: Sizes) -> Result<()> {
    let ctx = WriteContext {
        now: engine.clock().now(),
        actor: "bench".into(),
        cause: "import",
        job_id: None,
        period: engine.config().schedule_interval,
    };
    let mut tx = engine.store().write().await?;
    let images: Vec<StoredImage> = (0..100).map(image).collect();
    tx.insert_images(&images, ctx.now).await?;
    for i in 0..sizes.streams {
        let stream = StreamRef::parse("bench", &format!("s{i:06}"))?;
        create(&mut tx, engine, &stream, &ctx).await?;
    }
    tx.commit().await?;

    let tags: Vec<Change> = (0..sizes.tags)
        .flat_map(|i| tag(&format!("t{i:06}"), i))
        .collect();
    apply(engine, "big", &tags, &ctx).await?;
    let mut history = tag("latest", 0);
    history.extend((1..sizes.revisions).map(|i| moved("latest", i)));
    apply(engine, "long", &history, &ctx).await
}

async fn create(
    tx: &mut Tx,
    engine: &Engine,
    stream: &StreamRef,
    ctx: &WriteContext,
) -> Result<()> {
    let source: Reference = "quay.io/org/app".parse()?;
    let change = Change::CreateStream {
        source: Some(source),
        insecure: false,
    };
    Ok(tx
        .create_stream(&engine.clock().id(), stream, change, ctx)
        .await?)
}

async fn apply(engine: &Engine, name: &str, changes: &[Change], ctx: &WriteContext) -> Result<()> {
    let stream = StreamRef::parse("bench", name)?;
    let mut tx = engine.store().write().await?;
    create(&mut tx, engine, &stream, ctx).await?;
    let record = tx.stream(&stream).await?.context("the stream")?;
    let facts = tx.facts(&record, &[]).await?;
    tx.apply(&record, &facts, changes, ctx).await?;
    Ok(tx.commit().await?)
}

fn digest(n: usize) -> Digest {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&(n as u64).to_be_bytes());
    Digest::sha256(&bytes)
}

fn tag(name: &str, image: usize) -> Vec<Change> {
    let name_: Option<TagName> = name.parse().ok();
    let reference: Option<Reference> = format!("quay.io/org/app:{name}").parse().ok();
    let (Some(tag), Some(reference)) = (name_, reference) else {
        return Vec::new();
    };
    let source = TagSource::External {
        reference,
        schedule: Schedule::Never,
        mode: ImportMode::default(),
    };
    let after = TagSpec::new(source, 1);
    vec![
        Change::SetSpec {
            tag,
            before: None,
            after,
        },
        moved(name, image),
    ]
}

fn moved(name: &str, image: usize) -> Change {
    let after = digest(image % 100 + 1000 * (image / 100 % 2));
    Change::MoveHead {
        tag: name.parse().expect("a tag"),
        before: None,
        reference: format!("quay.io/org/app@{after}")
            .parse()
            .expect("a reference"),
        after,
        generation: 1,
        cause: Cause::Import,
    }
}

fn image(n: usize) -> StoredImage {
    let config = serde_json::json!({
        "config": {"Env": (0..20).map(|i| format!("VARIABLE_{i}=value {i}")).collect::<Vec<_>>(), "Cmd": ["run"]},
        "history": (0..12).map(|i| serde_json::json!({"created_by": format!("RUN step {i}")})).collect::<Vec<_>>(),
    });
    StoredImage {
        digest: digest(n),
        media_type: "application/vnd.oci.image.manifest.v1+json".into(),
        config_digest: None,
        config: Some(config.to_string()),
        os: "linux".into(),
        architecture: "amd64".into(),
        variant: String::new(),
        author: String::new(),
        size: 120_000_000,
        created_at: None,
        layers: (0..12)
            .map(|i| Layer {
                digest: digest(10_000 + i),
                size: 10_000_000,
                media_type: "layer".into(),
                created_by: String::new(),
            })
            .collect(),
        children: Vec::new(),
        facts: model::image::ManifestFacts::default(),
        managed: false,
    }
}
