//! Signatures of images, kept for clients that sign what they push and verify what they pull.
//!
//! In OpenShift a signature belongs to an image of the whole cluster: only those with a right on the cluster add any, and
//! every stream with the image shows them. Here who may push to a stream may sign what it has, so a signature stays in the
//! stream it was put to:
//! - It holds the name it was made for, `host/namespace/stream:tag`. Shown wherever the image is, or where somebody's index
//!   only names its digest, it would tell everybody what a closed namespace has.
//! - Nobody uses up the signatures an image may have in the streams of others.
//! - Nothing is lost: clients take a signature only for the name it was made for, unless their policy says otherwise, and
//!   copy signatures along when they copy the image.

use model::{Digest, StreamRef, image::Signature};

use super::{load_stream, locked_stream};
use crate::{
    Actor, Engine, Error, Result,
    rules::signature::{Brought, MOST, read},
};

impl Engine {
    /// Signatures of an image in a stream, the oldest first.
    ///
    /// # Errors
    /// `Denied`; `NotFound`, also for an image that only other streams have.
    pub async fn signatures(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        digest: &Digest,
    ) -> Result<Vec<Signature>> {
        let mut tx = self.store().read().await?;
        self.may_pull(&mut tx, actor, &stream.namespace).await?;
        let record = load_stream(&mut tx, stream).await?;
        if !tx.has_image(&record.id, digest).await? {
            return Err(no_image(stream, digest));
        }
        tx.signatures(&record.id, digest).await
    }

    /// Adds a signature to an image of a stream, for whoever may push to it.
    ///
    /// # Errors
    /// `Denied`; `NotFound`; `Invalid` field `signature` for what is none, and field `signatures` when the image has as many
    /// as it may; `Conflict` when it has one of that name or one that is the same.
    pub async fn sign(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        digest: &Digest,
        brought: Brought,
    ) -> Result<()> {
        actor.may_write(&stream.namespace)?;
        let (name, kind) = read(digest, &brought)?;
        let signature = Signature {
            name,
            kind,
            content: brought.content,
            added_by: actor.name.clone(),
            added_at: self.clock().now(),
        };
        let mut tx = self.store().write().await?;
        // Locked, so that two at one time are counted and compared one after the other.
        let record = locked_stream(&mut tx, stream).await?;
        // A child that an index only names is no image here yet.
        let known = tx.known_images(std::slice::from_ref(digest)).await?;
        if known.is_empty() || !tx.has_image(&record.id, digest).await? {
            return Err(no_image(stream, digest));
        }
        let there = tx.signatures(&record.id, digest).await?;
        let same = |one: &&Signature| {
            one.name == signature.name
                || (one.kind == signature.kind && one.content == signature.content)
        };
        if let Some(one) = there.iter().find(same) {
            return Err(Error::Conflict(format!(
                "{stream} has the signature {} of that name or content already; nothing was added",
                one.full_name(digest)
            )));
        }
        if there.len() >= MOST {
            return Err(Error::invalid(
                "signatures",
                format!(
                    "{digest} has {MOST} signatures in {stream}, as many as an image may; nothing was added"
                ),
            ));
        }
        tx.insert_signature(&record.id, digest, &signature).await?;
        tx.commit().await
    }
}

fn no_image(stream: &StreamRef, digest: &Digest) -> Error {
    Error::NotFound(format!("{stream} has no image {digest}"))
}
