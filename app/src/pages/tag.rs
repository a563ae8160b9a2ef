//! One tag: what it should be, what it is, and its image. Its history is in [`history`].

mod history;
mod past;
mod strip;

use leptos::{prelude::*, server_fn::ServerFn};
use model::{
    StreamRef, TagName, TagSource, TagSpec,
    job::thousands,
    policy::{Insecure, ReferencePolicy, Schedule},
    tag::TagView,
};

pub use self::history::TagHistoryPage;
use super::{
    Asked, banner, below, done,
    image::{Place, image_sections, push},
    page,
    storage::stored_layers,
    stream::{again, may_write, source},
};
use crate::{
    api::{ApiError, StartMirror},
    components::{
        Button, Csrf, Empty, ErrorState, Kebab, LinkButton, PageHead, Tab, Tabs, alert, badge,
        clock, digest, icon, reference, tag_badge, time,
    },
    islands::LivePage,
    routes,
};

/// Followers in this stream that the page names.
const NAMED: usize = 50;

/// A tag's page.
#[component]
pub fn TagPage() -> impl IntoView {
    page(|asked| async move {
        let (stream, tag) = (asked.stream()?, asked.tag()?);
        if !asked.query("at").is_empty() {
            return past::page(&asked, &stream, &tag).await;
        }
        let call = &asked.call;
        let view = call.engine.tag(&call.actor, &stream, &tag).await?;
        let kept = kept(&stream, &view, &asked).await?;
        let image = match &view.row.head {
            Some(head) => {
                let image = call
                    .engine
                    .image(&call.actor, &stream, &head.digest)
                    .await?;
                let found = (&head.digest, &head.reference);
                let place = Place::of_tag(call, &stream, &view, found);
                // Where this tag has it from is said above.
                image_sections(&stream, &image, None, &place, asked.now)
            }
            None => no_image(&view),
        };
        Ok(view! {
            {tag_head(&stream, &view, &asked, "Tag")}
            {banner(&asked)}
            {done(&asked, &stream)}
            {held(&stream, &view, &asked)}
            {failure(&stream, &view, &asked)}
            {state(&stream, &view, &asked)}
            {kept}
            {image}
            {may_write(&asked, &stream).then(|| push(call, &stream, &tag))}
            <LivePage events=routes::events(Some(&stream))/>
        }
        .into_any())
    })
}

/// That the tag is held, since when, and the way to let it go.
fn held(stream: &StreamRef, view: &TagView, asked: &Asked) -> AnyView {
    let Some(hold) = &view.row.hold else {
        return ().into_any();
    };
    let release = may_write(asked, stream).then(|| {
        view! { <LinkButton href=routes::release(stream, &view.row.name)>"Release…"</LinkButton> }
    });
    let by = hold.by.clone();
    alert(
        "warn",
        view! {
            <p>"Held here by " {by} " " {time(hold.since, asked.now)} ": imports and follows do not move it. " {release}</p>
        }
        .into_any(),
    )
}

/// When a scheduled tag is looked at, and how late the last look was.
fn schedule(view: &TagView, asked: &Asked) -> AnyView {
    let schedule = view
        .row
        .spec
        .as_ref()
        .map(TagSpec::schedule)
        .unwrap_or_default();
    if schedule == Schedule::Never {
        return view! { "Only when somebody asks" }.into_any();
    }
    let checks = view.row.checks;
    let next = match checks.due {
        Some(at) => view! { " · next due " {time(at, asked.now)} }.into_any(),
        None => view! { <span class="muted">" · not while it is as it is"</span> }.into_any(),
    };
    let last = checks.last.map(|at| {
        let due = checks
            .last_due
            .map(|due| view! { " · was due " {clock(due)} ", ran " {clock(at)} });
        view! { " · last looked at " {time(at, asked.now)} {due} }
    });
    let often = match schedule {
        Schedule::Every(_) => schedule.to_string(),
        _ if view.period.is_some() => {
            format!("{}, as the stream says", Schedule::of_stream(view.period))
        }
        _ => {
            let global = asked.call.engine.config().schedule_interval.as_secs();
            let global = u32::try_from(global).map_or(schedule, Schedule::Every);
            format!("{global}, as the server says")
        }
    };
    view! { {often} {next} <span class="muted">{last}</span> }.into_any()
}

