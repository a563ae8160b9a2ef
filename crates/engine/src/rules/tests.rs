//! The rules as tables: each test is the sentence it proves.

use chrono::{DateTime, Utc};
use model::{
    Cause, Change, Digest, Reference, StreamRef, TagName, TagSource, TagSpec,
    policy::{ImportMode, ReferencePolicy, Schedule},
    tag::{Reason, TagAt},
    tagging::{Mode, TagInput, TagOptions, TagRequest},
};

use super::{
    Refusal, alias, delete,
    facts::{Elsewhere, HeadFacts, StreamFacts, TagFacts},
    import::{self, Finding, Outcome},
    tagging,
};

fn now() -> DateTime<Utc> {
    "2026-05-01T12:00:00Z".parse().unwrap()
}

fn tag(name: &str) -> TagName {
    name.parse().unwrap()
}

fn digest(n: u8) -> Digest {
    Digest::sha256(&[n; 32])
}

fn found_at(n: u8) -> Reference {
    format!("quay.io/org/ruby@{}", digest(n)).parse().unwrap()
}

fn external(name: &str) -> TagSource {
    TagSource::External {
        reference: format!("quay.io/org/ruby:{name}").parse().unwrap(),
        schedule: Schedule::Never,
        mode: ImportMode::default(),
    }
}

fn follows(name: &str) -> TagSource {
    TagSource::Follow {
        stream: None,
        tag: tag(name),
    }
}

fn fixed(n: u8) -> TagSource {
    TagSource::Fixed {
        stream: None,
        digest: digest(n),
    }
}

fn at(name: &str) -> TagAt {
    TagAt::new(&StreamRef::parse("team", "ruby").unwrap(), tag(name))
}

/// Setting one tag of the stream.
fn set(
    facts: &StreamFacts,
    request: &TagRequest,
    matches: &tagging::Matches,
) -> Result<model::Plan, Refusal> {
    let tags = [request.destinations[0].tag.clone()];
    tagging::plan(facts, true, &tags, request, matches, now())
}

fn facts(tags: &[(&str, Option<TagSource>, Option<u8>)]) -> StreamFacts {
    let mut facts = StreamFacts::empty(&StreamRef::parse("team", "ruby").unwrap());
    facts.generation = 7;
    for (name, source, head) in tags {
        if let Some(TagSource::Follow { tag: followed, .. }) = source {
            facts
                .followers
                .entry(followed.clone())
                .or_default()
                .push(tag(name));
        }
        let spec = source.clone().map(|source| TagSpec::new(source, 3));
        let head = head.map(|n| HeadFacts {
            digest: digest(n),
            reference: found_at(n),
            number: 1,
            generation: 3,
            created_at: now(),
        });
        facts.tags.insert(
            tag(name),
            TagFacts {
                index: None,
                spec,
                head,
                condition: None,
                hold: None,
            },
        );
    }
    facts
}

fn request(source: &str, destination: &str, mode: Mode) -> TagRequest {
    let stream = StreamRef::parse("team", "ruby").unwrap();
    let source = model::tagging::parse_source(source, &stream).unwrap();
    TagRequest::new(source, at(destination), mode)
}

fn found(name: &str, n: u8) -> Finding {
    Finding {
        tag: tag(name),
        reference: format!("quay.io/org/ruby:{name}").parse().unwrap(),
        insecure: false,
        schedule: Schedule::Never,
        reference_policy: ReferencePolicy::Source,
        mode: ImportMode::default(),
        platform: <[String; 2]>::default(),
        explicit: false,
        outcome: Outcome::Found(digest(n)),
        found: None,
    }
}

/// Where heads go, in order: tag, digest, cause.
fn moves(changes: &[Change]) -> Vec<(String, Digest, Cause)> {
    changes
        .iter()
        .filter_map(|change| match change {
            Change::MoveHead {
                tag, after, cause, ..
            } => Some((tag.to_string(), after.clone(), *cause)),
            _ => None,
        })
        .collect()
}

