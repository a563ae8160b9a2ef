//! Which tags of a stream will hardly ever move, and which have not for long.

use chrono::Duration;
use model::{
    Cursor, PageRequest, StreamRef,
    naming::{Advice, advise},
    tag::TagRow,
};

use super::load_stream;
use crate::{Actor, Engine, Result};

/// Tags looked at, at most.
const MOST: usize = 5_000;

/// A tag to look at: by its name, its age or both.
#[derive(Debug, Clone, PartialEq)]
pub struct StaleTag {
    /// The tag.
    pub row: TagRow,
    /// What its name says of it.
    pub advice: Option<Advice>,
    /// It has had one image only, for longer than was asked.
    pub stale: bool,
}

impl Engine {
    /// The tags of a stream that cannot move by their name, or have had one image only for longer than `age`, in
    /// order; and whether the stream has more tags than were looked at.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn stale_tags(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        age: Duration,
    ) -> Result<(Vec<StaleTag>, bool)> {
        actor.may_read(&stream.namespace)?;
        let before = self.clock().now() - age;
        let mut tx = self.store().read().await?;
        let record = load_stream(&mut tx, stream).await?;
        let mut found = Vec::new();
        let mut looked_at = 0;
        let mut cursor: Option<Cursor> = None;
        loop {
            let page = PageRequest {
                cursor,
                size: PageRequest::MAX,
            };
            let tags = tx.list_tags(&record.id, "", &page).await?;
            looked_at += tags.items.len();
            for row in tags.items {
                let advice = advise(row.name.as_str());
                let stale = row
                    .head
                    .as_ref()
                    .is_some_and(|head| head.number == 1 && head.created_at < before);
                if advice.is_some() || stale {
                    found.push(StaleTag { row, advice, stale });
                }
            }
            cursor = tags.next;
            if cursor.is_none() || looked_at >= MOST {
                return Ok((found, cursor.is_some()));
            }
        }
    }
}
