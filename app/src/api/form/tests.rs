//! How forms are read, and kept on a refusal.

use model::{policy::ImportMode, tagging::Mode};

use super::*;

fn ruby() -> StreamRef {
    StreamRef::parse("team", "ruby").unwrap()
}

fn form() -> ImportForm {
    ImportForm {
        namespace: "team".into(),
        name: "ruby".into(),
        source: "h.io/a".into(),
        selection: "all".into(),
        ..ImportForm::default()
    }
}

fn refusal<T: std::fmt::Debug>(result: Result<T, ApiError>) -> (String, String) {
    match result {
        Err(ApiError::Invalid { field, message }) => (field, message),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_form_becomes_a_request() {
    let request = form().request(true).unwrap();
    assert_eq!(
        (request.selection, request.insecure, request.create),
        (Selection::All, false, true)
    );
    let chosen = ImportForm {
        namespace: " team ".into(),
        source: " h.io/a ".into(),
        selection: "chosen".into(),
        chosen: "1.0,2.0\n1.0 x".into(),
        insecure: true,
        ..form()
    };
    let request = chosen.request(false).unwrap();
    let tags = ["1.0", "2.0", "x"].map(|tag| tag.parse().unwrap()).to_vec();
    assert_eq!(
        (request.selection, request.insecure),
        (Selection::Chosen(tags), true)
    );
}

#[test]
fn each_refusal_names_its_field_and_the_remedy() {
    let chosen = |chosen: &str| ImportForm {
        selection: "chosen".into(),
        chosen: chosen.into(),
        ..form()
    };
    let source = |source: String| ImportForm { source, ..form() };
    let digest = format!("h.io/a:1@sha256:{}", "a".repeat(64));
    let none = ImportForm {
        namespace: String::new(),
        ..form()
    };
    let upper = ImportForm {
        name: "Ruby".into(),
        ..form()
    };
    let odd = ImportForm {
        selection: "some".into(),
        ..form()
    };
    for (form, field, part) in [
        (none, "namespace", "a namespace is required: use 1 to 63"),
        (upper, "name", "lower-case"),
        (source(String::new()), "source", "choose None"),
        (source("https://h.io/a".into()), "source", "leave out"),
        (
            source("h.io/a:2.0".into()),
            "source",
            "put 2.0 under Chosen tags",
        ),
        (source(digest), "source", "Tag and Fixed"),
        (odd, "tags", "choose All tags"),
        (chosen(""), "tags", "at least one"),
        (chosen("1, a:b"), "tags", "\"a:b\""),
    ] {
        let (at, message) = refusal(form.request(true));
        assert!(at == field && message.contains(part), "{at}: {message}");
    }
}

#[test]
fn an_empty_stream_needs_no_source_but_an_import_needs_tags() {
    let none = ImportForm {
        source: String::new(),
        selection: "none".into(),
        ..form()
    };
    assert_eq!(none.request(true).unwrap().source, None);
    assert_eq!(refusal(none.request(false)).0, "tags");
}

#[test]
fn an_unticked_box_leaves_the_others_and_what_is_beyond_the_limit() {
    let ticked = ["2.0".to_owned(), "2.1".to_owned()];
    let picked = form().picked("3", &ticked);
    let Selection::Matching(narrow) = picked.request(true).unwrap().selection else {
        panic!("all of them, narrowed");
    };
    let names: Vec<_> = narrow.picked.iter().map(ToString::to_string).collect();
    assert_eq!(names, ticked);
    // A refusal comes back to a preview of just those.
    let back = picked.preview(true);
    assert!(back.contains("tags=chosen&chosen=2.0"), "{back}");
    assert_eq!(form().picked("2", &ticked), form());
    // No boxes were shown: the preview was too long, or there was none.
    assert_eq!(form().picked("", &[]), form());
    assert_eq!(refusal(form().picked("3", &[]).request(true)).0, "tags");
}

#[test]
fn a_thousand_chosen_tags_survive_and_too_many_are_refused() {
    let names = |n: usize| {
        (0..n)
            .map(|n| format!("v{n}"))
            .collect::<Vec<_>>()
            .join(",")
    };
    assert_eq!(tags(&names(1_200)).unwrap().len(), 1_200);
    assert_eq!(refusal(tags(&names(MOST_TAGS + 1))).0, "tags");
}

#[test]
fn the_preview_address_keeps_every_value() {
    let insecure = ImportForm {
        insecure: true,
        ..form()
    };
    assert_eq!(
        insecure.preview(true),
        "/streams/new?namespace=team&name=ruby&source=h.io%2Fa&tags=all&insecure=on&preview=1"
    );
    assert_eq!(
        form().preview(false),
        "/s/team/ruby/import?source=h.io%2Fa&tags=all&preview=1"
    );
}

#[test]
fn tag_requests_name_the_field_that_is_wrong() {
    let form = |source: &str, destination: &str, mode: &str| TagForm {
        source: source.into(),
        destination: destination.into(),
        mode: mode.into(),
        ..TagForm::default()
    };
    for (form, field) in [
        (form("", "latest", "fixed"), "source"),
        (form("ruby@xyz", "latest", "fixed"), "source"),
        (form("2.0", "", "fixed"), "destination"),
        (form("2.0", "quay.io/a/b:1", "fixed"), "destination"),
        (form("2.0", "latest", "sometimes"), "mode"),
        (
            TagForm {
                period: "soon".into(),
                ..form("2.0", "latest", "follow")
            },
            "period",
        ),
        (
            TagForm {
                pull: "near".into(),
                ..form("2.0", "latest", "follow")
            },
            "pull",
        ),
        (
            TagForm {
                os: "li nux".into(),
                ..form("2.0", "latest", "follow")
            },
            "os",
        ),
    ] {
        assert_eq!(refusal(form.request(&ruby())).0, field, "{form:?}");
    }
    let read = form("2.0", "latest shop/app:1", "follow")
        .request(&ruby())
        .unwrap();
    assert_eq!((read.mode, read.destinations.len()), (Mode::Follow, 2));
}

#[test]
fn a_tag_form_comes_back_from_its_hidden_field_and_its_address_leaves_out_what_is_empty() {
    let form = TagForm {
        source: "quay.io/org/app:1".into(),
        destination: "1".into(),
        mode: "follow".into(),
        insecure: true,
        ..TagForm::default()
    };
    assert_eq!(TagForm::from_field(&form.field().unwrap()).unwrap(), form);
    let address = form.preview(&ruby());
    assert!(
        address.contains("insecure=on") && !address.contains("period"),
        "{address}"
    );
}

#[test]
fn patterns_range_and_number_narrow_all_tags_and_come_back_in_the_address() {
    let narrowed = ImportForm {
        narrow: NarrowForm {
            include: "2.*, latest".into(),
            exclude: "*-rc*".into(),
            range: " >=2.0, <3 ".into(),
            newest: "5".into(),
            picked: Vec::new(),
        },
        ..form()
    };
    let Selection::Matching(narrow) = narrowed.request(true).unwrap().selection else {
        panic!("all tags, narrowed");
    };
    assert_eq!(
        narrow.to_string(),
        "2.*, latest without *-rc*; versions >=2.0, <3; the newest 5"
    );
    let back = narrowed.preview(true);
    let query = crate::context::Query::parse(back.split_once('?').unwrap().1);
    assert_eq!(
        (
            query.get("include"),
            query.get("range"),
            query.get("newest")
        ),
        ("2.*, latest", ">=2.0, <3", "5")
    );
    let unticked = narrowed.clone().picked("2", &["2.1".to_owned()]);
    let Selection::Matching(narrow) = unticked.request(true).unwrap().selection else {
        panic!("what narrows holds");
    };
    assert_eq!((narrow.picked.len(), narrow.newest), (1, Some(5)));

    let with = |change: fn(&mut ImportForm)| {
        let mut form = form();
        change(&mut form);
        refusal(form.request(true))
    };
    for (field, refused) in [
        ("include", with(|form| form.narrow.include = "[a]".into())),
        (
            "exclude",
            with(|form| form.narrow.exclude = "x ".repeat(51)),
        ),
        ("range", with(|form| form.narrow.range = "new".into())),
        ("newest", with(|form| form.narrow.newest = "0".into())),
        (
            "include",
            with(|form| {
                form.selection = "none".into();
                form.narrow.newest = "3".into();
            }),
        ),
    ] {
        assert_eq!(refused.0, field, "{}", refused.1);
    }
}

#[test]
fn where_consumers_pull_from_and_which_platform_is_kept_are_read_and_come_back_in_the_address() {
    let with = |pull: &str, platforms: &str, os: &str| ImportForm {
        options: OptionsForm {
            pull: pull.into(),
            platforms: platforms.into(),
            os: os.into(),
            architecture: String::new(),
        },
        ..form()
    };
    let usual = with("source", "keep", "").request(true).unwrap();
    assert_eq!(usual, form().request(true).unwrap());
    assert_eq!(
        (usual.reference_policy, usual.mode),
        (ReferencePolicy::Source, None)
    );
    let one = with("local", "legacy", " linux ");
    let request = one.request(false).unwrap();
    assert_eq!(request.reference_policy, ReferencePolicy::Local);
    assert_eq!(request.mode, Some(ImportMode::Legacy));
    assert_eq!(request.platform, ["linux".to_owned(), String::new()]);
    let back = one.preview(false);
    assert!(back.contains("pull=local&platforms=legacy&os="), "{back}");
    let whole = with("source", "preserve-original", "");
    let whole = whole.request(true).unwrap();
    assert_eq!(whole.mode, Some(ImportMode::PreserveOriginal));
    for (form, field) in [
        (with("near", "", ""), "pull"),
        (with("", "some", ""), "platforms"),
        (with("", "legacy", "li nux"), "os"),
        (with("", "keep", "linux"), "platforms"),
    ] {
        assert_eq!(refusal(form.request(true)).0, field, "{form:?}");
    }
}
