//! Policies of many streams: ticked ones, or all that a filter leaves. Shown first, then set and undone in one step; very
//! many in parts, one after the other.

use engine::PlannedBulk;
use leptos::{prelude::*, server_fn::ServerFn};
use model::{
    Namespace, Plan, StreamRef, Warning,
    edit::{BulkEdit, WhichStreams},
    job::thousands,
    stream::StreamFilter,
};

use super::{
    Asked, changed,
    edit::{choices, connections, period_in_force, pulls, schedules},
    page, streams,
};
use crate::{
    api::{ApiError, EditStreams, form},
    components::{
        Choice, ConfirmButtons, Csrf, ErrorSummary, PageHead, PreviewButtons, RadioGroup,
        TextField, alert, field_error, plan_table,
    },
    routes,
};

/// Warnings a preview shows; streams have much the same ones.
const MOST_WARNINGS: usize = 5;

/// The form.
#[component]
pub fn StreamsPoliciesPage() -> impl IntoView {
    page(|asked| async move {
        asked.call.actor.may_write_anywhere()?;
        // By a link, or by check boxes.
        let named = [asked.queries("stream"), asked.queries("stream[]")].concat();
        let ticked = form::streams(&named)?;
        let filter = streams::filter(&asked)?;
        if ticked.is_empty() && asked.query(routes::ALL).is_empty() {
            return Err(ApiError::invalid(
                "stream",
                "no stream was selected: tick some in the list of streams, then choose Policies",
            ));
        }
        let after = asked.query(routes::AFTER);
        let after = after.split_once('/');
        let after = after.and_then(|(namespace, name)| StreamRef::parse(namespace, name).ok());
        let done: i64 = asked.query("done").parse().unwrap_or(0);
        let who = match ticked.as_slice() {
            [] => matching(&filter, after.as_ref()),
            [one] => one.to_string(),
            many => format!("{} streams", thousands(count(many.len()))),
        };
        let hidden = if ticked.is_empty() {
            let last = after.as_ref().map(ToString::to_string).unwrap_or_default();
            let fields = [(routes::ALL, "1"), (routes::AFTER, last.as_str())];
            let fields = fields.into_iter().chain(routes::filtered(&filter));
            fields
                .filter(|(_, value)| !value.is_empty())
                .map(|(name, value)| view! { <input type="hidden" name=name value=value.to_owned()/> })
                .collect_view()
        } else {
            ticked
                .iter()
                .map(|stream| view! { <input type="hidden" name="stream" value=stream.to_string()/> })
                .collect_view()
        };
        let given = |name| match asked.query(name) {
            none if none.is_empty() => "keep".to_owned(),
            some => some,
        };
        let (own, insecure) = (given("streams"), given("insecure"));
        let (pull, schedule, period) = (given("pull"), given("schedule"), asked.query("period"));
        let (shown, error) = if asked.query("preview").is_empty() {
            (None, None)
        } else {
            let which = if ticked.is_empty() {
                WhichStreams::Matching { filter, after }
            } else {
                WhichStreams::Streams(ticked)
            };
            let read = form::yes_or_no("streams", &own).and_then(|own| {
                let tags = form::policies(&insecure, &pull, &schedule, &period)?;
                Ok(BulkEdit::Policies {
                    which,
                    insecure: own,
                    tags,
                })
            });
            match read {
                Ok(edit) => look(&asked, &edit).await?,
                Err(error) => (None, Some(error)),
            }
        };
        let action = format!("{}#preview", routes::STREAMS_POLICIES);
        let interval = period_in_force(&asked);
        let error_of = |field| field_error(error.as_ref(), field);
        Ok(view! {
            <PageHead title=format!("Policies of {who}") crumbs=crumbs()/>
            {(done > 0).then(|| changed(routes::bulk_undo(done)))}
            <ErrorSummary error=error.clone()/>
            <form method="get" action=action class="sheet">
                <input type="hidden" name="preview" value="1"/>
                {hidden}
                <RadioGroup name="streams" legend="Connections of the streams" choices=of_streams() value=own error=error_of("streams")/>
                <RadioGroup name="insecure" legend="Connections of each of their tags" choices=connections() value=insecure error=error_of("insecure")/>
                <RadioGroup name="pull" legend="Consumers pull from" choices=pulls() value=pull error=error_of("pull")/>
                <RadioGroup name="schedule" legend="Import again" choices=schedules(interval) value=schedule error=error_of("schedule")/>
                <TextField name="period" label="Own period" value=period hint="For At its own period: a number with s, m, h or d, as in 30m" error=error_of("period") required=false/>
                <PreviewButtons shown=shown.is_some() cancel=routes::STREAMS/>
            </form>
            {shown}
        }
        .into_any())
    })
}

