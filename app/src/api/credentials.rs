//! Credentials for registries: set, remove.
#![expect(
    missing_docs,
    reason = "the generated types mirror the documented functions' arguments"
)]

use leptos::{prelude::*, server_fn::codec::PostUrl};

use super::ApiError;

/// Stores a credential. Fields as on the form; an empty namespace stands for all. The password is not sent back.
///
/// # Errors
/// A refusal for the form.
#[server(prefix = "/api/fn", endpoint = "credentials/set", input = PostUrl)]
pub async fn set_credential(
    #[server(default)] namespace: String,
    registry: String,
    user: String,
    password: String,
) -> Result<(), ApiError> {
    let call = crate::context::call()?;
    let form = crate::routes::with_query(
        crate::routes::CREDENTIALS,
        &[
            ("namespace", &namespace),
            ("registry", &registry),
            ("user", &user),
        ],
    );
    let set = async {
        let (namespace, pattern) = super::form::credential(&namespace, &registry)?;
        call.engine
            .set_credential(&call.actor, namespace, pattern, &user, &password)
            .await?;
        Ok(crate::routes::with_query(
            crate::routes::CREDENTIALS,
            &[("said", "saved")],
        ))
    };
    super::guard::answer::<SetCredential>(&form, set.await)
}

/// Removes a credential.
///
/// # Errors
/// A refusal for the page.
#[server(prefix = "/api/fn", endpoint = "credentials/delete", input = PostUrl)]
pub async fn delete_credential(
    #[server(default)] namespace: String,
    registry: String,
) -> Result<(), ApiError> {
    let call = crate::context::call()?;
    let deleted = async {
        let (namespace, pattern) = super::form::credential(&namespace, &registry)?;
        call.engine
            .delete_credential(&call.actor, namespace, &pattern)
            .await?;
        Ok(crate::routes::with_query(
            crate::routes::CREDENTIALS,
            &[("said", "removed")],
        ))
    };
    super::guard::answer::<DeleteCredential>(crate::routes::CREDENTIALS, deleted.await)
}