fn refusal(result: Result<model::Plan, Refusal>) -> (&'static str, String) {
    let refusal = result.unwrap_err();
    (refusal.field, refusal.message)
}

#[test]
fn a_fixed_tag_points_at_what_the_source_is_now_and_says_so() {
    let facts = facts(&[("2.0", Some(external("2.0")), Some(1))]);
    let plan = set(&facts, &request("ruby:2.0", "latest", Mode::Fixed), &[]).unwrap();
    assert_eq!(
        moves(&plan.changes),
        [("latest".into(), digest(1), Cause::Tag)]
    );
    assert!(matches!(&plan.changes[0], Change::SetSpec { after, .. }
        if after.source == fixed(1) && after.generation == 8));
    assert_eq!(
        plan.sentence,
        "ruby:latest will point at what ruby:2.0 is now (010101010101) and stay there. It does not exist yet."
    );
}

#[test]
fn following_a_tag_takes_its_image_and_later_moves_with_it() {
    let before = facts(&[("2.0", Some(external("2.0")), Some(1))]);
    let plan = set(&before, &request("2.0", "latest", Mode::Follow), &[]).unwrap();
    assert_eq!(
        moves(&plan.changes),
        [("latest".into(), digest(1), Cause::Tag)]
    );
    let after = facts(&[
        ("2.0", Some(external("2.0")), Some(1)),
        ("latest", Some(follows("2.0")), Some(1)),
    ]);
    let changes = import::plan(&after, &[found("2.0", 2)], 8, now());
    assert_eq!(
        moves(&changes),
        [
            ("2.0".into(), digest(2), Cause::Import),
            ("latest".into(), digest(2), Cause::Follow)
        ]
    );
}

#[test]
fn followers_of_followers_move_in_the_same_change_and_stored_circles_end() {
    let facts = facts(&[
        ("a", Some(external("a")), Some(1)),
        ("b", Some(follows("a")), Some(1)),
        ("c", Some(follows("b")), Some(1)),
        ("x", Some(follows("y")), Some(1)),
        ("y", Some(follows("x")), Some(1)),
    ]);
    let names: Vec<_> = moves(&import::plan(&facts, &[found("a", 2)], 8, now()))
        .into_iter()
        .map(|moved| moved.0)
        .collect();
    assert_eq!(names, ["a", "b", "c"]);
    let names: Vec<_> = moves(&import::plan(&facts, &[found("x", 2)], 8, now()))
        .into_iter()
        .map(|moved| moved.0)
        .collect();
    assert_eq!(names, ["x", "y"], "x stops following, y goes with it once");
}

#[test]
fn a_fixed_tag_does_not_follow() {
    let facts = facts(&[
        ("2.0", Some(external("2.0")), Some(1)),
        ("latest", Some(fixed(1)), Some(1)),
    ]);
    assert_eq!(
        moves(&import::plan(&facts, &[found("2.0", 2)], 8, now())).len(),
        1
    );
}

#[test]
fn following_in_a_circle_is_refused_with_the_way_round() {
    let facts = facts(&[
        ("a", Some(external("a")), Some(1)),
        ("b", Some(follows("a")), Some(1)),
        ("c", Some(follows("b")), Some(1)),
    ]);
    let (field, message) = refusal(set(&facts, &request("c", "a", Mode::Follow), &[]));
    assert_eq!(
        (field, message.as_str()),
        ("source", "this would go round in a circle: a → c → b → a")
    );
    assert!(
        set(&facts, &request("a", "a", Mode::Follow), &[]).is_err(),
        "itself"
    );
    assert_eq!(alias::circle(&facts, &tag("c"), &at("a")), None);
}

