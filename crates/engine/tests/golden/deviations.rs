//! What differs from the real system by decision: the reason, and a line each: scenario, step (from 1), path, our value.

/// Read by [`super::compare::deviations`].
pub const ALL: &[(&str, &str)] = &[
    // Making an alias raises the generation of the followed tag's event there: a way of the real system's code, not of
    // the model, and it makes clients call the source pushed.
    (
        "a tag that is only followed is left alone",
        r#"
tag-alias 3 app.status.tags[0].items[0].generation 1
tag-alias 4 app.status.tags[0].items[0].generation 1
tag-alias 4 app.status.tags[2].items[0].generation 2
tag-alias 5 app.status.tags[0].items[0].generation 1
tag-alias 5 app.status.tags[2].items[0].generation 2
tag-alias 7 app.status.tags[0].items[1].generation 1
tag-alias 7 app.status.tags[2].items[1].generation 2
tag-alias 8 app.status.tags[1].items[1].generation 2
policies-local-source 8 app.status.tags[1].items[0].generation 4
import-alias-and-tracks 3 app.status.tags[0].items[0].generation 1
import-alias-and-tracks 4 app.status.tags[0].items[0].generation 1
import-alias-and-tracks 4 app.status.tags[2].items[0].generation 2
import-alias-and-tracks 6 app.status.tags[0].items[1].generation 1
import-alias-and-tracks 6 app.status.tags[2].items[1].generation 2
import-alias-and-tracks 7 app.status.tags[0].items[1].generation 1
import-alias-and-tracks 7 app.status.tags[3].items[1].generation 2
import-alias-and-tracks 8 app.status.tags[0].items[1].generation 1
import-alias-and-tracks 8 app.status.tags[3].items[1].generation 2
seed-definitions 9 my-ruby2.status.tags[1].items[0].generation 1
import-scheduled-follows 4 app.status.tags[0].items[0].generation 1
import-scheduled-follows 5 app.status.tags[0].items[0].generation 1
import-scheduled-follows 7 app.status.tags[0].items[1].generation 1
"#,
    ),
    // A pull spec that is set again is imported again there and costs two generations, even if nothing else changes.
    (
        "a pull spec that is set again is no new import",
        r#"
import-scheduled-flag 6 app.metadata.generation 4
import-scheduled-flag 6 app.spec.tags[1].generation 3
import-scheduled-flag 6 app.status.tags[1].items[0].generation 3
tag-docker 7 app.metadata.generation 10
tag-docker 7 app.spec.tags[0].generation 4
tag-docker 7 app.status.tags[0].items[0].generation 4
"#,
    ),
    // There, `--all` forgets where the tags came from: a later one sees no new tags, and what the limit left out is lost.
    (
        "a stream keeps the repository it was imported from",
        r#"
import-all-over-cap 2 app.spec.dockerImageRepository "UP/r/app"
import-all-under-cap 2 app.spec.dockerImageRepository "UP/r/app"
import-all-under-cap 4 app.spec.dockerImageRepository "UP/r/app"
import-http-only 6 all.spec.dockerImageRepository "UP/r/app"
import-http-only 7 all.spec.dockerImageRepository "UP/r/app"
import-reference-policy 8 app.spec.dockerImageRepository "UP/r/app"
import-self-signed 4 all.spec.dockerImageRepository "UP/r/app"
import-self-signed 5 all.spec.dockerImageRepository "UP/r/app"
"#,
    ),
    // There, a tag of another stream is copied once and never followed.
    (
        "tags follow across streams",
        r#"
tag-alias-cross-stream 6 other.metadata.generation 2
tag-alias-cross-stream 6 istags.other:x.image "<3>"
tag-alias-cross-stream 6 istags.other:x.reference "UP/r/app@<3>"
tag-alias-cross-stream 6 other.status.tags[0].items [{"dockerImageReference":"UP/r/app@<3>","generation":2,"image":"<3>"},{"dockerImageReference":"UP/r/app@<1>","generation":1,"image":"<1>"}]
"#,
    ),
    // There, circles are taken and never have an image. Here nothing is written of a change that makes one.
    (
        "circles are refused when they are written",
        r#"
import-alias-and-tracks 8 do[0] 422
import-alias-and-tracks 8 app.metadata.generation 5
import-alias-and-tracks 8 app.spec.tags [{"annotations":null,"from":{"kind":"DockerImage","name":"UP/r/app:1.0.0"},"generation":4,"importPolicy":{"importMode":"Legacy"},"name":"1","referencePolicy":{"type":"Source"}},{"annotations":null,"from":{"kind":"ImageStreamImage","name":"app@<2>"},"generation":5,"importPolicy":{"importMode":"Legacy"},"name":"fixed","referencePolicy":{"type":"Source"}},{"annotations":null,"from":{"kind":"ImageStreamTag","name":"app:stable"},"generation":3,"importPolicy":{"importMode":"Legacy"},"name":"prod","referencePolicy":{"type":"Source"}},{"annotations":null,"from":{"kind":"ImageStreamTag","name":"app:1"},"generation":2,"importPolicy":{"importMode":"Legacy"},"name":"stable","referencePolicy":{"type":"Source"}}]
tag-circular 1 do[0] 422
tag-circular 1 loop null
tag-circular 2 do[0] 422
tag-circular 2 loop null
tag-circular 4 loop.metadata.generation 1
tag-circular 4 loop.spec.tags [{"annotations":null,"from":{"kind":"DockerImage","name":"UP/r/app:1.0.0"},"generation":1,"importPolicy":{"importMode":"Legacy"},"name":"x","referencePolicy":{"type":"Source"}}]
tag-circular 4 loop.status.tags[0].items[0].generation 1
tag-circular 5 istags.loop:b null
tag-circular 5 loop.metadata.generation 2
tag-circular 5 loop.spec.tags [{"annotations":null,"from":{"kind":"ImageStreamImage","name":"loop@<1>"},"generation":2,"importPolicy":{"importMode":"Legacy"},"name":"a","referencePolicy":{"type":"Source"}},{"annotations":null,"from":{"kind":"DockerImage","name":"UP/r/app:1.0.0"},"generation":1,"importPolicy":{"importMode":"Legacy"},"name":"x","referencePolicy":{"type":"Source"}}]
tag-circular 5 loop.status.tags [{"items":[{"dockerImageReference":"UP/r/app@<1>","generation":2,"image":"<1>"}],"tag":"a"},{"items":[{"dockerImageReference":"UP/r/app@<1>","generation":1,"image":"<1>"}],"tag":"x"}]
"#,
    ),
    // There, what a stream allows is copied to the tags of its repository, and stays when the stream takes it back. Here the
    // stream's policy is asked wherever a tag's is.
    (
        "a stream's insecure policy is asked, not copied",
        r#"
seed-definitions 5 ruby-insecure.spec.tags[0].importPolicy.insecure null
seed-definitions 5 ruby-insecure.spec.tags[1].importPolicy.insecure null
seed-definitions 6 ruby-insecure.spec.tags[0].importPolicy.insecure null
seed-definitions 6 ruby-insecure.spec.tags[1].importPolicy.insecure null
seed-definitions 7 ruby-insecure.spec.tags[0].importPolicy.insecure null
seed-definitions 7 ruby-insecure.spec.tags[1].importPolicy.insecure null
seed-definitions 8 ruby-insecure.spec.tags[0].importPolicy.insecure null
seed-definitions 8 ruby-insecure.spec.tags[1].importPolicy.insecure null
seed-definitions 9 ruby-insecure.spec.tags[0].importPolicy.insecure null
seed-definitions 9 ruby-insecure.spec.tags[1].importPolicy.insecure null
seed-definitions 10 ruby-insecure.spec.tags[0].importPolicy.insecure null
seed-definitions 10 ruby-insecure.spec.tags[1].importPolicy.insecure null
seed-definitions 11 ruby-insecure.spec.tags[0].importPolicy.insecure null
seed-definitions 11 ruby-insecure.spec.tags[1].importPolicy.insecure null
"#,
    ),
    // There, an image tells the place its first import found it at, in whatever stream that was.
    (
        "an image of a stream is found where that stream has it from",
        r#"
tag-history-merge 4 isimages.app@<1>.reference "UP/r/mirror@<1>"
tag-history-merge 5 isimages.app@<1>.reference "UP/r/mirror@<1>"
tag-history-merge 6 isimages.app@<1>.reference "UP/r/mirror@<1>"
tag-history-merge 7 isimages.app@<1>.reference "UP/r/mirror@<1>"
tag-history-merge 8 isimages.app@<1>.reference "UP/r/mirror@<1>"
tag-history-merge 9 isimages.app@<1>.reference "UP/r/mirror@<1>"
"#,
    ),
    // There, a tag may have any name; clients and registries cannot use most of them.
    (
        "a tag's name is one that registries know",
        r#"
streams-invalid 12 do[0] 422
streams-invalid 14 do[0] 422
streams-invalid 15 do[0] 422
"#,
    ),
    // There, the second of two entries of one name is dropped in silence.
    (
        "nothing is dropped in silence",
        r#"
streams-invalid 13 do[0] 422
"#,
    ),
    // There, one patch changes and deletes tags at once.
    (
        "deletions are a change of their own",
        r#"
streams-patch 8 app.metadata.generation 4
streams-patch 9 app.metadata.generation 6
streams-patch 9 app.spec.tags[0].generation 5
streams-patch 10 app.metadata.generation 6
streams-patch 10 app.spec.tags[0].generation 5
streams-patch 11 app.metadata.generation 6
streams-patch 11 app.spec.tags[0].generation 5
streams-patch 12 app.metadata.generation 6
streams-patch 12 app.spec.tags[0].generation 5
streams-patch 13 app.metadata.generation 7
streams-patch 13 app.spec.tags[0].generation 5
streams-patch 14 app.metadata.generation 8
streams-patch 14 app.spec.tags[0].generation 5
streams-patch 15 app.metadata.generation 8
streams-patch 15 app.spec.tags[0].generation 5
streams-patch 16 app.metadata.generation 8
streams-patch 16 app.spec.tags[0].generation 5
"#,
    ),
];
