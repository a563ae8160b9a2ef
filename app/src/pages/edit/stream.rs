//! The stream's own policies: its connections, how often its scheduled tags are looked at, and how fresh pulls by tag are.

use leptos::prelude::*;
use model::{
    edit::Edit,
    policy::{Freshness, Schedule},
};

use super::{choices, look, period_in_force};
use crate::{
    api::ApiError,
    components::{
        Button, Choice, ErrorSummary, LinkButton, PageHead, PreviewButtons, RadioGroup, TextField,
        field_error,
    },
    pages::{below, page},
    routes,
};

/// The page.
#[component]
pub fn StreamPolicyPage() -> impl IntoView {
    page(|asked| async move {
        let stream = asked.stream()?;
        asked.call.actor.may_write(&stream.namespace)?;
        let view = asked.call.engine.stream(&asked.call.actor, &stream).await?;
        let (word, fresh) = (asked.query("insecure"), asked.query("freshness"));
        let often = asked.query("schedule");
        let insecure = match word.as_str() {
            "" => view.insecure,
            other => other == "yes",
        };
        let edit = match (word.as_str(), fresh.as_str(), often.as_str()) {
            ("", "", "") => None,
            ("", "", word) => Some(period(word, &asked.query("own"))),
            ("", word, _) => Some(freshness(word, &asked.query("period"))),
            _ => Some(Ok(Edit::StreamInsecure { insecure })),
        };
        let (shown, error) = match edit {
            None => (None, None),
            Some(Ok(edit)) => look(&asked, &stream, edit).await?,
            Some(Err(error)) => (None, Some(error)),
        };
        let action = routes::stream_policy(&stream);
        let (every, back) = (routes::policies(&stream), routes::stream(&stream));
        let all = format!("{every}?all=1");
        let value = if insecure { "yes" } else { "no" };
        let (rhythm, own) = rhythm(view.period, &often, asked.query("own"));
        let (chosen, period) = chosen(view.freshness, &fresh, asked.query("period"));
        Ok(view! {
            <PageHead title=format!("Policies of {stream}") crumbs=below(&stream)>
                <LinkButton href=all>"Policies of its tags"</LinkButton>
            </PageHead>
            <ErrorSummary error=error.clone()/>
            <form method="get" action=format!("{action}#preview") class="sheet">
                <RadioGroup name="insecure" legend="Connections" choices=connections() value=value error=field_error(error.as_ref(), "insecure")/>
                <PreviewButtons shown=shown.is_some() cancel=back.clone()/>
            </form>
            <form method="get" action=format!("{action}#preview") class="sheet">
                <RadioGroup name="schedule" legend="Period of scheduled tags" choices=periods(period_in_force(&asked)) value=rhythm error=field_error(error.as_ref(), "schedule")/>
                <TextField name="own" label="Import again every" value=own hint="For The stream's own period: a number with s, m, h or d, as in 5m" error=field_error(error.as_ref(), "own") required=false/>
                <p class="buttons"><Button>"Preview schedule"</Button> <a href=format!("{every}?all=1&schedule=global")>"Schedule all its tags"</a></p>
            </form>
            <form method="get" action=format!("{action}#preview") class="sheet">
                <RadioGroup name="freshness" legend="Pulls by tag from this registry" choices=freshnesses() value=chosen error=field_error(error.as_ref(), "freshness")/>
                <TextField name="period" label="Ask at most every" value=period hint="For Ask the source now and then: a number with s, m, h or d, as in 15m" error=field_error(error.as_ref(), "period") required=false/>
                <p class="buttons"><Button>"Preview pulls"</Button></p>
            </form>
            {shown}
        }
        .into_any())
    })
}

/// Reads what was chosen; a period as a number is also a choice, in links that come back here.
fn freshness(word: &str, period: &str) -> Result<Edit, ApiError> {
    let text = if word == "every" { period } else { word };
    match text.parse() {
        Ok(freshness) => Ok(Edit::StreamFreshness { freshness }),
        Err(message) if word == "every" => Err(ApiError::invalid("period", message)),
        Err(message) => Err(ApiError::invalid("freshness", message)),
    }
}

/// Reads the period that was chosen; a number is also a choice, in links that come back here.
fn period(word: &str, own: &str) -> Result<Edit, ApiError> {
    let (field, text) = match word {
        "every" => ("own", own),
        word => ("schedule", word),
    };
    let period = match text.parse() {
        Ok(Schedule::Every(seconds)) => Some(seconds),
        Ok(Schedule::Global) if field == "schedule" => None,
        Ok(_) => {
            let message = "write how often, as in 5m, or choose the server's period";
            return Err(ApiError::invalid(field, message));
        }
        Err(message) => return Err(ApiError::invalid(field, message)),
    };
    Ok(Edit::StreamPeriod { period })
}

/// The choice and the own period the form shows.
fn rhythm(now: Option<u32>, word: &str, own: String) -> (String, String) {
    let shown = match word {
        "every" => return ("every".to_owned(), own),
        "" => Schedule::of_stream(now),
        word => word.parse().unwrap_or_default(),
    };
    match shown {
        Schedule::Every(_) => ("every".to_owned(), shown.word() + "s"),
        _ => ("global".to_owned(), String::new()),
    }
}

/// The choice and the period the form shows.
fn chosen(now: Freshness, word: &str, period: String) -> (String, String) {
    let shown = if word == "every" {
        return ("every".to_owned(), period);
    } else {
        word.parse().unwrap_or(now)
    };
    match shown {
        Freshness::Every(_) => ("every".to_owned(), shown.word() + "s"),
        other => (other.word(), String::new()),
    }
}

fn connections() -> Vec<Choice> {
    choices(&[
        (
            "no",
            "Strict",
            "Verified HTTPS, but for tags that allow insecure connections themselves",
        ),
        (
            "yes",
            "Allow insecure for all tags",
            "Unverified certificates and plain HTTP, for every tag of the stream",
        ),
    ])
}

fn periods(server: Schedule) -> Vec<Choice> {
    let server = format!(
        "Tags that are scheduled without a period of their own are imported again {server}"
    );
    choices(&[
        ("global", "The server's", &server),
        (
            "every",
            "The stream's own",
            "The same tags, also those to come, more often or more seldom",
        ),
    ])
}

fn freshnesses() -> Vec<Choice> {
    choices(&[
        (
            "local",
            "As imported",
            "What was imported last; what of it is not stored is fetched",
        ),
        (
            "always",
            "Ask the source each time",
            "A pull imports the tag again first; if the source does not answer, it gets what is here",
        ),
        (
            "every",
            "Ask the source now and then",
            "The same, if nobody has asked for a while",
        ),
        (
            "never",
            "Only what is stored",
            "Pulls never ask the source; what is not stored cannot be pulled until it is mirrored",
        ),
    ])
}
