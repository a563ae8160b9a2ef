//! What changing policies changes, for one tag or many, and how such a change is undone.

use std::collections::BTreeSet;

use model::{
    Change, Plan, Reference, StreamRef, TagName, TagSource, TagSpec, Warning,
    edit::Policies,
    policy::{Freshness, ImportMode, Schedule},
};

use super::{Refusal, facts::StreamFacts};

/// Plans new policies for tags. Tags that are so already are left alone.
///
/// # Errors
/// When nothing is chosen, nothing would change, or a schedule is asked for tags of which none is imported.
pub fn plan(facts: &StreamFacts, tags: &[TagName], policies: Policies) -> Result<Plan, Refusal> {
    if tags.is_empty() {
        return Err(Refusal::new(
            "tag",
            format!("choose at least one tag of {}", facts.stream),
        ));
    }
    if policies == Policies::default() {
        return Err(Refusal::new("policy", "choose what is to change"));
    }
    let mut changes = Vec::new();
    let mut hosts = BTreeSet::new();
    let (mut same, mut moving, mut unscheduled) = (0_usize, 0_usize, 0_usize);
    for name in tags {
        let Some(before) = facts.tag(name).and_then(|tag| tag.spec.as_ref()) else {
            same += 1;
            continue;
        };
        let mut after = before.clone();
        after.insecure = policies.insecure.unwrap_or(before.insecure);
        after.reference_policy = policies.reference_policy.unwrap_or(before.reference_policy);
        if let Some(asked) = policies.schedule {
            match &mut after.source {
                TagSource::External { schedule, .. } => *schedule = asked,
                _ => unscheduled += 1,
            }
        }
        if after == *before {
            same += 1;
            continue;
        }
        if let TagSource::External { reference, .. } = &after.source {
            if after.insecure && !before.insecure {
                hosts.insert(reference.host().to_owned());
            }
            // Another way to connect may give another answer: the tag is imported again.
            if after.insecure != before.insecure {
                moving += 1;
                after.generation = facts.generation + 1;
            }
        }
        changes.push(Change::SetSpec {
            tag: name.clone(),
            before: Some(before.clone()),
            after,
        });
    }
    if changes.is_empty() {
        let message = if unscheduled == tags.len() {
            "only a tag that is imported from a registry can be scheduled"
        } else {
            "nothing would change: all of it is so already"
        };
        return Err(Refusal::new("policy", message));
    }
    let mut warnings = Vec::new();
    if !hosts.is_empty() {
        let hosts: Vec<_> = hosts.into_iter().collect();
        warnings.push(Warning(format!(
            "Connections to {} may go over unverified TLS or plain HTTP: anybody on the way can change what is imported.",
            hosts.join(", ")
        )));
    }
    if policies.insecure == Some(false) && facts.insecure {
        warnings.push(Warning(
            "The stream itself allows insecure connections, and that holds for all its tags."
                .to_owned(),
        ));
    }
    if moving > 0 {
        warnings.push(Warning(format!(
            "{} at once, because how to connect has changed.",
            match moving {
                1 => "1 tag is imported again".to_owned(),
                n => format!("{n} tags are imported again"),
            }
        )));
    }
    let mut sentence = match changes.as_slice() {
        [Change::SetSpec { tag, .. }] => {
            format!("The policies of {}:{tag} will change.", facts.stream.name)
        }
        many => format!(
            "The policies of {} tags of {} will change.",
            many.len(),
            facts.stream
        ),
    };
    if unscheduled > 0 {
        sentence.push_str(&format!(
            " {unscheduled} of them are not imported from a registry, so a schedule does not apply."
        ));
    }
    if same > 0 {
        sentence.push_str(&format!(" {same} of them stay as they are."));
    }
    Ok(Plan {
        stream: facts.stream.clone(),
        changes,
        warnings,
        sentence,
    })
}