#[test]
fn sources_that_are_missing_empty_ambiguous_or_unmovable_are_refused_by_field() {
    let facts = facts(&[("new", Some(external("new")), None)]);
    let two = [(digest(1), found_at(1)), (digest(2), found_at(2))];
    type Case<'a> = (
        TagInput,
        Mode,
        &'a [(Digest, Reference)],
        &'static str,
        &'static str,
    );
    let cases: [Case<'_>; 5] = [
        (
            TagInput::Tag(at("nope")),
            Mode::Fixed,
            &[],
            "source",
            "no tag nope",
        ),
        (
            TagInput::Tag(at("new")),
            Mode::Fixed,
            &[],
            "source",
            "no image yet",
        ),
        (
            TagInput::Image(at("x").stream, "0".into()),
            Mode::Fixed,
            &two,
            "source",
            "could be any of",
        ),
        (
            TagInput::Image(at("x").stream, "f".into()),
            Mode::Fixed,
            &[],
            "source",
            "no image f",
        ),
        (
            TagInput::Image(at("x").stream, "0".into()),
            Mode::Follow,
            &two,
            "mode",
            "never moves",
        ),
    ];
    for (source, mode, matches, field, part) in cases {
        let request = TagRequest {
            source,
            ..request("x", "latest", mode)
        };
        let (at, message) = refusal(set(&facts, &request, matches));
        assert!(at == field && message.contains(part), "{at}: {message}");
    }
}

#[test]
fn a_tag_without_an_image_may_be_followed_and_waits() {
    let facts = facts(&[("new", Some(external("new")), None)]);
    let plan = set(&facts, &request("new", "latest", Mode::Follow), &[]).unwrap();
    assert_eq!(moves(&plan.changes), []);
    assert_eq!(plan.changes.len(), 1);
}

#[test]
fn setting_a_tag_to_what_it_is_changes_nothing() {
    let facts = facts(&[
        ("2.0", Some(external("2.0")), Some(1)),
        ("latest", Some(fixed(1)), Some(1)),
    ]);
    let plan = set(&facts, &request("2.0", "latest", Mode::Fixed), &[]).unwrap();
    assert!(
        plan.is_empty() && plan.sentence.starts_with("Nothing would change"),
        "{plan:?}"
    );
}

#[test]
fn replacing_what_a_tag_did_is_said_before_it_happens() {
    let facts = facts(&[
        ("2.0", Some(external("2.0")), Some(1)),
        ("latest", Some(external("latest")), Some(2)),
        ("stable", Some(follows("latest")), Some(2)),
    ]);
    let plan = set(&facts, &request("2.0", "latest", Mode::Fixed), &[]).unwrap();
    let warnings: Vec<_> = plan
        .warnings
        .iter()
        .map(|warning| warning.0.as_str())
        .collect();
    assert_eq!(
        warnings,
        [
            "latest will no longer be imported from quay.io/org/ruby:latest.",
            "Moves with it, because it follows: stable."
        ]
    );
}

#[test]
fn an_unchanged_image_under_an_unchanged_spec_changes_nothing() {
    let facts = facts(&[("2.0", Some(external("2.0")), Some(1))]);
    assert_eq!(import::plan(&facts, &[found("2.0", 1)], 8, now()), []);
}

