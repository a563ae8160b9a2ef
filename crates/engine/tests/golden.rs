//! What a real OpenShift answered, step by step, against what our export says after the same steps.
//!
//! `golden/*.json` holds, per scenario: what is pushed upstream, what is asked, and the streams as they were after it.
//! Digests are numbered (`<1>`, `<1/linux/amd64>`), the upstream is `UP`, the namespace `ns`. Times, ids and versions
//! are left out, and so is what no stream of ours has (`managedFields`, the second repository). What differs by
//! decision is listed in [`DEVIATIONS`], with the value that is ours and the reason.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod golden {
    pub mod asks;
    pub mod compare;
}

use golden::{asks::Replay, compare::Deviation};

/// Making an alias raises the generation of the followed tag's event there: a way of the real system's code, not of
/// the model, and it makes clients call the source pushed. Here a tag that is only followed is left alone.
const ALIAS: &str = "making an alias does not touch its source";
/// A pull spec that is set again is imported again there and costs two generations, even if nothing else changes.
const SAME: &str = "a pull spec that is set again is no new import";
/// There, `--all` forgets where the tags came from: a later one sees no new tags, and what the limit left out is lost.
const SOURCE: &str = "a stream keeps the repository it was imported from";

/// There, a tag of another stream is copied once and never followed.
const ACROSS: &str = "tags follow across streams";

/// What differs by decision: scenario, step (from 1), path, our value, reason.
const DEVIATIONS: &[Deviation] = &[
    differs(
        "import-all-over-cap",
        2,
        "app.spec.dockerImageRepository",
        "\"UP/r/app\"",
        SOURCE,
    ),
    differs(
        "tag-alias-cross-stream",
        6,
        "other.metadata.generation",
        "2",
        ACROSS,
    ),
    differs(
        "tag-alias-cross-stream",
        6,
        "other.status.tags[0].items",
        r#"[{"dockerImageReference":"UP/r/app@<3>","generation":2,"image":"<3>"},{"dockerImageReference":"UP/r/app@<1>","generation":1,"image":"<1>"}]"#,
        ACROSS,
    ),
    differs(
        "import-all-under-cap",
        2,
        "app.spec.dockerImageRepository",
        "\"UP/r/app\"",
        SOURCE,
    ),
    differs(
        "import-all-under-cap",
        4,
        "app.spec.dockerImageRepository",
        "\"UP/r/app\"",
        SOURCE,
    ),
    differs(
        "import-http-only",
        6,
        "all.spec.dockerImageRepository",
        "\"UP/r/app\"",
        SOURCE,
    ),
    differs(
        "import-http-only",
        7,
        "all.spec.dockerImageRepository",
        "\"UP/r/app\"",
        SOURCE,
    ),
    differs(
        "import-reference-policy",
        8,
        "app.spec.dockerImageRepository",
        "\"UP/r/app\"",
        SOURCE,
    ),
    differs(
        "import-scheduled-flag",
        6,
        "app.metadata.generation",
        "4",
        SAME,
    ),
    differs(
        "import-scheduled-flag",
        6,
        "app.spec.tags[1].generation",
        "4",
        SAME,
    ),
    differs(
        "import-scheduled-flag",
        6,
        "app.status.tags[1].items[0].generation",
        "3",
        SAME,
    ),
    differs(
        "tag-alias",
        3,
        "app.status.tags[0].items[0].generation",
        "1",
        ALIAS,
    ),
    differs(
        "tag-alias",
        4,
        "app.status.tags[0].items[0].generation",
        "1",
        ALIAS,
    ),
    differs(
        "tag-alias",
        4,
        "app.status.tags[2].items[0].generation",
        "2",
        ALIAS,
    ),
    differs(
        "tag-alias",
        5,
        "app.status.tags[0].items[0].generation",
        "1",
        ALIAS,
    ),
    differs(
        "tag-alias",
        5,
        "app.status.tags[2].items[0].generation",
        "2",
        ALIAS,
    ),
    differs(
        "tag-alias",
        7,
        "app.status.tags[0].items[1].generation",
        "1",
        ALIAS,
    ),
    differs(
        "tag-alias",
        7,
        "app.status.tags[2].items[1].generation",
        "2",
        ALIAS,
    ),
    differs(
        "tag-alias",
        8,
        "app.status.tags[1].items[1].generation",
        "2",
        ALIAS,
    ),
    differs("tag-docker", 7, "app.metadata.generation", "10", SAME),
    differs("tag-docker", 7, "app.spec.tags[0].generation", "4", SAME),
    differs(
        "tag-docker",
        7,
        "app.status.tags[0].items[0].generation",
        "4",
        SAME,
    ),
];

const fn differs(
    scenario: &'static str,
    step: usize,
    path: &'static str,
    ours: &'static str,
    why: &'static str,
) -> Deviation {
    Deviation {
        scenario,
        step,
        path,
        ours,
        why,
    }
}

macro_rules! scenarios {
    ($($test:ident: $file:literal;)*) => { $(
        #[tokio::test]
        async fn $test() {
            Replay::run($file, include_str!(concat!("golden/", $file, ".json")), DEVIATIONS).await;
        }
    )* };
}

scenarios! {
    an_empty_stream_is_made: "streams-create-empty";
    a_stream_with_tags_is_imported_soon_after: "streams-create-spec-tags";
    a_repository_of_a_stream_is_imported_soon_after: "streams-create-repository";
    an_alias_follows_through_others: "tag-alias";
    a_permanent_tag_stays: "tag-permanent";
    a_pull_spec_is_imported_by_tagging_it: "tag-docker";
    history_merges_and_grows: "tag-history-merge";
    an_image_is_tagged_by_its_id: "tag-isimage";
    one_tag_is_imported_under_another_name: "import-one-tag";
    all_tags_of_a_repository_are_imported: "import-all-under-cap";
    every_tag_is_imported_again: "import-all-spec-tags";
    an_image_by_digest_is_imported: "import-by-digest";
    a_failure_keeps_the_history: "import-failure-keeps-history";
    plain_http_needs_the_insecure_policy: "import-http-only";
    one_platform_or_all: "import-mode-docker-list";
    a_reference_policy_is_kept: "import-reference-policy";
    a_schedule_is_kept: "import-scheduled-flag";
    the_limit_takes_the_newest_first: "import-all-over-cap";
    several_definitions_are_imported_soon_after: "import-wait-async";
    single_images_of_both_kinds_are_imported: "import-media-types";
    an_alias_of_another_stream_follows: "tag-alias-cross-stream";
}