/// Why there is nothing to show yet.
fn no_image(view: &TagView) -> AnyView {
    let why = if view.row.importing {
        "Its import is under way."
    } else if view.row.condition.is_some() {
        "Its import failed, and it never had one before."
    } else if matches!(
        view.row.spec.as_ref().map(|spec| &spec.source),
        Some(TagSource::Reference { .. })
    ) {
        "Where it is was only noted: it is never imported."
    } else if matches!(
        view.row.spec.as_ref().map(|spec| &spec.source),
        Some(TagSource::Pushed)
    ) {
        "Nothing was pushed to it yet."
    } else {
        "It was not imported yet, or what it follows has no image."
    };
    view! { <Empty title="No image yet" why=why icon_name="image"/> }.into_any()
}

fn tag_head(stream: &StreamRef, view: &TagView, asked: &Asked, tab: &'static str) -> AnyView {
    let tag = &view.row.name;
    let facts = view! {
        <span>{tag_badge(&view.row)}</span>
        {view.row.head.as_ref().map(|head| view! {
            <span>{digest(&head.digest)}</span>
            <span>"since " {time(head.created_at, asked.now)}</span>
            <span>{format!("revision {}", thousands(head.number))}</span>
        })}
        {view.insecure.allowed().then(|| badge("warn", "warn", "Insecure"))}
    };
    let from = format!("{}:{tag}", stream.name);
    let only = std::slice::from_ref(tag);
    let may = may_write(asked, stream);
    let compare = routes::with_query(&routes::diff(stream), &[("from", tag.as_str())]);
    let head = view.row.head.as_ref();
    let hold = head.filter(|_| may && view.row.hold.is_none()).map(|head| {
        let href = format!(
            "{}&after=held",
            routes::rollback_to(stream, tag, head.number)
        );
        view! { <a href=href>"Hold it here…"</a> }
    });
    let policies = may.then(|| {
        let href = format!("{}?tag={tag}", routes::policies(stream));
        view! { <a href=href>"Policies…"</a> }
    });
    let delete = may.then(|| {
        let href = format!("{}?tag={tag}", routes::delete_tags(stream));
        view! { <a class="danger" href=href>"Delete the tag…"</a> }
    });
    let buttons = may.then(|| {
        view! {
            {is_imported(view).then(|| again(&asked.csrf, stream, only, "Import again".to_owned()))}
            <LinkButton kind="primary" href=routes::tag_form_from(stream, &from)>"Tag this"</LinkButton>
        }
    });
    let definition = routes::tag_definition(stream, tag);
    let described = routes::describe_tag(stream, tag);
    let actions = view! {
        {buttons}
        <Kebab label=format!("More actions for {from}")>
            {policies}
            <a href=compare>"Compare…"</a>
            <a href=definition>"Export"</a>
            <a href=described>"Describe"</a>
            {hold}
            {delete}
        </Kebab>
    };
    let tabs = vec![
        Tab {
            name: "Tag",
            href: routes::tag(stream, tag),
            count: None,
        },
        Tab {
            name: "History",
            href: routes::history(stream, tag),
            count: view.row.head.as_ref().map(|head| head.number),
        },
    ];
    view! {
        <PageHead title=from.clone() mono=true crumbs=below(stream) facts=facts.into_any()>{actions}</PageHead>
        <Tabs tabs=tabs current=tab/>
    }
    .into_any()
}

/// Whether there is something upstream to ask. A tag without a spec was pushed.
fn is_imported(view: &TagView) -> bool {
    let spec = view.row.spec.as_ref();
    spec.is_some_and(|spec| spec.source.kind() == "external")
}