/// Taking a change over many streams back.
#[component]
pub fn StreamsUndoPage() -> impl IntoView {
    page(|asked| async move {
        asked.call.actor.may_write_anywhere()?;
        let number = asked.query("change").parse().unwrap_or(0);
        let (shown, error) = look(&asked, &BulkEdit::Undo { number }).await?;
        Ok(view! {
            <PageHead title="Undo a change of policies" crumbs=crumbs()/>
            <ErrorSummary error=error/>
            {shown}
        }
        .into_any())
    })
}

fn crumbs() -> Vec<(String, String)> {
    vec![("Streams".to_owned(), routes::STREAMS.to_owned())]
}

/// What a filter leaves, in words.
fn matching(filter: &StreamFilter, after: Option<&StreamRef>) -> String {
    let mut words = "all streams".to_owned();
    if let Some(namespace) = &filter.namespace {
        words.push_str(&format!(" of {}", Namespace::as_str(namespace)));
    }
    if filter.failed {
        words.push_str(" with failed tags");
    }
    if !filter.text.is_empty() {
        words.push_str(&format!(
            " whose name contains \u{201c}{}\u{201d}",
            filter.text
        ));
    }
    if let Some(after) = after {
        words.push_str(&format!(" after {after}"));
    }
    words
}

fn of_streams() -> Vec<Choice> {
    choices(&[
        ("keep", "As it is", "Leave the streams' own policy alone"),
        (
            "no",
            "Strict",
            "Verified HTTPS, but for tags that allow insecure connections themselves",
        ),
        (
            "yes",
            "Allow insecure for all tags",
            "Unverified certificates and plain HTTP, for every tag of the streams, also those made later",
        ),
    ])
}

/// What an edit would do, with the button that confirms it; or why it is refused.
///
/// # Errors
/// What makes the whole page pointless: nothing there, or not allowed.
async fn look(
    asked: &Asked,
    edit: &BulkEdit,
) -> Result<(Option<AnyView>, Option<ApiError>), ApiError> {
    let call = &asked.call;
    let planned = call.engine.plan_bulk(&call.actor, edit).await;
    let planned = planned.map_err(ApiError::from);
    let shown = planned.and_then(|planned| confirm(asked, planned));
    if let Some(refused) = asked.refusal() {
        // What was confirmed is shown anew, below what was wrong with it.
        return Ok((shown.ok(), Some(refused)));
    }
    match shown {
        Ok(shown) => Ok((Some(shown), None)),
        Err(error @ (ApiError::NotFound(_) | ApiError::Denied(_))) => Err(error),
        Err(error) => Ok((None, Some(error))),
    }
}

