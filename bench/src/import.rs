//! Import rate: ours beside the registry's own pace and beside skopeo in a loop, in one run.

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use engine::{Actor, Clock, Config, Engine};
use model::{
    Reference, StreamRef,
    import::{ImportRequest, Selection},
    job::JobState,
    policy::{ReferencePolicy, Schedule},
};

use crate::registry::Registry;

const WIDTH: usize = 16;
const LOOKED_AT_BY_SKOPEO: usize = 20;

/// Measures and prints; `postgres` also on that server.
pub async fn run(tags: usize, rounds: usize, postgres: Option<&str>) -> Result<()> {
    let client = crate::client()?;
    let registry = Registry::start(&client).await?;
    let pushed = registry.fill(&client, "bench", tags).await?;
    println!(
        "\nimport of {tags} tags, 2 requests a tag, {WIDTH} at a time, docker-registry on loopback"
    );
    println!("  {:<34} {:>10} {:>12}", "", "seconds", "requests/s");
    let mut plain = Vec::new();
    let mut ours = Vec::new();
    let mut on_postgres = Vec::new();
    // Interleaved, so that what else the machine does hits all; the best of each counts.
    for _ in 0..rounds {
        let start = Instant::now();
        registry
            .read_plainly(&client, "bench", &pushed, WIDTH)
            .await?;
        plain.push(start.elapsed());
        ours.push(import(&registry, tags, None).await?);
        if let Some(url) = postgres {
            on_postgres.push(import(&registry, tags, Some(url)).await?);
        }
    }
    let plain = best(&plain);
    line("plain loop (the registry's pace)", plain, tags * 2);
    let (first, again) = best_pair(&ours);
    line("Weir, SQLite", first, tags * 2);
    line("Weir, SQLite, unchanged (HEAD)", again, tags);
    println!(
        "  {:<34} {:>9.0} %",
        "Weir of the plain loop",
        100.0 * plain.as_secs_f64() / first.as_secs_f64()
    );
    if !on_postgres.is_empty() {
        let (first, again) = best_pair(&on_postgres);
        line("Weir, PostgreSQL", first, tags * 2);
        line("Weir, PostgreSQL, unchanged (HEAD)", again, tags);
        println!(
            "  {:<34} {:>9.0} %",
            "Weir of the plain loop",
            100.0 * plain.as_secs_f64() / first.as_secs_f64()
        );
    }
    match skopeo(
        &registry,
        &pushed[..LOOKED_AT_BY_SKOPEO.min(pushed.len())]
            .iter()
            .map(|p| p.tag.as_str())
            .collect::<Vec<_>>(),
    ) {
        Ok(each) => {
            let all = each * u32::try_from(tags)?;
            line("skopeo inspect in a loop (projected)", all, tags * 2);
            println!(
                "  {:<34} {:>9.1} ×",
                "Weir against skopeo",
                all.as_secs_f64() / first.as_secs_f64()
            );
        }
        Err(error) => println!("  skopeo was not measured: {error:#}"),
    }
    Ok(())
}

fn line(what: &str, took: Duration, requests: usize) {
    let rate = f64::from(u32::try_from(requests).unwrap_or(u32::MAX)) / took.as_secs_f64();
    println!("  {what:<34} {:>10.2} {rate:>12.0}", took.as_secs_f64());
}

fn best(all: &[Duration]) -> Duration {
    all.iter().min().copied().unwrap_or_default()
}

fn best_pair(all: &[(Duration, Duration)]) -> (Duration, Duration) {
    let firsts: Vec<_> = all.iter().map(|pair| pair.0).collect();
    let seconds: Vec<_> = all.iter().map(|pair| pair.1).collect();
    (best(&firsts), best(&seconds))
}

/// Imports everything into a new stream, then once more with nothing changed.
async fn import(
    registry: &Registry,
    tags: usize,
    database: Option<&str>,
) -> Result<(Duration, Duration)> {
    let folder = tempfile::tempdir()?;
    let mut config = Config::in_folder(folder.path().to_owned());
    if let Some(url) = database {
        url.clone_into(&mut config.database_url);
    }
    config.max_tags_per_import = None;
    config.import_concurrency = WIDTH;
    config.workers = 0;
    let engine = Engine::open(config, Clock::default()).await?;
    let actor: Actor = Engine::console_actor();
    let stream = StreamRef::parse(
        "bench",
        &format!("s{}", engine.clock().now().timestamp_micros()),
    )?;
    let source: Reference = format!("{}/bench", registry.host).parse()?;
    let request = ImportRequest {
        mode: None,
        platform: <[String; 2]>::default(),
        stream: stream.clone(),
        create: true,
        source: Some(source),
        selection: Selection::All,
        insecure: true,
        schedule: Schedule::Never,
        reference_policy: ReferencePolicy::Source,
    };

    let start = Instant::now();
    let id = engine
        .start_import(&actor, &request)
        .await?
        .context("a job")?;
    engine.run_jobs().await?;
    let first = start.elapsed();
    let job = engine.job(&actor, &id).await?;
    ensure!(
        job.state == JobState::Succeeded && job.progress.done == i64::try_from(tags)?,
        "{job:?}"
    );

    let start = Instant::now();
    let id = engine.import_again(&actor, &stream, &[]).await?;
    engine.run_jobs().await?;
    let again = start.elapsed();
    let job = engine.job(&actor, &id).await?;
    ensure!(job.progress.unchanged == i64::try_from(tags)?, "{job:?}");
    engine.stop(Duration::from_secs(1)).await;
    Ok((first, again))
}

/// Time of one `skopeo inspect`, which reads the same manifest and config.
fn skopeo(registry: &Registry, tags: &[&str]) -> Result<Duration> {
    let start = Instant::now();
    for tag in tags {
        let image = format!("docker://{}/bench:{tag}", registry.host);
        let status = Command::new("skopeo")
            .args(["inspect", "--no-tags", "--tls-verify=false", &image])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .context("apt-get install skopeo")?;
        ensure!(status.success(), "skopeo failed on {image}");
    }
    Ok(start.elapsed() / u32::try_from(tags.len().max(1))?)
}