/// The failure of the latest import: the other side's words, since when, what to do.
fn failure(stream: &StreamRef, view: &TagView, asked: &Asked) -> AnyView {
    let Some(condition) = &view.row.condition else {
        return ().into_any();
    };
    let title = if view.row.head.is_some() {
        "The latest import failed; the tag keeps the image it had"
    } else {
        "The latest import failed"
    };
    let retry = (is_imported(view) && may_write(asked, stream)).then(|| {
        let only = std::slice::from_ref(&view.row.name);
        again(&asked.csrf, stream, only, "Import again".to_owned())
    });
    let title = format!("{title} ({})", condition.reason.as_str());
    let again = tried_again(stream, view, asked);
    view! {
        <ErrorState title=title said=condition.message.clone() hint=condition.hint.clone() when=(condition.since, asked.now)>
            {retry}
        </ErrorState>
        {again}
    }
    .into_any()
}

/// That a failure which may pass is tried again by itself, when, and the way to stop that.
fn tried_again(stream: &StreamRef, view: &TagView, asked: &Asked) -> Option<AnyView> {
    let checks = view.row.checks;
    if checks.attempts == 0 {
        return None;
    }
    let tries = match checks.attempts {
        1 => "Tried once".to_owned(),
        n => format!("Tried {} times", thousands(n)),
    };
    let Some(due) = checks.due else {
        let text = format!("{tries}; it is not tried again by itself.");
        return Some(alert("info", view! { <p>{text}</p> }.into_any()));
    };
    let stop = may_write(asked, stream).then(|| {
        view! {
            <form method="post" action="/api/fn/imports/stop" class="inline">
                <Csrf token=asked.csrf.clone()/>
                <input type="hidden" name="namespace" value=stream.namespace.to_string()/>
                <input type="hidden" name="name" value=stream.name.to_string()/>
                <input type="hidden" name="tag" value=view.row.name.to_string()/>
                <Button kind="quiet">"Stop trying"</Button>
            </form>
        }
    });
    let inner =
        view! { <p>{tries} "; the next try is due " {time(due, asked.now)} ". "</p> {stop} };
    Some(alert("info", inner.into_any()))
}

/// What the tag should be beside what it is, who follows it, and what its connection allows.
fn state(stream: &StreamRef, view: &TagView, asked: &Asked) -> AnyView {
    let spec = view.row.spec.as_ref();
    let asked_in = spec.map(|spec| {
        view! { <span class="muted">{format!(" · since generation {}", thousands(spec.generation))}</span> }
    });
    let is = match &view.row.head {
        Some(head) => view! {
            {reference(&head.reference)}
            " · " <a href=routes::image(stream, &head.digest)>"image"</a>
            <span class="muted">" · since " {time(head.created_at, asked.now)}</span>
        }
        .into_any(),
        None => view! { <span class="muted">"nothing yet"</span> }.into_any(),
    };
    let followers =
        (!view.followers.is_empty() || !view.followers_elsewhere.is_empty()).then(|| {
            let named = view.followers.iter().take(NAMED);
            let here = named.map(|tag| tag_link(stream, tag));
            let elsewhere = view.followers_elsewhere.iter().map(|at| {
                let href = routes::tag(&at.stream, &at.tag);
                view! { <a class="tag" href=href>{icon("follow").into_any()}{at.to_string()}</a> }
                    .into_any()
            });
            let links = here.chain(elsewhere).collect_view();
            let unnamed = view.followers.len().saturating_sub(NAMED);
            let more = more_followers(unnamed, view.more_followers);
            view! { <div><dt>"Followed by"</dt><dd>{links} {more}</dd></div> }
        });
    view! {
        <section>
            <h2>"Tag"</h2>
            <dl class="kv">
                <div><dt>"Source"</dt><dd>{source(stream, spec.map(|spec| &spec.source))} {asked_in}</dd></div>
                <div><dt>"Image"</dt><dd>{is}</dd></div>
                {followers}
                <div id="connection"><dt>"Connection"</dt><dd>{connection(view.insecure)}</dd></div>
                {is_imported(view).then(|| view! { <div><dt>"Imported again"</dt><dd>{schedule(view, asked)}</dd></div> })}
                <div><dt>"Consumers pull from"</dt><dd>{pulled_from(view)}</dd></div>
            </dl>
        </section>
    }
    .into_any()
}

