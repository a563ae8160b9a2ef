//! What is asked upstream when a tag is imported again.

use model::{Reference, TagName, TagSource};

use crate::{
    Error, Result,
    rules::facts::StreamFacts,
    store::{StreamRecord, Tx},
};

/// What to ask upstream for a tag: what its spec says, else the stream's repository.
pub(super) async fn source_of(
    tx: &mut Tx,
    record: &StreamRecord,
    facts: &StreamFacts,
    tag: &TagName,
) -> Result<(TagName, Reference, bool)> {
    let Some(known) = facts.tag(tag) else {
        return Err(Error::invalid(
            "tag",
            format!("{} has no tag {tag}", record.stream),
        ));
    };
    match known
        .spec
        .as_ref()
        .map(|spec| (&spec.source, spec.insecure))
    {
        Some((TagSource::External { reference, .. }, insecure)) => {
            Ok((tag.clone(), reference.clone(), insecure))
        }
        None if record.source.is_some() => {
            // A tag that has only ever failed: it was part of the repository's import.
            if let Some((_, asked)) = tx.failed_item(&record.id, tag).await? {
                return Ok((asked.tag, asked.reference, asked.insecure));
            }
            let source = record.source.as_ref().map(|source| source.with_tag(tag));
            source
                .map(|source| (tag.clone(), source, false))
                .ok_or_else(|| crate::ops::no_stream(&record.stream))
        }
        Some((other, _)) => Err(Error::invalid(
            "tag",
            format!(
                "{tag} is not imported: it {}",
                other.to_string().replace("fixed", "is fixed")
            ),
        )),
        None => Err(Error::invalid(
            "tag",
            format!("{tag} has nothing to import from"),
        )),
    }
}
