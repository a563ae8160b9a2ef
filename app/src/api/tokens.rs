//! API tokens: make, revoke.
#![expect(
    missing_docs,
    reason = "the generated types mirror the documented functions' arguments"
)]

use leptos::{prelude::*, server_fn::codec::PostUrl};

use super::ApiError;

/// The cookie that carries a new token to the one page that shows it: an address would end up in histories and logs.
#[cfg(feature = "ssr")]
pub const NEW_TOKEN: &str = "weir-new-token";

/// Makes a token for the person who asks.
///
/// # Errors
/// A refusal for the form.
#[server(prefix = "/api/fn", endpoint = "tokens/create", input = PostUrl)]
pub async fn create_token(
    #[server(default)] name: String,
    #[server(default)] expires: String,
    #[server(default)] scope: String,
) -> Result<(), ApiError> {
    let call = crate::context::call()?;
    let form = crate::routes::with_query(
        crate::routes::TOKENS,
        &[("name", &name), ("expires", &expires), ("scope", &scope)],
    );
    let made = async {
        let lifetime = expires
            .trim()
            .parse()
            .map_err(|error: model::token::LifetimeError| {
                ApiError::invalid("expires", error.to_string())
            })?;
        let scope = match scope.as_str() {
            "" => model::token::Scope::default(),
            word => word
                .parse()
                .map_err(|message: String| ApiError::invalid("scope", message))?,
        };
        let new = call
            .engine
            .create_token(&call.actor, &call.actor.name, &name, lifetime, scope)
            .await?;
        crate::context::set_cookie(NEW_TOKEN, &new.secret, crate::routes::TOKENS, 60);
        Ok(crate::routes::TOKENS.to_owned())
    };
    super::guard::answer::<CreateToken>(&form, made.await)
}

/// Ends a token.
///
/// # Errors
/// A refusal for the page.
#[server(prefix = "/api/fn", endpoint = "tokens/revoke", input = PostUrl)]
pub async fn revoke_token(id: String) -> Result<(), ApiError> {
    let call = crate::context::call()?;
    let revoked = call.engine.revoke_token(&call.actor, &id).await;
    let done = revoked
        .map(|()| crate::routes::with_query(crate::routes::TOKENS, &[("said", "revoked")]))
        .map_err(ApiError::from);
    super::guard::answer::<RevokeToken>(crate::routes::TOKENS, done)
}