/// Plans the stream's own insecure policy. `external` names what it would hold for: tag and host.
///
/// # Errors
/// When it is so already.
pub fn plan_stream(
    facts: &StreamFacts,
    insecure: bool,
    external: &[(TagName, String)],
) -> Result<Plan, Refusal> {
    let stream = &facts.stream;
    if facts.insecure == insecure {
        return Err(Refusal::new(
            "insecure",
            format!("nothing would change: {stream} is so already"),
        ));
    }
    let mut warnings = Vec::new();
    let sentence = if insecure {
        let hosts: BTreeSet<&str> = external.iter().map(|(_, host)| host.as_str()).collect();
        let hosts: Vec<_> = hosts.into_iter().collect();
        warnings.push(Warning(format!(
            "All tags of the stream, also those made later, may be imported over unverified TLS or plain HTTP{}.",
            match hosts.as_slice() {
                [] => String::new(),
                hosts => format!(", today from {}", hosts.join(", ")),
            }
        )));
        warnings.push(Warning(
            "Safer: leave the stream strict and allow it on the tags that need it; a tag cannot be stricter than its stream."
                .to_owned(),
        ));
        format!("{stream} will allow insecure connections for all its tags.")
    } else {
        format!("{stream} will be strict; tags that allow insecure connections themselves stay so.")
    };
    Ok(Plan {
        stream: stream.clone(),
        changes: vec![Change::SetInsecure {
            before: facts.insecure,
            after: insecure,
        }],
        warnings,
        sentence,
    })
}

/// Plans how fresh pulls by tag are.
///
/// # Errors
/// When it is so already.
pub fn plan_freshness(
    stream: &StreamRef,
    before: Freshness,
    after: Freshness,
) -> Result<Plan, Refusal> {
    if before == after {
        return Err(Refusal::new(
            "freshness",
            format!("nothing would change: {stream} is so already"),
        ));
    }
    let (sentence, warning) = match after {
        Freshness::Local => (
            "Pulls by tag get what was imported last; what is not stored is fetched.",
            None,
        ),
        Freshness::Always | Freshness::Every(_) => (
            "Pulls by tag ask the source first, and get what is here when it does not answer.",
            Some("Such a pull moves the tag, and waits for the source."),
        ),
        Freshness::Never => (
            "Pulls get what is stored here and nothing else.",
            Some("What is not stored cannot be pulled: mirror the tags first."),
        ),
    };
    Ok(Plan {
        stream: stream.clone(),
        changes: vec![Change::SetFreshness { before, after }],
        warnings: warning
            .map(|text| Warning(text.to_owned()))
            .into_iter()
            .collect(),
        sentence: sentence.to_owned(),
    })
}

/// Plans how often tags are looked at that are scheduled without a period of their own. `scheduled` is how many are.
///
/// # Errors
/// When it is so already.
pub fn plan_period(
    facts: &StreamFacts,
    period: Option<u32>,
    scheduled: usize,
) -> Result<Plan, Refusal> {
    let stream = &facts.stream;
    if facts.period == period {
        return Err(Refusal::new(
            "schedule",
            format!("nothing would change: {stream} is so already"),
        ));
    }
    let often = Schedule::of_stream(period);
    let (tags, are) = match scheduled {
        1 => ("1 tag".to_owned(), "is"),
        n => (format!("{n} tags"), "are"),
    };
    Ok(Plan {
        stream: stream.clone(),
        changes: vec![Change::SetPeriod {
            before: facts.period,
            after: period,
        }],
        warnings: vec![Warning(format!(
            "It holds for tags that are scheduled without a period of their own, also for those to come: today {tags}. \
             Tags that are not scheduled stay so."
        ))],
        sentence: format!("{tags} of {stream} {are} imported again {often}."),
    })
}