#[test]
fn a_failure_keeps_the_image_and_success_clears_the_condition() {
    let before = facts(&[("2.0", Some(external("2.0")), Some(1))]);
    let failed = Finding {
        outcome: Outcome::Failed(Reason::NotFound, "not found".into(), String::new()),
        ..found("2.0", 1)
    };
    let changes = import::plan(&before, std::slice::from_ref(&failed), 8, now());
    let [
        Change::SetSpec { after: asked, .. },
        Change::SetCondition {
            after: Some(condition),
            ..
        },
    ] = changes.as_slice()
    else {
        panic!("{changes:?}")
    };
    assert_eq!(
        (condition.generation, asked.generation),
        (8, 8),
        "what was asked is answered, and not pending"
    );

    let mut after = before;
    after.tags.get_mut(&tag("2.0")).unwrap().condition = Some(condition.clone());
    let later = now() + chrono::Duration::hours(1);
    after.tags.get_mut(&tag("2.0")).unwrap().spec = Some(asked.clone());
    assert_eq!(
        import::plan(&after, std::slice::from_ref(&failed), 9, later),
        [],
        "the same failure again is no news"
    );
    after
        .tags
        .get_mut(&tag("2.0"))
        .unwrap()
        .spec
        .as_mut()
        .unwrap()
        .generation = 9;
    let again = import::plan(&after, &[failed], 10, later);
    let [
        Change::SetCondition {
            after: Some(second),
            ..
        },
    ] = again.as_slice()
    else {
        panic!("{again:?}")
    };
    assert_eq!(
        (second.generation, second.since),
        (10, now()),
        "the same failure of something newer keeps the time it was first seen"
    );

    let cleared = import::plan(&after, &[found("2.0", 1)], 11, later);
    let [
        Change::SetSpec { after: spec, .. },
        Change::MoveHead {
            before,
            after: head,
            generation: 11,
            ..
        },
        Change::SetCondition { after: None, .. },
    ] = cleared.as_slice()
    else {
        panic!("{cleared:?}")
    };
    assert_eq!(
        (spec.generation, before.as_ref()),
        (11, Some(head)),
        "the same image answers what was asked"
    );
}

#[test]
fn only_a_tag_asked_for_by_name_is_made_by_a_failure() {
    let facts = facts(&[]);
    let failed = |explicit| Finding {
        explicit,
        outcome: Outcome::Failed(Reason::NotFound, "not found".into(), String::new()),
        ..found("9", 1)
    };
    assert_eq!(import::plan(&facts, &[failed(false)], 1, now()).len(), 1);
    assert_eq!(import::plan(&facts, &[failed(true)], 1, now()).len(), 2);
}

#[test]
fn deleting_says_what_goes_and_who_loses_what_it_follows() {
    let facts = facts(&[
        ("2.0", Some(external("2.0")), Some(1)),
        ("latest", Some(follows("2.0")), Some(1)),
    ]);
    let plan = delete::plan(&facts, &[tag("2.0"), tag("gone")]).unwrap();
    assert_eq!(plan.changes.len(), 1);
    assert!(
        plan.warnings[0].0.contains("latest follows 2.0"),
        "{:?}",
        plan.warnings
    );
    assert!(plan.warnings[1].0.contains("no tag gone"));
    assert_eq!(
        delete::plan(&facts, &[tag("gone")]).unwrap_err().field,
        "tag"
    );
}

/// `team/base:1` with an image, which follows what is given.
fn with_base(mut facts: StreamFacts, follows: Option<TagAt>) -> (StreamFacts, TagAt) {
    let base = TagAt::new(&StreamRef::parse("team", "base").unwrap(), tag("1"));
    let found = Elsewhere {
        head: Some((digest(9), found_at(9))),
        follows,
        insecure: false,
    };
    facts.elsewhere.insert(base.clone(), found);
    (facts, base)
}

#[test]
fn a_tag_of_another_stream_is_followed_or_pinned_and_named_in_full() {
    let (facts, base) = with_base(facts(&[]), None);
    let request = TagRequest::new(TagInput::Tag(base.clone()), at("os"), Mode::Follow);
    let plan = set(&facts, &request, &[]).unwrap();
    assert_eq!(moves(&plan.changes), [("os".into(), digest(9), Cause::Tag)]);
    assert!(
        plan.sentence
            .starts_with("ruby:os will follow team/base:1."),
        "{}",
        plan.sentence
    );
    let Change::SetSpec { after, .. } = &plan.changes[0] else {
        panic!("{plan:?}")
    };
    assert_eq!(after.source.followed(&facts.stream), Some(base.clone()));

    let fixed = TagRequest::new(TagInput::Tag(base), at("os"), Mode::Fixed);
    let plan = set(&facts, &fixed, &[]).unwrap();
    assert!(
        plan.changes[0].rows()[0]
            .after
            .starts_with("fixed to team/base@sha256:"),
        "{plan:?}"
    );
}

