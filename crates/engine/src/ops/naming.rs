//! Which tags of a stream will hardly ever move, and which have not for long.

use chrono::{DateTime, Duration, Utc};
use model::{
    Cursor, Page, PageRequest, StreamRef,
    naming::{Advice, advise},
    tag::{TagFilter, TagRow},
    version::sort_key,
};

use super::load_stream;
use crate::{Actor, Engine, Result};

/// Tags looked at for one page, at most.
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
    /// One page, in priority order, of the tags of a stream that cannot move by their name, or have had one image only
    /// for longer than `age`. A page with fewer tags than asked may have a next one: so many tags were looked at for it.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn stale_tags(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        age: Duration,
        page: &PageRequest,
    ) -> Result<Page<StaleTag>> {
        actor.may_read(&stream.namespace)?;
        let before = self.clock().now() - age;
        let mut tx = self.store().read().await?;
        let record = load_stream(&mut tx, stream).await?;
        let wanted = page.size.clamp(1, PageRequest::MAX);
        let mut found = Vec::new();
        let mut looked_at = 0;
        let mut look = PageRequest {
            cursor: page.cursor.clone(),
            size: PageRequest::MAX,
        };
        let mut further: Option<Cursor> = None;
        while found.len() <= wanted {
            let mut tags = tx
                .list_tags(&record.id, &TagFilter::default(), &look)
                .await?;
            looked_at += tags.items.len();
            if page.backwards() {
                tags.items.reverse();
                tags.next = tags.previous;
            }
            found.extend(tags.items.into_iter().filter_map(|row| stale(row, before)));
            look.cursor = tags.next;
            if look.cursor.is_none() || looked_at >= MOST {
                further = look.cursor;
                break;
            }
        }
        // One more than a page has says that there is a further one, and all the others are for that.
        found.truncate(wanted + 1);
        let full = found.len() > wanted;
        let mut shown = Page::from_rows(found, page, |tag| sort_key(tag.row.name.as_str()));
        if let Some(further) = further.filter(|_| !full) {
            if page.backwards() {
                shown.previous = Some(further);
            } else {
                shown.next = Some(further);
            }
        }
        Ok(shown)
    }
}

/// A tag, if it is one to look at.
fn stale(row: TagRow, before: DateTime<Utc>) -> Option<StaleTag> {
    let advice = advise(row.name.as_str());
    let stale = row
        .head
        .as_ref()
        .is_some_and(|head| head.number == 1 && head.created_at < before);
    (advice.is_some() || stale).then_some(StaleTag { row, advice, stale })
}
