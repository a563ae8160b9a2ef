//! Changes of policies over many streams: all of them in one transaction, or none; undone the same way. Where a filter
//! leaves more than one transaction should hold, they are changed in parts, each previewed and undone by itself.

use std::collections::BTreeSet;

use model::{
    Cursor, PageRequest, Plan, StreamRef,
    edit::{BulkEdit, Edit, Policies, Which, WhichStreams},
};

use super::{
    PlannedAll,
    edits::{self, MOST as MOST_TAGS},
    load_stream,
};
use crate::{
    Actor, Engine, Error, Result,
    rules::facts::StreamFacts,
    store::{StreamRecord, Tx},
};

/// What a change over many streams would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedBulk {
    /// What is confirmed: of many parts, the first in which something changes.
    pub edit: BulkEdit,
    /// A plan for each stream that changes.
    pub all: PlannedAll,
    /// Streams that stay as they are.
    pub same: usize,
    /// The last stream of this part, if more match: the next part begins after it.
    pub next: Option<StreamRef>,
}

/// What a change over many streams did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkDone {
    /// A plan for each stream that changed.
    pub plans: Vec<Plan>,
    /// The journal number of all of it: what an undo names.
    pub number: i64,
    /// As [`PlannedBulk::next`].
    pub next: Option<StreamRef>,
}

/// Streams of one transaction.
struct Part {
    records: Vec<StreamRecord>,
    next: Option<StreamRef>,
}

/// What happens to them.
struct PlannedPart {
    all: Vec<One>,
    same: usize,
    /// Why one of them stays as it is.
    refused: Option<Error>,
    next: Option<StreamRef>,
}

/// One stream of many.
struct One {
    record: StreamRecord,
    facts: StreamFacts,
    plan: Plan,
}

impl Engine {
    /// What a change over many streams would do.
    ///
    /// # Errors
    /// `NotFound`, `Denied`; `Invalid` naming the field when there are too many, or nothing would change.
    pub async fn plan_bulk(&self, actor: &Actor, edit: &BulkEdit) -> Result<PlannedBulk> {
        actor.may_write_anywhere()?;
        let mut tx = self.store().read().await?;
        let mut edit = edit.clone();
        let mut passed = 0;
        loop {
            let part = self.plan_part(&mut tx, actor, &edit, false).await?;
            let PlannedPart {
                all,
                same,
                refused,
                next,
            } = part;
            match (&mut edit, refused, next) {
                // A part that is so already is passed over.
                (
                    BulkEdit::Policies {
                        which: WhichStreams::Matching { after, .. },
                        ..
                    },
                    _,
                    Some(next),
                ) if all.is_empty() => {
                    passed += same;
                    *after = Some(next);
                }
                (_, Some(error), _) if all.is_empty() => return Err(error),
                (_, _, next) => {
                    let plans = all.into_iter().map(|one| one.plan).collect();
                    return Ok(PlannedBulk {
                        edit,
                        all: PlannedAll::new(plans)?,
                        same: passed + same,
                        next,
                    });
                }
            }
        }
    }

    /// Changes many streams, all or none: plans again under their locks, then applies. What has to be imported again is.
    ///
    /// # Errors
    /// As [`Engine::plan_bulk`]; `Conflict` when the plan is not the one `token` confirms.
    pub async fn bulk(&self, actor: &Actor, edit: &BulkEdit, token: &str) -> Result<BulkDone> {
        actor.may_write_anywhere()?;
        let mut tx = self.store().write().await?;
        let part = self.plan_part(&mut tx, actor, edit, true).await?;
        let (all, next) = match part.refused {
            Some(error) if part.all.is_empty() => return Err(error),
            _ => (part.all, part.next),
        };
        let plans = all.iter().map(|one| one.plan.clone()).collect();
        let confirmed = PlannedAll::new(plans)?;
        if confirmed.token != token {
            return Err(Error::Conflict(
                "something has changed since the preview; look at the new preview and confirm again"
                    .into(),
            ));
        }
        let cause = match edit {
            BulkEdit::Policies { .. } => "policy",
            BulkEdit::Undo { .. } => "undo",
        };
        let ctx = self.write_context(actor, cause);
        for One {
            record,
            facts,
            plan,
        } in &all
        {
            tx.apply(record, facts, &plan.changes, &ctx).await?;
            let again = edits::again(&mut tx, record, &plan.changes).await?;
            if !again.is_empty() {
                let record = load_stream(&mut tx, &record.stream).await?;
                self.insert_again(&mut tx, actor, &record, &again).await?;
            }
        }
        let number = tx.number().await?;
        tx.commit().await?;
        self.wake();
        Ok(BulkDone {
            plans: confirmed.plans,
            number,
            next,
        })
    }

    /// Plans the part that begins after a stream, if asked under the streams' locks.
    async fn plan_part(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        edit: &BulkEdit,
        lock: bool,
    ) -> Result<PlannedPart> {
        let steps = steps(edit)?;
        let mut part = self.part(tx, actor, edit).await?;
        if lock {
            tx.lock_streams(part.records.iter().map(|record| record.id.as_str()))
                .await?;
            // Loaded once more: they may have changed while the locks were waited for.
            part = self.part(tx, actor, edit).await?;
        }
        let count = part.records.len();
        let (all, refused) = self.plan_each(tx, part.records, &steps).await?;
        Ok(PlannedPart {
            same: count - all.len(),
            all,
            refused,
            next: part.next,
        })
    }

