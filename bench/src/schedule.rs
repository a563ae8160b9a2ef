//! Schedules kept: many scheduled tags of several hosts, looked at by the workers the program starts, in real time.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use engine::{Actor, Clock, Config, Engine, testing::db::TestDb};
use futures::{StreamExt, TryStreamExt, stream};
use model::{
    PageRequest, StreamRef, TagName,
    import::{ImportRequest, Selection},
    policy::{ReferencePolicy, Schedule},
    stream::StreamFilter,
    tag::TagFilter,
};

use crate::hosts::Host;

/// How much is to be kept up with.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Scheduled tags: half in one stream, a quarter in streams of forty, a quarter in streams of one.
    pub tags: usize,
    /// Upstream hosts they are spread over.
    pub hosts: usize,
    /// What each answer of theirs takes.
    pub latency: Duration,
    /// How often each tag is looked at.
    pub period: u32,
    /// How many periods are measured, after one that is not.
    pub periods: u32,
}

/// Measures and prints; `postgres` also on that server.
pub async fn run(load: Load, postgres: Option<&str>) -> Result<()> {
    let Load {
        tags,
        hosts,
        latency,
        period,
        ..
    } = load;
    println!(
        "\nschedule: {tags} tags every {period} s ({:.0} looks a second) of {hosts} hosts that answer in {} ms",
        as_f64(tags) / f64::from(period),
        latency.as_millis()
    );
    println!(
        "  {:<12} {:>8} {:>8} {:>9} {:>9} {:>9} {:>9} {:>9} {:>7}",
        "", "due", "looks", "p50 s", "p99 s", "max s", "requests", "journal", "CPU %"
    );
    measure("SQLite", load, None).await?;
    if postgres.is_some() {
        let db = TestDb::postgres().await;
        measure("PostgreSQL", load, Some(&db.url)).await?;
    }
    Ok(())
}

async fn measure(what: &str, load: Load, database: Option<&str>) -> Result<()> {
    let hosts: Vec<Host> = stream::iter(0..load.hosts)
        .then(|_| Host::start(load.latency))
        .try_collect()
        .await?;
    let folder = tempfile::tempdir()?;
    let mut config = Config::in_folder(folder.path().to_owned());
    if let Some(url) = database {
        url.clone_into(&mut config.database_url);
    }
    config.max_tags_per_import = None;
    config.imports_per_minute = None;
    let engine = Engine::open(config, Clock::default()).await?;
    let actor = Engine::console_actor();
    engine.start_workers();
    fill(&engine, &actor, load, &hosts).await?;

    let period = Duration::from_secs(load.period.into());
    // Everybody gets a place in the period first.
    tokio::time::sleep(period + Duration::from_secs(2)).await;
    let (journal, asked, cpu) = (engine.newest_number().await?, asked(&hosts), cpu()?);
    let start = Instant::now();
    let mut lags = Vec::new();
    for _ in 0..load.periods {
        tokio::time::sleep(period).await;
        lags.extend(self::lags(&engine, &actor).await?);
    }
    let took = start.elapsed();
    let busy = self::cpu()? - cpu;
    let now = self::asked(&hosts);
    let (requests, looks) = (now.0 - asked.0, now.1 - asked.1);
    let due = as_f64(load.tags) * took.as_secs_f64() / period.as_secs_f64();
    lags.sort_by(f64::total_cmp);
    let lag = |share: usize| lags[(lags.len() - 1) * share / 100];
    println!(
        "  {what:<12} {due:>8.0} {looks:>8} {:>9.2} {:>9.2} {:>9.2} {:>9.2} {:>9} {:>7.0}",
        lag(50),
        lag(99),
        lag(100),
        as_f64(requests) / as_f64(looks),
        engine.newest_number().await? - journal,
        100.0 * busy.as_secs_f64() / took.as_secs_f64(),
    );
    engine.stop(Duration::from_secs(5)).await;
    Ok(())
}

/// Makes the streams, imports all and schedules all.
async fn fill(engine: &Engine, actor: &Actor, load: Load, hosts: &[Host]) -> Result<()> {
    let (quarter, forties) = (load.tags / 4, load.tags / 4 / 40);
    let sizes = std::iter::once(load.tags - quarter - forties * 40)
        .chain(std::iter::repeat_n(40, forties))
        .chain(std::iter::repeat_n(1, quarter));
    stream::iter(sizes.enumerate().map(anyhow::Ok))
        .try_for_each_concurrent(16, async |(n, tags)| {
            let host = &hosts[n % hosts.len()].name;
            let stream = StreamRef::parse("bench", &format!("s{n}"))?;
            let chosen: Result<Vec<TagName>, _> =
                (0..tags).map(|n| format!("{n}.0").parse()).collect();
            let request = ImportRequest {
                mode: None,
                platform: <[String; 2]>::default(),
                stream: stream.clone(),
                create: true,
                source: Some(format!("{host}/team/r{n}").parse()?),
                selection: Selection::Chosen(chosen?),
                insecure: true,
                schedule: Schedule::Every(load.period),
                reference_policy: ReferencePolicy::Source,
            };
            let id = engine.start_import(actor, &request).await?;
            let id = id.context("a job")?;
            while engine.job(actor, &id).await?.finished_at.is_none() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            let job = engine.job(actor, &id).await?;
            ensure!(job.progress.done == i64::try_from(tags)?, "{job:?}");
            Ok(())
        })
        .await
}

/// How late each tag's latest look was, in seconds.
async fn lags(engine: &Engine, actor: &Actor) -> Result<Vec<f64>> {
    let mut lags = Vec::new();
    let mut streams = PageRequest {
        cursor: None,
        size: PageRequest::MAX,
    };
    loop {
        let page = engine
            .list_streams(actor, &StreamFilter::default(), &streams)
            .await?;
        for row in &page.items {
            let mut tags = PageRequest {
                cursor: None,
                size: PageRequest::MAX,
            };
            loop {
                let page = engine
                    .list_tags(actor, &row.stream, &TagFilter::default(), &tags)
                    .await?;
                for row in &page.items {
                    let (last, due) = (row.checks.last, row.checks.last_due);
                    let late = last.zip(due).context("a tag that was never looked at")?;
                    lags.push((late.0 - late.1).as_seconds_f64());
                }
                let Some(next) = page.next else { break };
                tags.cursor = Some(next);
            }
        }
        let Some(next) = page.next else { break };
        streams.cursor = Some(next);
    }
    Ok(lags)
}

fn asked(hosts: &[Host]) -> (usize, usize) {
    hosts
        .iter()
        .map(Host::asked)
        .fold((0, 0), |sum, host| (sum.0 + host.0, sum.1 + host.1))
}

/// What this process has used of the cores, the hosts in it included.
fn cpu() -> Result<Duration> {
    /// Of the kernel's own clock, on every machine we know.
    const TICKS: u32 = 100;
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit_once(')').context("the name of the process")?.1;
    let ticks: u32 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(str::parse::<u32>)
        .sum::<Result<u32, _>>()?;
    Ok(Duration::from_secs(ticks.into()) / TICKS)
}

fn as_f64(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
