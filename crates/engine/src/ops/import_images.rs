//! Imports of images by their place, each to a tag of its own name: what `oc import-image` and an ImageStreamImport ask.

use model::{Change, StreamRef, import::ImageImport, job::ItemState};

use super::load_stream;
use crate::{
    Actor, Engine, Error, Result,
    store::{NewItem, NewJob},
};

impl Engine {
    /// Makes the stream if it is not there, and the job that imports the images; returns the job. All images share one
    /// job, and with it their policies, those of the first.
    ///
    /// # Errors
    /// `Denied`; `Invalid` field `images` when there is none or their policies differ.
    pub async fn import_images(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        images: &[ImageImport],
    ) -> Result<String> {
        actor.may_write(&stream.namespace)?;
        let Some(first) = images.first() else {
            return Err(Error::invalid("images", "name at least one image"));
        };
        let same = |image: &ImageImport| {
            (
                image.schedule,
                image.reference_policy,
                image.mode,
                &image.platform,
            ) == (
                first.schedule,
                first.reference_policy,
                first.mode,
                &first.platform,
            )
        };
        if !images.iter().all(same) {
            let message = "images of one import share schedule, reference policy and platforms";
            return Err(Error::invalid("images", message));
        }
        let mut tx = self.store().write().await?;
        let creates = tx.stream(stream).await?.is_none();
        if creates {
            let ctx = self.write_context(actor, "create");
            let create = Change::CreateStream {
                source: None,
                insecure: false,
            };
            tx.create_stream(&self.clock().id(), stream, create, &ctx)
                .await?;
        }
        let record = load_stream(&mut tx, stream).await?;
        let items = images
            .iter()
            .map(|image| NewItem {
                tag: image.to.clone(),
                reference: image.from.clone(),
                insecure: image.insecure,
                state: ItemState::Pending,
            })
            .collect();
        let source = first.from.without_tag();
        let job = NewJob {
            schedule: first.schedule,
            reference_policy: first.reference_policy,
            mode: Some(first.mode),
            platform: first.platform.clone(),
            ..self.new_job(actor, &record, &source, first.insecure, creates)
        };
        let id = self.insert_listed(&mut tx, job, items).await?;
        tx.commit().await?;
        self.wake();
        Ok(id)
    }
}