fn confirm(asked: &Asked, planned: PlannedBulk) -> Result<AnyView, ApiError> {
    let PlannedBulk {
        edit,
        all,
        same,
        next,
    } = planned;
    let streams = all.plans.len();
    let changes: usize = all.plans.iter().map(|plan| plan.changes.len()).sum();
    let warnings = warnings(&all.plans);
    let more_warnings = warnings.len().saturating_sub(MOST_WARNINGS);
    let warnings = warnings
        .into_iter()
        .take(MOST_WARNINGS)
        .map(|text| alert("warn", view! { <p>{text}</p> }.into_any()))
        .collect_view();
    let sentence = format!(
        "{} in {} will be {}, all of it or nothing.",
        number_of(changes, ["change of policies", "changes of policies"]),
        number_of(streams, ["stream", "streams"]),
        match edit {
            BulkEdit::Policies { .. } => "made",
            BulkEdit::Undo { .. } => "undone",
        }
    );
    let same = (same > 0).then(|| {
        format!(
            "{} as they are.",
            number_of(same, ["stream stays", "streams stay"])
        )
    });
    let more = next.map(|last| {
        format!(
            "More streams match than are changed at once. This part ends with {last}; what follows is shown once it is confirmed."
        )
    });
    let field = form::edit_field(&edit)?;
    Ok(view! {
        <section class="confirm" id="preview" tabindex="-1">
            <h2>"What will happen"</h2>
            <p class="sentence">{sentence}</p>
            {same.map(|text| view! { <p class="muted">{text}</p> })}
            {more.map(|text| view! { <p>{text}</p> })}
            {warnings}
            {(more_warnings > 0).then(|| view! { <p class="muted">{format!("And {} like these.", number_of(more_warnings, ["more warning", "more warnings"]))}</p> })}
            <form method="post" action=EditStreams::PATH>
                <Csrf token=asked.csrf.clone()/>
                <input type="hidden" name="edit" value=field/>
                <input type="hidden" name="token" value=all.token/>
                <ConfirmButtons cancel=routes::STREAMS/>
            </form>
            {plan_table(&all.plans)}
        </section>
    }
    .into_any())
}

/// The warnings of the plans: what several streams share is said once, what one has with its name.
fn warnings(plans: &[Plan]) -> Vec<String> {
    let mut all: Vec<(&str, Vec<&StreamRef>)> = Vec::new();
    for plan in plans {
        for Warning(text) in &plan.warnings {
            match all.iter_mut().find(|(said, _)| said == text) {
                Some((_, streams)) => streams.push(&plan.stream),
                None => all.push((text, vec![&plan.stream])),
            }
        }
    }
    let words = all
        .into_iter()
        .map(|(text, streams)| match streams.as_slice() {
            [one] if plans.len() > 1 && !text.contains(&one.to_string()) => {
                format!("{one}: {text}")
            }
            [_] => text.to_owned(),
            many => format!(
                "{text} This concerns {}.",
                number_of(many.len(), ["stream", "streams"])
            ),
        });
    words.collect()
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn number_of(n: usize, [one, many]: [&str; 2]) -> String {
    format!(
        "{} {}",
        thousands(count(n)),
        if n == 1 { one } else { many }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_many_share_is_said_once_and_that_of_one_with_its_name() {
        let plan = |name: &str, warnings: &[&str]| Plan {
            stream: StreamRef::parse("team", name).unwrap(),
            changes: Vec::new(),
            warnings: warnings
                .iter()
                .map(|text| Warning((*text).to_owned()))
                .collect(),
            sentence: String::new(),
        };
        let plans = [
            plan("a", &["Mind this.", "2 stay."]),
            plan("b", &["Mind this.", "All of team/b."]),
        ];
        assert_eq!(
            warnings(&plans),
            [
                "Mind this. This concerns 2 streams.",
                "team/a: 2 stay.",
                "All of team/b."
            ]
        );
        assert_eq!(warnings(&plans[..1]), ["Mind this.", "2 stay."]);
    }

    #[test]
    fn what_a_filter_leaves_is_said_in_words() {
        assert_eq!(matching(&StreamFilter::default(), None), "all streams");
        let filter = StreamFilter {
            namespace: "team".parse().ok(),
            text: "app".into(),
            failed: true,
        };
        let words = "all streams of team with failed tags whose name contains \u{201c}app\u{201d}";
        assert_eq!(matching(&filter, None), words);
        assert_eq!(number_of(1, ["stream", "streams"]), "1 stream");
    }
}
