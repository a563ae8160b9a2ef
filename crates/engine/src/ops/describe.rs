//! Streams, tags and images as the text `oc describe` prints.

use model::{StreamRef, TagName};

use crate::{
    Actor, Engine, Result,
    openshift::describe::{self, Layout},
};

impl Engine {
    /// A stream described, with all its tags and their history.
    ///
    /// # Errors
    /// As [`Engine::export_stream`].
    pub async fn describe_stream(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        layout: Layout,
    ) -> Result<String> {
        let object = self.export_stream(actor, stream).await?;
        let now = self.clock().now();
        Ok(describe::describe_stream(&object, layout, now))
    }

    /// The image of a tag described.
    ///
    /// # Errors
    /// As [`Engine::export_tag`].
    pub async fn describe_tag(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        tag: &TagName,
    ) -> Result<String> {
        let object = self.export_tag(actor, stream, tag).await?;
        Ok(describe::describe_image(&object, self.clock().now()))
    }

    /// An image of a stream described, by digest or its beginning.
    ///
    /// # Errors
    /// As [`Engine::export_image`].
    pub async fn describe_image(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        id: &str,
    ) -> Result<String> {
        let object = self.export_image(actor, stream, id).await?;
        Ok(describe::describe_image(&object, self.clock().now()))
    }
}