#[test]
fn a_circle_through_another_stream_is_refused_with_the_way_round() {
    let (facts, base) = with_base(
        facts(&[("os", Some(external("os")), Some(1))]),
        Some(at("os")),
    );
    let request = TagRequest::new(TagInput::Tag(base), at("os"), Mode::Follow);
    let (field, message) = refusal(set(&facts, &request, &[]));
    assert_eq!(
        (field, message.as_str()),
        (
            "source",
            "this would go round in a circle: os → team/base:1 → os"
        )
    );
}

#[test]
fn a_registry_is_imported_once_or_followed_and_options_are_kept_with_the_tag() {
    let facts = facts(&[]);
    let source = TagInput::External("quay.io/org/app:1".parse().unwrap());
    let mut request = TagRequest::new(source, at("1"), Mode::Follow);
    request.options = TagOptions {
        insecure: true,
        reference_policy: Some(ReferencePolicy::Local),
        import_mode: ImportMode::Legacy,
        platform: ["linux".into(), "arm64".into()],
        ..TagOptions::default()
    };
    let spec = |request: &TagRequest| match set(&facts, request, &[]).unwrap().changes.remove(0) {
        Change::SetSpec { after, .. } => after,
        other => panic!("{other:?}"),
    };
    let followed = spec(&request);
    assert_eq!(
        (
            followed.schedule(),
            followed.mode(),
            followed.insecure,
            followed.reference_policy
        ),
        (
            Schedule::Global,
            ImportMode::Legacy,
            true,
            ReferencePolicy::Local
        )
    );
    assert_eq!(followed.platform(), [Some("linux"), Some("arm64")]);
    request.mode = Mode::Fixed;
    assert_eq!(spec(&request).schedule(), Schedule::Never);

    request.options.reference_only = true;
    assert!(matches!(spec(&request).source, TagSource::Reference { .. }));
    request.mode = Mode::Follow;
    assert_eq!(refusal(set(&facts, &request, &[])).0, "mode");
}

#[test]
fn one_platform_is_chosen_as_asked_else_as_usual_and_never_an_attestation() {
    let child = |n: u8, os: &str, architecture: &str| model::image::Child {
        digest: digest(n),
        size: 1,
        media_type: String::new(),
        os: os.into(),
        architecture: architecture.into(),
        variant: String::new(),
    };
    let all = [
        child(1, "unknown", "unknown"),
        child(2, "linux", "s390x"),
        child(3, "windows", "amd64"),
        child(4, "linux", "amd64"),
        child(5, "linux", "arm64"),
    ];
    let chosen =
        |children, wanted| import::choose_platform(children, wanted).map(|child| &child.digest);
    let own = if cfg!(target_arch = "aarch64") { 5 } else { 4 };
    for (wanted, n) in [
        (["linux", "s390x"], 2),
        (["", "s390x"], 2),
        (["windows", ""], 3),
        (["", ""], own),
        (["plan9", "mips"], own),
    ] {
        assert_eq!(chosen(&all, wanted), Some(&digest(n)), "{wanted:?}");
    }
    assert_eq!(
        chosen(&all[..2], ["", ""]),
        Some(&digest(2)),
        "the first that is a platform"
    );
    assert_eq!(chosen(&all[..1], ["", ""]), None);
}

#[test]
fn a_tag_of_an_insecure_one_elsewhere_is_told_that_it_is_not() {
    let (mut facts, base) = with_base(facts(&[]), None);
    let request = TagRequest::new(TagInput::Tag(base.clone()), at("os"), Mode::Follow);
    assert_eq!(set(&facts, &request, &[]).unwrap().warnings, []);
    facts.elsewhere.get_mut(&base).unwrap().insecure = true;
    let told = set(&facts, &request, &[]).unwrap().warnings;
    assert!(
        told[0]
            .0
            .contains("team/base:1 may be read over unverified TLS"),
        "{told:?}"
    );
    facts.insecure = true;
    assert_eq!(set(&facts, &request, &[]).unwrap().warnings, []);
}
