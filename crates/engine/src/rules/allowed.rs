//! Which changes the list of allowed registries refuses. What a stream has already stays allowed.

use model::{
    Change, Reference, TagSource, TagSpec,
    allowed::{AllowedRegistries, NotAllowed},
};

use super::{Refusal, facts::StreamFacts};

/// Refuses changes that bring in a registry, or a way to connect to it, that the list does not allow.
///
/// # Errors
/// The first of them; `field` is the form's field for where an image comes from.
pub fn check(
    allowed: &AllowedRegistries,
    facts: &StreamFacts,
    changes: &[Change],
    field: &'static str,
) -> Result<(), Refusal> {
    let stream_insecure = changes
        .iter()
        .find_map(|change| match change {
            Change::CreateStream { insecure, .. } => Some(*insecure),
            Change::SetInsecure { after, .. } => Some(*after),
            _ => None,
        })
        .unwrap_or(facts.insecure);
    for change in changes {
        let asked = match change {
            Change::CreateStream { source, .. } => source.as_ref().map(|source| (source, false)),
            Change::SetSource { after, .. } => after.as_ref().map(|source| (source, false)),
            Change::SetSpec { before, after, .. } => {
                let has = before.as_ref().and_then(way);
                way(after).filter(|(reference, insecure)| {
                    has.is_none_or(|(has, was)| {
                        has.host() != reference.host() || (*insecure && !was)
                    })
                })
            }
            _ => None,
        };
        if let Some((reference, insecure)) = asked {
            allowed
                .check(reference.host(), insecure || stream_insecure)
                .map_err(|error| refusal(&error, field))?;
        }
    }
    Ok(())
}

/// Where a tag's image comes from, and whether the tag allows insecure connections to it.
fn way(spec: &TagSpec) -> Option<(&Reference, bool)> {
    match &spec.source {
        TagSource::External { reference, .. } | TagSource::Reference { reference, .. } => {
            Some((reference, spec.insecure))
        }
        _ => None,
    }
}

/// The refusal of a form: beside the source, or beside the check box where only that is wrong.
#[must_use]
pub fn refusal(error: &NotAllowed, field: &'static str) -> Refusal {
    let (field, advice) = match error {
        NotAllowed::Insecure { .. } if field == "source" => {
            ("insecure", "leave insecure connections out")
        }
        NotAllowed::Insecure { .. } => (field, "leave insecure connections out"),
        NotAllowed::Host { .. } => (field, "use one of these, or ask an administrator"),
    };
    Refusal::new(field, format!("{error}; {advice}"))
}
