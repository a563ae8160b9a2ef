//! What a real OpenShift answered, step by step, against what our export says after the same steps.
//!
//! `golden/*.json` holds, per scenario: what is pushed upstream, what is asked, and all streams as they were after it.
//! Digests are numbered (`<1>`, `<1/linux/amd64>`), the upstreams are `UP` and `UP2`, the namespace `ns`. Times, ids and
//! versions are left out (of the time of the last check, `*` says that there is one), and so is what no stream of ours
//! has (`managedFields`, the second repository). An ask that was refused has its `status`. `istags` and `isimages` are the
//! objects of tags and images that have changed, as far as they do not repeat what their stream says; what consumers pull
//! is from `HERE` when that is this registry. What differs by decision is in `golden/deviations.rs`, with its reason.
//!
//! Not here, of what was recorded:
//! - how the API speaks, and not what it does: `discovery-documents`, `streams-methods`, `streams-watch`,
//!   `streams-update-conflict` (versions a client must send), `streams-status-update` (a client that writes events),
//!   `tag-istag-api`, `references-name-errors` (names in addresses), `isi-invalid`, `isi-preview` and `isi-to-missing` (the
//!   form of an import's object; what it does is in the imports here). Of `streams-delete`, `streams-patch` and
//!   `streams-invalid` the steps that only it can take are left out: preconditions, selectors, bad patches, unknown fields.
//! - the registry's own (`server/tests/v2_golden.rs` has what it answers): `registry-pull-imported`,
//!   `registry-pull-local-policy`, `registry-push-new`, `registry-push-over-docker-tag`. Of `registry-push-new`, tags that
//!   are only a reference to a tag or image of a stream cannot be made here: one that follows or is fixed says the same,
//!   and is pulled from its own stream.
//! - pruning: `prune-defaults`, `prune-registry`, `prune-referrers`.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod golden {
    pub mod asks;
    pub mod compare;
    pub mod deviations;
    pub mod patch;
}

use golden::asks::Replay;

macro_rules! scenarios {
    ($($test:ident: $file:literal;)*) => { $(
        engine::db_test!(
            async fn $test(db) {
                Replay::run($file, include_str!(concat!("golden/", $file, ".json")), db).await;
            }
        );
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
    a_reference_policy_changes_without_an_import: "policies-local-source";
    the_definitions_people_write_are_taken: "seed-definitions";
    an_import_moves_what_tracks: "import-alias-and-tracks";
    circles_are_refused: "tag-circular";
    an_unknown_certificate_needs_the_insecure_policy: "import-self-signed";
    what_a_client_says_of_status_is_ignored: "streams-create-status-ignored";
    a_repository_that_is_not_there_is_kept: "streams-repository-unreachable";
    a_preview_writes_nothing: "import-dry-run";
    a_deleted_stream_is_gone: "streams-delete";
    patches_are_merged: "streams-patch";
    what_is_no_stream_is_refused: "streams-invalid";
    a_scheduled_tag_follows_without_being_asked: "import-scheduled-follows";
}