/// How many follow that are not named: of this stream, and of others.
fn more_followers(here: usize, elsewhere: i64) -> Option<String> {
    let here = i64::try_from(here).unwrap_or(i64::MAX);
    let elsewhere = (elsewhere > 0).then(|| {
        let least = (elsewhere >= TagView::COUNTED).then_some("at least ");
        format!(
            "{}{} of other streams",
            least.unwrap_or_default(),
            thousands(elsewhere)
        )
    });
    let here = (here > 0).then(|| format!("{} of this stream", thousands(here)));
    let words: Vec<String> = here.into_iter().chain(elsewhere).collect();
    (!words.is_empty()).then(|| format!("and {} more", words.join(" and ")))
}

/// How much of the image is stored here, how often the tag was pulled, and the way to store what is missing.
async fn kept(stream: &StreamRef, view: &TagView, asked: &Asked) -> Result<AnyView, ApiError> {
    let Some(head) = &view.row.head else {
        return Ok(().into_any());
    };
    let (engine, actor) = (&asked.call.engine, &asked.call.actor);
    let storage = engine.image_storage(actor, stream, &head.digest).await?;
    let pulls = engine.tag_pulls(actor, stream, &view.row.name).await?;
    let may = storage.missing > 0 && engine.config().mirror && may_write(asked, stream);
    let mirror = may.then(|| {
        view! {
            <form method="post" action=StartMirror::PATH class="inline">
                <Csrf token=asked.csrf.clone()/>
                <input type="hidden" name="namespace" value=stream.namespace.to_string()/>
                <input type="hidden" name="name" value=stream.name.to_string()/>
                <input type="hidden" name="tag[]" value=view.row.name.to_string()/>
                <Button kind="quiet">"Mirror now"</Button>
            </form>
        }
    });
    let pulled = match (pulls.count, pulls.last) {
        (0, _) | (_, None) => {
            view! { <span class="muted">"not yet, through this registry"</span> }.into_any()
        }
        (1, Some(last)) => view! { "once, " {time(last, asked.now)} }.into_any(),
        (n, Some(last)) => {
            view! { {thousands(n)} " times, last " {time(last, asked.now)} }.into_any()
        }
    };
    Ok(view! {
        <section>
            <h2>"In this registry"</h2>
            <dl class="kv">
                <div><dt>"Stored here"</dt><dd>{stored_layers(&storage)} " " {mirror}</dd></div>
                <div><dt>"Pulled"</dt><dd>{pulled}</dd></div>
            </dl>
        </section>
    }
    .into_any())
}

/// Where the reference policy sends consumers.
fn pulled_from(view: &TagView) -> &'static str {
    let policy = view.row.spec.as_ref().map(|spec| spec.reference_policy);
    match policy.unwrap_or_default() {
        ReferencePolicy::Source => "The source (Source)",
        ReferencePolicy::Local => "This registry (Local)",
    }
}

/// The insecure policy in force, and where it comes from.
fn connection(insecure: Insecure) -> AnyView {
    let why = match insecure {
        Insecure::No => return view! { "Verified HTTPS only" }.into_any(),
        Insecure::Stream => {
            "The whole stream is marked insecure: unverified certificates and plain HTTP are allowed."
        }
        Insecure::Tag => "This tag allows unverified certificates and plain HTTP.",
    };
    view! { {badge("warn", "warn", "Insecure")} " " {why} }.into_any()
}

/// A link to a tag that looks like one.
pub(super) fn tag_link(stream: &StreamRef, tag: &TagName) -> AnyView {
    let href = routes::tag(stream, tag);
    view! { <a class="tag" href=href>{icon("follow").into_any()}{tag.to_string()}</a> }.into_any()
}
