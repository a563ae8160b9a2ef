//! The texts compared with what `oc` printed of objects OpenShift 4.21 answered (recorded; names of hosts and of the
//! namespace are put in), the old layout with rows written by hand.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::{Columns, Layout, describe_image, describe_stream, human};

macro_rules! recorded {
    ($name:literal) => {
        recorded(
            include_str!(concat!("testdata/", $name, ".json")),
            include_str!(concat!("testdata/", $name, ".txt")),
        )
    };
}

/// What was described, when, and how.
struct Recorded {
    object: Value,
    now: DateTime<Utc>,
    text: &'static str,
}

fn recorded(json: &str, text: &'static str) -> Recorded {
    let mut json: Value = serde_json::from_str(json).unwrap();
    let now = json["now"].as_str().unwrap().parse().unwrap();
    let object = json["object"].take();
    Recorded { object, now, text }
}

#[test]
fn streams_read_as_recorded() {
    let all = [
        recorded!("docker"),
        recorded!("alias"),
        recorded!("circular"),
        recorded!("failed"),
        recorded!("scheduled"),
        recorded!("policies"),
        recorded!("pushed"),
        recorded!("empty"),
    ];
    for Recorded { object, now, text } in all {
        assert_eq!(describe_stream(&object, Layout::Modern, now), text);
    }
}

#[test]
fn images_read_as_recorded() {
    for Recorded { object, now, text } in [recorded!("image"), recorded!("index")] {
        assert_eq!(describe_image(&object, now), text);
    }
}

#[test]
fn an_index_without_a_time_says_so() {
    let Recorded {
        mut object, now, ..
    } = recorded!("index");
    object["image"]["dockerImageMetadata"]["Created"] = Value::Null;
    let text = describe_image(&object, now);
    assert!(text.contains("Image Created:\t<none>\n"), "{text}");
}

#[test]
fn what_annotations_say_to_people_stands_between_source_and_images() {
    let Recorded {
        mut object, now, ..
    } = recorded!("empty");
    object["metadata"]["annotations"] =
        serde_json::json!({"description": "Two\nlines", "b": "2", "a": "1"});
    object["spec"]["tags"] = serde_json::json!([
        {"name": "1", "from": {"kind": "ImageStreamTag", "name": "ruby:2", "namespace": "far"}, "reference": true,
         "annotations": {"description": "Ruby", "tags": "builder,ruby", "supports": "ruby", "sampleRepo": "git.test/a"}},
        {"name": "2"}
    ]);
    let text = describe_stream(&object, Layout::Modern, now);
    let header = "Description:\t\tTwo\n\t\t\tlines\nAnnotations:\t\ta=1\n\t\t\tb=2\n";
    assert!(text.contains(header), "{text}");
    let tags = "\n1\n  reference to far/ruby:2\n\n  Ruby\n  Tags: builder, ruby\n  Supports: ruby\n  Example Repo: git.test/a\n\n\n2\n  tag without source image\n\n";
    assert!(text.ends_with(tags), "{text}");
}

/// The table of the old layout after its header, cells separated by one tab.
fn assert_table(Recorded { object, now, .. }: Recorded, rows: &str) {
    let mut table = Columns::default();
    rows.lines().for_each(|row| table.line(row));
    let text = describe_stream(&object, Layout::Legacy, now);
    let (_, found) = text.split_once("\n\n").unwrap();
    assert_eq!(found, table.finish());
}

#[test]
fn the_old_layout_has_a_row_for_each_image() {
    let Recorded { object, now, .. } = recorded!("pushed");
    let text = describe_stream(&object, Layout::Legacy, now);
    let header = "Name:\t\t\tpushed\nCreated:\t\t13 seconds ago\nLabels:\t\t\t<none>\nAnnotations:\t\t<none>\nDocker Pull Spec:\tweir.test:5000/demo/pushed\n\nTag\t";
    assert!(text.starts_with(header), "{text}");
    assert_table(
        recorded!("pushed"),
        "Tag\tSpec\tCreated\tPullSpec\tImage
1\t<pushed>\t6 seconds ago\tweir.test:5000/demo/pushed@sha256:78d00e9b72d3f8...\t<same>
\t\t13 seconds ago\tweir.test:5000/demo/pushed@sha256:44468ac3f31d84...\t<same>
2\t<pushed>\t3 seconds ago\tweir.test:5000/demo/pushed@sha256:78d00e9b72d3f8...\t<same>",
    );
    let Recorded { object, now, .. } = recorded!("empty");
    let text = describe_stream(&object, Layout::Legacy, now);
    assert!(text.ends_with("Tags:\t\t\t<none>\n"), "{text}");
}

#[test]
fn the_old_layout_marks_and_explains_and_tells_failures() {
    let mut marked = recorded!("failed");
    let policy = &mut marked.object["spec"]["tags"][0]["importPolicy"];
    policy["scheduled"] = true.into();
    let events = &mut marked.object["status"]["tags"][0];
    // One image under a tag's own reference, whose digest is not in it.
    events["items"][0]["dockerImageReference"] =
        "http.test:5002/import-failure-keeps-history/app:1.0.0".into();
    let rows = "Tag\tSpec\tCreated\tPullSpec\tImage
1\thttp.test:5002/import-failure-keeps-history/app:1.0.0 *!\t1 second ago\t<same>\tsha256:759b3b3044aaefe85f2f41ecee8af0257c8fc760ce69e340dea91b1ba617c733
\t\t11 seconds ago\thttp.test:5002/import-failure-keeps-history/app@sha256:8b3be7013114cf...\t<same>

  * tag is scheduled for periodic import
  ! tag is insecure and can be imported over HTTP or self-signed HTTPS";
    assert_table(marked, rows);

    let cut = "import failed: dockerimage.image.openshift.io \"up.test:5001/tag-doc...";
    let source = "up.test:5001/tag-docker/none:1";
    let row = ["missing", source, "5 seconds ago", cut];
    assert_eq!(filled_cells(recorded!("docker"), "missing"), row);

    let none = "<not available>";
    let row = ["dangling", "app:none", none, none];
    assert_eq!(filled_cells(recorded!("alias"), "dangling"), row);
}

/// The cells of a tag's first row in the old layout that are not empty.
fn filled_cells(Recorded { object, now, .. }: Recorded, tag: &str) -> Vec<String> {
    let text = describe_stream(&object, Layout::Legacy, now);
    let row = text.lines().find(|line| line.starts_with(tag)).unwrap();
    let cells = row.split('\t').filter(|cell| !cell.is_empty());
    cells.map(str::to_owned).collect()
}

#[test]
fn ages_and_sizes() {
    let ages = [
        (-5, "Less than a second"),
        (0, "Less than a second"),
        (1, "1 second"),
        (59, "59 seconds"),
        (60, "About a minute"),
        (120, "2 minutes"),
        (3_599, "59 minutes"),
        (3_600, "About an hour"),
        (5_400, "2 hours"),
        (47 * 3_600, "47 hours"),
        (48 * 3_600, "2 days"),
        (14 * 86_400, "2 weeks"),
        (60 * 86_400, "2 months"),
        (730 * 86_400, "2 years"),
    ];
    for (seconds, said) in ages {
        assert_eq!(human::age(TimeDelta::seconds(seconds)), said);
    }
    let sizes = [
        (0, "0B"),
        (999, "999B"),
        (8_160, "8.16kB"),
        (37_360, "37.36kB"),
        (196_634_330, "196.6MB"),
        (1_000_000, "1MB"),
    ];
    for (bytes, said) in sizes {
        assert_eq!(human::size(bytes), said);
    }
}
