//! Edits of a stream and its tags: rollback and hold, release, policies, undo. Each shows what it would do first.

mod stream;

use leptos::{prelude::*, server_fn::ServerFn};
use model::{
    StreamRef,
    edit::{Edit, Which},
    job::thousands,
    policy::Schedule,
    tagging::After,
};

pub use self::stream::StreamPolicyPage;
use super::{Asked, below, page};
use crate::{
    api::{ApiError, EditStream, form},
    components::{
        Choice, ConfirmButtons, Csrf, ErrorSummary, PageHead, Preview, PreviewButtons, RadioGroup,
        TextField, digest, field_error, time,
    },
    routes,
};

/// Going back to an older revision, or holding a tag where it is.
#[component]
pub fn RollbackPage() -> impl IntoView {
    page(|asked| async move {
        let (stream, tag) = (asked.stream()?, asked.tag()?);
        asked.call.actor.may_write(&stream.namespace)?;
        let call = &asked.call;
        let number = asked.query("revision").parse().unwrap_or(0);
        let revision = call
            .engine
            .revision(&call.actor, &stream, &tag, number)
            .await?;
        let word = asked.query("after");
        let after = After::from_word(&word).unwrap_or(After::Held);
        let edit = Edit::Rollback {
            tag: tag.clone(),
            revision: number,
            after,
        };
        let (shown, error) = if word.is_empty() {
            (None, None)
        } else {
            look(&asked, &stream, edit).await?
        };
        let history = routes::history(&stream, &tag);
        let choice = |after: After, label, hint: &str| Choice {
            value: after.as_str(),
            label,
            hint: hint.to_owned(),
        };
        let choices = vec![
            choice(
                After::Held,
                "Hold",
                "It stays there until it is released; what it imports or follows is kept",
            ),
            choice(
                After::Fixed,
                "Fixed",
                "It stays there for good; it is imported and follows no more",
            ),
        ];
        let mut crumbs = below(&stream);
        crumbs.push((tag.to_string(), routes::tag(&stream, &tag)));
        let action = routes::rollback(&stream, &tag);
        Ok(view! {
            <PageHead title=format!("Restore {}:{tag}", stream.name) crumbs=crumbs/>
            <ErrorSummary error=error.clone()/>
            <p>
                {format!("Revision {}: ", thousands(revision.number))} {digest(&revision.digest)}
                " · since " {time(revision.created_at, asked.now)}
            </p>
            <form method="get" action=format!("{action}#preview") class="sheet">
                <input type="hidden" name="revision" value=number.to_string()/>
                <RadioGroup name="after" legend="Then" choices=choices value=after.as_str() error=field_error(error.as_ref(), "after")/>
                <PreviewButtons shown=shown.is_some() cancel=history/>
            </form>
            {shown}
        }
        .into_any())
    })
}

/// Letting a held tag go.
#[component]
pub fn ReleasePage() -> impl IntoView {
    page(|asked| async move {
        let (stream, tag) = (asked.stream()?, asked.tag()?);
        asked.call.actor.may_write(&stream.namespace)?;
        let (shown, error) = look(&asked, &stream, Edit::Release { tag: tag.clone() }).await?;
        let mut crumbs = below(&stream);
        crumbs.push((tag.to_string(), routes::tag(&stream, &tag)));
        Ok(view! {
            <PageHead title=format!("Release {}:{tag}", stream.name) crumbs=crumbs/>
            <ErrorSummary error=error/>
            {shown}
        }
        .into_any())
    })
}

/// Taking policy changes back.
#[component]
pub fn UndoPage() -> impl IntoView {
    page(|asked| async move {
        let stream = asked.stream()?;
        asked.call.actor.may_write(&stream.namespace)?;
        let number = asked.query("change").parse().unwrap_or(0);
        let (shown, error) = look(&asked, &stream, Edit::Undo { number }).await?;
        Ok(view! {
            <PageHead title="Undo a change of policies" crumbs=below(&stream)/>
            <ErrorSummary error=error/>
            {shown}
        }
        .into_any())
    })
}

