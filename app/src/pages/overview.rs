//! The overview: what needs attention, and what happened last.

use leptos::prelude::*;
use model::{PageRequest, job::thousands, stream::Overview};

use super::{job::jobs_table, page};
use crate::{
    components::{Empty, LinkButton, PageHead},
    islands::LivePage,
    routes,
};

const WHAT_A_STREAM_IS: &str = "A stream gives the images of a repository one name, keeps their history and follows \
                                the registry they come from. Begin by importing one.";

/// The start page.
#[component]
pub fn OverviewPage() -> impl IntoView {
    page(|asked| async move {
        let call = &asked.call;
        let overview = call.engine.overview(&call.actor).await?;
        let jobs = call
            .engine
            .list_jobs(
                &call.actor,
                None,
                &PageRequest {
                    cursor: None,
                    size: 5,
                },
            )
            .await?;
        let failed = routes::with_query(routes::STREAMS, &[("failed", "on")]);
        let figure = |n: i64, words: [&'static str; 2], href: &str, kind: &'static str| {
            let word = if n == 1 { words[0] } else { words[1] };
            let href = href.to_owned();
            let text = if n >= Overview::LIMIT {
                format!("{}+", thousands(Overview::LIMIT))
            } else {
                thousands(n)
            };
            let class = if n > 0 {
                format!("figure {kind}")
            } else {
                "figure".to_owned()
            };
            view! { <a class=class href=href><strong>{text}</strong><span>{word}</span></a> }
        };
        let body = if overview.streams == 0 {
            view! {
                <Empty title="No streams yet" why=WHAT_A_STREAM_IS icon_name="stream">
                    <LinkButton kind="primary" href=routes::NEW_STREAM>"Import a repository"</LinkButton>
                </Empty>
            }
            .into_any()
        } else {
            view! {
                <section class="figures" aria-label="Figures">
                    {figure(overview.streams, ["stream", "streams"], routes::STREAMS, "")}
                    {figure(overview.failed_tags, ["tag failed to import", "tags failed to import"], &failed, "bad")}
                    {figure(overview.active_jobs, ["import under way", "imports under way"], routes::JOBS, "info")}
                    {figure(overview.insecure_streams, ["stream with insecure tags", "streams with insecure tags"], routes::POLICIES, "warn")}
                </section>
                <h2>"Newest imports"</h2>
                {jobs_table(&jobs.items, asked.now, true)}
                <p><a href=routes::JOBS>"All imports"</a></p>
            }
            .into_any()
        };
        // A new installation has one thing to do, and it is offered below.
        let action = (overview.streams > 0).then(|| {
            view! { <LinkButton kind="primary" href=routes::NEW_STREAM>"New stream"</LinkButton> }
        });
        Ok(view! { <PageHead title="Overview">{action}</PageHead> {body} <LivePage events=routes::events(None)/> }.into_any())
    })
}
