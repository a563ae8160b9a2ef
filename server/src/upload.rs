//! A definition that is chosen as a file. Server functions take forms without files, so this is a route of its own: it
//! keeps the text as that of the field is kept, and goes to the same preview.

use app::{
    api::{ApiError, with_refusal},
    routes,
};
use axum::{
    Json, Router,
    extract::{
        DefaultBodyLimit, Multipart, State,
        multipart::{Field, MultipartError, MultipartRejection},
    },
    middleware::from_fn,
    response::{IntoResponse, Redirect, Response},
    routing::post,
};
use engine::{Actor, Draft, Engine};
use http::{HeaderMap, StatusCode, header};

use crate::{
    answer,
    auth::visitor::{self, Visitor},
    middleware::limits,
    state::AppState,
};

/// What is read of a form, so that who sends a file that is too large is told so and not cut off. Only as much of it as
/// any form may have is kept.
const READ: usize = 32 * limits::BODY;

/// The routes of this file.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route(routes::APPLY_FILE, post(preview))
        .route_layer(from_fn(visitor::require))
        .layer(DefaultBodyLimit::max(READ))
}

/// The fields of the form.
#[derive(Default)]
struct Sent {
    csrf: String,
    namespace: String,
    /// Its name and bytes; none when it is too large.
    file: Option<(String, Option<Vec<u8>>)>,
}

async fn preview(
    State(state): State<AppState>,
    visitor: Visitor,
    headers: HeaderMap,
    form: Result<Multipart, MultipartRejection>,
) -> Response {
    let Ok(form) = form else {
        let message = "send a form with a file: multipart/form-data\n";
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, message).into_response();
    };
    let mut sent = Sent::default();
    let whole = read(form, &mut sent).await;
    let large = matches!(&whole, Err(error) if error.status() == StatusCode::PAYLOAD_TOO_LARGE);
    let actor = visitor.actor.as_ref().filter(|_| visitor.owns(&sent.csrf));
    let page = routes::apply(&sent.namespace);
    let kept = match (whole, actor) {
        // The token may be in what was not read; to be refused nobody needs one.
        _ if large => Err(too_large("the file")),
        (_, None) => return answer::stale_form(),
        (Err(error), _) => Err(ApiError::invalid("file", error.body_text())),
        (Ok(()), Some(actor)) => keep(&state.engine, actor, sent).await,
    };
    let a_page = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    match kept {
        Ok(id) => Redirect::to(&routes::draft(&id)).into_response(),
        Err(refusal) if a_page => {
            Redirect::to(&with_refusal(routes::APPLY_FILE, &page, &refusal)).into_response()
        }
        Err(refusal) => (answer::refusal_status(&refusal), Json(refusal)).into_response(),
    }
}

async fn keep(engine: &Engine, actor: &Actor, sent: Sent) -> Result<String, ApiError> {
    let draft = Draft {
        text: text(sent.file)?,
        namespace: sent.namespace,
    };
    Ok(engine.save_draft(actor, &draft).await?)
}

async fn read(mut form: Multipart, sent: &mut Sent) -> Result<(), MultipartError> {
    while let Some(mut field) = form.next_field().await? {
        let name = field.file_name().unwrap_or_default().to_owned();
        match field.name() {
            Some("csrf") => sent.csrf = word(field).await?,
            Some("namespace") => sent.namespace = word(field).await?,
            Some("file") => sent.file = Some((name, bytes(&mut field).await?)),
            _ => {}
        }
    }
    Ok(())
}

/// A short text; what is not one is none.
async fn word(mut field: Field<'_>) -> Result<String, MultipartError> {
    let bytes = bytes(&mut field).await?.unwrap_or_default();
    Ok(String::from_utf8(bytes).unwrap_or_default())
}

/// All bytes of a field; none when they are more than a form may have.
async fn bytes(field: &mut Field<'_>) -> Result<Option<Vec<u8>>, MultipartError> {
    let mut all = Some(Vec::new());
    while let Some(piece) = field.chunk().await? {
        all = all.filter(|all| all.len() + piece.len() <= limits::BODY);
        if let Some(all) = &mut all {
            all.extend_from_slice(&piece);
        }
    }
    Ok(all)
}

/// The text of the file.
fn text(file: Option<(String, Option<Vec<u8>>)>) -> Result<String, ApiError> {
    let invalid = |message: String| Err(ApiError::invalid("file", message));
    let Some((name, bytes)) = file.filter(|(name, _)| !name.is_empty()) else {
        return invalid("choose a file, or write the definition into the field".to_owned());
    };
    let Some(bytes) = bytes else {
        return Err(too_large(&name));
    };
    match String::from_utf8(bytes) {
        // Some editors begin a file with a mark that is no part of the text.
        Ok(text) if !text.contains('\0') => Ok(text.trim_start_matches('\u{feff}').to_owned()),
        _ => invalid(format!(
            "{name} is not text in UTF-8: save it as UTF-8 and choose it again"
        )),
    }
}

fn too_large(name: &str) -> ApiError {
    let megabytes = limits::BODY / 1024 / 1024;
    ApiError::invalid(
        "file",
        format!("{name} is too large: a file may have {megabytes} MB; split it up"),
    )
}