/// The policies of tags: ticked ones, or all that contain a text.
#[component]
pub fn PoliciesPage() -> impl IntoView {
    page(|asked| async move {
        let stream = asked.stream()?;
        asked.call.actor.may_write(&stream.namespace)?;
        // One tag by a link, or many by check boxes.
        let named = [asked.queries("tag"), asked.queries("tag[]")].concat();
        let text = asked.query("text");
        let all = !asked.query("all").is_empty();
        let tags = form::tags(&named.join(","))?;
        if tags.is_empty() && !all {
            return Err(ApiError::invalid(
                "tag",
                "no tag was selected: tick some on the stream's page, then choose Policies",
            ));
        }
        let who = match (tags.as_slice(), text.as_str()) {
            ([], "") => format!("all tags of {stream}"),
            ([], text) => format!("all tags of {stream} that contain \u{201c}{text}\u{201d}"),
            ([tag], _) => format!("{}:{tag}", stream.name),
            (many, _) => format!("{} tags of {stream}", many.len()),
        };
        let which = if tags.is_empty() {
            Which::Containing(text.clone())
        } else {
            Which::Tags(tags.clone())
        };
        let given = |name| match asked.query(name) {
            none if none.is_empty() => "keep".to_owned(),
            some => some,
        };
        let (insecure, pull, schedule) = (given("insecure"), given("pull"), given("schedule"));
        let period = asked.query("period");
        let (shown, error) = if asked.query("preview").is_empty() {
            (None, None)
        } else {
            match form::policies(&insecure, &pull, &schedule, &period) {
                Ok(policies) => look(&asked, &stream, Edit::Policies { which, policies }).await?,
                Err(error) => (None, Some(error)),
            }
        };
        let hidden = tags
            .iter()
            .map(|tag| view! { <input type="hidden" name="tag" value=tag.to_string()/> })
            .collect_view();
        let matching = tags.is_empty().then(|| {
            view! {
                <input type="hidden" name="all" value="1"/>
                <input type="hidden" name="text" value=text.clone()/>
            }
        });
        let interval = period_in_force(&asked);
        let action = routes::policies(&stream);
        let back = routes::stream(&stream);
        let error_of = |field| field_error(error.as_ref(), field);
        Ok(view! {
            <PageHead title=format!("Policies of {who}") crumbs=below(&stream)/>
            <ErrorSummary error=error.clone()/>
            <form method="get" action=format!("{action}#preview") class="sheet">
                <input type="hidden" name="preview" value="1"/>
                {hidden} {matching}
                <RadioGroup name="insecure" legend="Connections" choices=connections() value=insecure error=error_of("insecure")/>
                <RadioGroup name="pull" legend="Consumers pull from" choices=pulls() value=pull error=error_of("pull")/>
                <RadioGroup name="schedule" legend="Import again" choices=schedules(interval) value=schedule error=error_of("schedule")/>
                <TextField name="period" label="Own period" value=period hint="For At its own period: a number with s, m, h or d, as in 30m" error=error_of("period") required=false/>
                <PreviewButtons shown=shown.is_some() cancel=back/>
            </form>
            {shown}
        }
        .into_any())
    })
}

/// The server's own period.
pub(super) fn period_in_force(asked: &Asked) -> Schedule {
    let interval = asked.call.engine.config().schedule_interval.as_secs();
    u32::try_from(interval).map_or(Schedule::Global, Schedule::Every)
}

pub(super) fn connections() -> Vec<Choice> {
    choices(&[
        ("keep", "As it is", "Leave the connection policy alone"),
        ("no", "Strict", "Verified HTTPS only"),
        (
            "yes",
            "Insecure allowed",
            "Unverified certificates and plain HTTP: anybody on the way can change what you get",
        ),
    ])
}

pub(super) fn pulls() -> Vec<Choice> {
    choices(&[
        ("keep", "As it is", "Leave the reference policy alone"),
        (
            "source",
            "The source",
            "Consumers are sent to the registry the image came from",
        ),
        (
            "local",
            "This registry",
            "Consumers are sent to the integrated registry, which fetches what it does not have",
        ),
    ])
}

pub(super) fn schedules(interval: Schedule) -> Vec<Choice> {
    let mut all = choices(&[
        ("keep", "As it is", "Leave the schedule alone"),
        ("never", "Never", "Only when somebody asks"),
        ("global", "At the server's period", ""),
        ("own", "At its own period", "As written below"),
    ]);
    if let Some(global) = all.get_mut(2) {
        global.hint = format!("Now {interval}");
    }
    all
}

pub(super) fn choices(all: &[(&'static str, &'static str, &str)]) -> Vec<Choice> {
    all.iter()
        .map(|(value, label, hint)| Choice {
            value,
            label,
            hint: (*hint).to_owned(),
        })
        .collect()
}

/// What an edit would do, with the button that confirms it; or why it is refused.
///
/// # Errors
/// What makes the whole page pointless: nothing there, or not allowed.
async fn look(
    asked: &Asked,
    stream: &StreamRef,
    edit: Edit,
) -> Result<(Option<AnyView>, Option<ApiError>), ApiError> {
    if let Some(refused) = asked.refusal() {
        // What was confirmed is shown anew, below what was wrong with it.
        let shown = plan(asked, stream, &edit).await.ok();
        return Ok((shown, Some(refused)));
    }
    match plan(asked, stream, &edit).await {
        Ok(shown) => Ok((Some(shown), None)),
        Err(error @ (ApiError::NotFound(_) | ApiError::Denied(_))) => Err(error),
        Err(error) => Ok((None, Some(error))),
    }
}

async fn plan(asked: &Asked, stream: &StreamRef, edit: &Edit) -> Result<AnyView, ApiError> {
    let call = &asked.call;
    let planned = call.engine.plan_edit(&call.actor, stream, edit).await?;
    let edit = form::edit_field(edit)?;
    let (keep, csrf) = (routes::stream(stream), asked.csrf.clone());
    let (namespace, name) = (stream.namespace.to_string(), stream.name.to_string());
    Ok(view! {
        <section class="confirm" id="preview" tabindex="-1">
            <h2>"What will happen"</h2>
            <Preview plans=vec![planned.plan]>
            <form method="post" action=EditStream::PATH>
                <Csrf token=csrf/>
                <input type="hidden" name="namespace" value=namespace/>
                <input type="hidden" name="name" value=name/>
                <input type="hidden" name="edit" value=edit/>
                <input type="hidden" name="token" value=planned.token/>
                <ConfirmButtons cancel=keep/>
            </form>
            </Preview>
        </section>
    }
    .into_any())
}