/// Plans to undo the policy changes of one journal number. `freshness` is the stream's of now.
///
/// # Errors
/// When something else was changed with them, or nothing of it is as they left it.
pub fn plan_undo(
    facts: &StreamFacts,
    freshness: Freshness,
    done: &[Change],
) -> Result<Plan, Refusal> {
    let refuse = |message: &str| Err(Refusal::new("change", message));
    let mut changes = Vec::new();
    let mut since = 0_usize;
    for change in done {
        match change {
            Change::SetInsecure { before, after } => {
                if facts.insecure == *after {
                    changes.push(Change::SetInsecure {
                        before: *after,
                        after: *before,
                    });
                } else {
                    since += 1;
                }
            }
            Change::SetFreshness { before, after } => {
                if freshness == *after {
                    changes.push(Change::SetFreshness {
                        before: *after,
                        after: *before,
                    });
                } else {
                    since += 1;
                }
            }
            Change::SetPeriod { before, after } => {
                if facts.period == *after {
                    changes.push(Change::SetPeriod {
                        before: *after,
                        after: *before,
                    });
                } else {
                    since += 1;
                }
            }
            Change::SetSpec {
                tag,
                before: Some(before),
                after,
            } if same_place(before, after) => {
                let now = facts.tag(tag).and_then(|tag| tag.spec.as_ref());
                match now.filter(|now| same(now, after)) {
                    Some(now) => changes.push(Change::SetSpec {
                        tag: tag.clone(),
                        before: Some(now.clone()),
                        after: TagSpec {
                            generation: if before.insecure == now.insecure {
                                now.generation
                            } else {
                                facts.generation + 1
                            },
                            ..before.clone()
                        },
                    }),
                    None => since += 1,
                }
            }
            _ => {
                return refuse(
                    "only changes of policies are undone here; a tag goes back by its history",
                );
            }
        }
    }
    if changes.is_empty() {
        return refuse("everything it changed has been changed again since");
    }
    let warnings = (since > 0)
        .then(|| {
            Warning(format!(
                "{since} changed again since; they stay as they are."
            ))
        })
        .into_iter()
        .collect();
    Ok(Plan {
        stream: facts.stream.clone(),
        warnings,
        sentence: match changes.len() {
            1 => "1 change of policies will be undone.".to_owned(),
            n => format!("{n} changes of policies will be undone."),
        },
        changes,
    })
}

/// Whether two specs take the tag's image from the same place: they differ in policies at most.
fn same_place(a: &TagSpec, b: &TagSpec) -> bool {
    match (&a.source, &b.source) {
        (TagSource::External { reference: a, .. }, TagSource::External { reference: b, .. }) => {
            a == b
        }
        (a, b) => a == b,
    }
}

/// Whether two specs say the same; when they were set does not matter.
pub(super) fn same(a: &TagSpec, b: &TagSpec) -> bool {
    TagSpec {
        generation: b.generation,
        ..a.clone()
    } == *b
}

/// What of a spec decides about an import: place, insecure policy, what is kept of an index, and the platform.
type Reads<'a> = (&'a Reference, bool, ImportMode, [Option<&'a str>; 2]);

fn reads(spec: &TagSpec) -> Option<Reads<'_>> {
    match &spec.source {
        TagSource::External {
            reference, mode, ..
        } => Some((reference, spec.insecure, *mode, spec.platform())),
        _ => None,
    }
}

/// Whether nothing differs between two specs of a tag that decides about its image.
pub(super) fn reads_as(before: &TagSpec, after: &TagSpec) -> bool {
    match (reads(before), reads(after)) {
        (None, None) => before.source == after.source,
        (before, after) => before == after,
    }
}

/// The imported tags of which these changes alter what is imported or how: they are to be imported again.
#[must_use]
pub fn to_import(changes: &[Change]) -> Vec<TagName> {
    changes
        .iter()
        .filter_map(|change| match change {
            Change::SetSpec { tag, before, after } => {
                let asked = reads(after)?;
                (before.as_ref().and_then(reads) != Some(asked)).then(|| tag.clone())
            }
            _ => None,
        })
        .collect()
}