    /// The streams an edit is about, in order; the actor may change them all.
    async fn part(&self, tx: &mut Tx, actor: &Actor, edit: &BulkEdit) -> Result<Part> {
        let most = self.config().streams_at_once;
        let mut matching = false;
        let mut begun = false;
        let streams = match edit {
            BulkEdit::Policies { which, .. } => match which {
                WhichStreams::Streams(streams) => {
                    let each: BTreeSet<StreamRef> = streams.iter().cloned().collect();
                    each.into_iter().collect()
                }
                WhichStreams::Matching { filter, after } => {
                    matching = true;
                    begun = after.is_some();
                    let mut found = Vec::new();
                    let mut cursor = after.as_ref().map(|after| Cursor::After(after.to_string()));
                    loop {
                        let size = PageRequest::MAX;
                        let page = tx
                            .list_streams(filter, &PageRequest { cursor, size })
                            .await?;
                        found.extend(page.items.into_iter().map(|row| row.stream));
                        cursor = page.next;
                        if cursor.is_none() || found.len() > most {
                            break found;
                        }
                    }
                }
            },
            BulkEdit::Undo { number } => tx.streams_of_number(*number, most + 1).await?,
        };
        if !matching && streams.len() > most {
            return Err(Error::invalid(
                "stream",
                format!("more than {most} streams; narrow the choice and do it in parts"),
            ));
        }
        let of_tags =
            matches!(edit, BulkEdit::Policies { tags, .. } if *tags != Policies::default());
        let mut records: Vec<StreamRecord> = Vec::new();
        let mut tags = 0;
        for stream in &streams {
            actor.may_write(&stream.namespace)?;
            let record = load_stream(tx, stream).await?;
            let own = usize::try_from(record.tags).unwrap_or(0);
            if of_tags && own > MOST_TAGS {
                let message = format!(
                    "{stream} has more than {MOST_TAGS} tags: narrow the choice so that it is left out, and change it in parts on its own page"
                );
                return Err(Error::invalid("stream", message));
            }
            tags += own;
            let full = records.len() == most || (of_tags && tags > MOST_TAGS);
            match records.last() {
                Some(last) if full && matching => {
                    let next = Some(last.stream.clone());
                    return Ok(Part { records, next });
                }
                _ => records.push(record),
            }
        }
        if of_tags && tags > MOST_TAGS {
            return Err(Error::invalid(
                "stream",
                format!(
                    "these streams have more than {MOST_TAGS} tags; narrow the choice and do it in parts"
                ),
            ));
        }
        if records.is_empty() {
            return Err(match edit {
                BulkEdit::Undo { number } => {
                    Error::NotFound(format!("there is no change {number}"))
                }
                BulkEdit::Policies { .. } if begun => {
                    Error::invalid("stream", "no more streams match; all was done")
                }
                BulkEdit::Policies { .. } => Error::invalid("stream", "no stream was chosen"),
            });
        }
        Ok(Part {
            records,
            next: None,
        })
    }

    /// Plans each stream; those that stay as they are are left out, and why is told of one of them.
    async fn plan_each(
        &self,
        tx: &mut Tx,
        records: Vec<StreamRecord>,
        steps: &[Edit],
    ) -> Result<(Vec<One>, Option<Error>)> {
        let mut all = Vec::new();
        let mut refused = None;
        for record in records {
            let mut planned: Option<(StreamFacts, Plan)> = None;
            for step in steps {
                match (edits::plan(tx, &record, step).await, &mut planned) {
                    (Ok((facts, plan)), Some((all_facts, all))) => {
                        // The facts of the tags hold those of the stream.
                        *all_facts = facts;
                        all.changes.extend(plan.changes);
                        all.warnings.extend(plan.warnings);
                    }
                    (Ok(first), none) => *none = Some(first),
                    // Nothing to change here, while there may be elsewhere.
                    (Err(error @ Error::Invalid { .. }), _) => refused = Some(error),
                    (Err(error), _) => return Err(error),
                }
            }
            if let Some((facts, plan)) = planned {
                self.check_edit(tx, &record, &facts, &plan).await?;
                all.push(One {
                    record,
                    facts,
                    plan,
                });
            }
        }
        Ok((all, refused))
    }
}

/// What is done to each stream, in order.
fn steps(edit: &BulkEdit) -> Result<Vec<Edit>> {
    let (insecure, tags) = match edit {
        BulkEdit::Undo { number } => return Ok(vec![Edit::Undo { number: *number }]),
        BulkEdit::Policies { insecure, tags, .. } => (*insecure, *tags),
    };
    let mut steps = Vec::new();
    steps.extend(insecure.map(|insecure| Edit::StreamInsecure { insecure }));
    if tags != Policies::default() {
        steps.push(Edit::Policies {
            which: Which::Containing(String::new()),
            policies: tags,
        });
    }
    if steps.is_empty() {
        return Err(Error::invalid("policy", "choose what is to change"));
    }
    Ok(steps)
}
