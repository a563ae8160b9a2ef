//! Imports of a part of a repository: by patterns, by versions, the newest so many. On both databases.

use crate::common::Story;
use engine::{
    Error, db_test,
    testing::upstream::{Fault, ImageKind, Route, TestUpstream},
};
use model::{import::Selection, job::JobState, narrow::Narrow};

fn newest_of_two() -> Narrow {
    Narrow {
        include: vec!["2.*".parse().unwrap(), "latest".parse().unwrap()],
        exclude: vec!["*-rc*".parse().unwrap()],
        range: Some(">=2.0, <3".parse().unwrap()),
        newest: Some(2),
        ..Narrow::default()
    }
}

async fn upstream() -> TestUpstream {
    let up = TestUpstream::start().await;
    for tag in ["latest", "1.9", "2.0", "2.1", "2.2", "2.2-rc1", "3.0"] {
        up.image("team/app", tag, ImageKind::Docker);
    }
    up
}

db_test!(
    async fn a_preview_says_how_many_were_found_how_many_fit_and_which(db) {
        let up = upstream().await;
        let story = Story::with_cap(&db, Some(1)).await;
        let matching = Selection::Matching(newest_of_two());
        let request = story.request(up.reference("team/app"), matching, true);
        let preview = story.engine.preview_import(&story.editor, &request).await.unwrap();
        assert_eq!((preview.found, preview.selected, preview.left_out_count), (7, 2, 1));
        assert_eq!(preview.tags[0].tag.as_str(), "2.2");
        assert_eq!(preview.left_out[0].as_str(), "2.1", "what the cap leaves out was asked for");
        let none = Narrow { include: vec!["9.*".parse().unwrap()], ..Narrow::default() };
        let request = story.request(up.reference("team/app"), Selection::Matching(none), true);
        let refused = story.engine.preview_import(&story.editor, &request).await.unwrap_err();
        assert!(
            matches!(&refused, Error::Invalid { field: "include", message } if message.contains("none of the 7 tags")),
            "{refused}"
        );
    }
);

db_test!(
    async fn of_what_the_limit_takes_only_ticked_tags_are_imported_and_the_rest_still_waits(db) {
        let up = upstream().await;
        let story = Story::with_cap(&db, Some(3)).await;
        let request = story.request(up.reference("team/app"), Selection::All, true);
        let shown = story.engine.preview_import(&story.editor, &request).await.unwrap();
        let picked: Vec<_> = shown.tags.iter().skip(1).map(|tag| tag.tag.clone()).collect();
        let job = story.import_new(&up, Selection::Matching(Narrow { picked: picked.clone(), ..Narrow::default() })).await;
        assert_eq!((job.state, job.progress.total, job.progress.left_out), (JobState::Succeeded, 2, 4));
        let mut names: Vec<_> = story.tags().await.into_iter().map(|row| row.name).collect();
        names.sort();
        let mut wanted = picked;
        wanted.sort();
        assert_eq!(names, wanted);
    }
);

db_test!(
    async fn a_job_takes_the_tags_its_patterns_leave_and_fails_when_there_are_none(db) {
        let up = upstream().await;
        let story = Story::new(&db).await;
        let job = story.import_new(&up, Selection::Matching(newest_of_two())).await;
        assert_eq!((job.state, job.progress.total, job.progress.left_out), (JobState::Succeeded, 2, 0));
        assert_eq!(job.narrow, newest_of_two().to_string(), "the job says what narrowed it");
        let names: Vec<_> = story.tags().await.into_iter().map(|row| row.name.to_string()).collect();
        assert_eq!(names, ["2.2", "2.1"]);
        let view = story.engine.stream(&story.editor, &story.stream).await.unwrap();
        assert_eq!(view.row.source, Some(up.reference("team/app")));

        let none = Narrow { range: Some(">=9".parse().unwrap()), ..Narrow::default() };
        let request = story.request(up.reference("team/app"), Selection::Matching(none), false);
        let job = story.run(&request).await;
        assert_eq!(job.state, JobState::Failed);
        assert!(job.error.contains("fits: versions >=9"), "{}", job.error);
        assert_eq!(story.tags().await.len(), 2, "nothing else changed");
    }
);

db_test!(
    async fn a_list_of_more_tags_than_are_read_is_said_to_be_cut(db) {
        let up = TestUpstream::start().await;
        up.fail(Route::Tags, Fault::EndlessTags);
        let story = Story::with_cap(&db, Some(1)).await;
        let job = story.import_new(&up, Selection::All).await;
        assert_eq!((job.progress.total, job.progress.left_out), (1, 99_999));
        assert_eq!(job.note, "The registry lists more than 100000 tags; the rest is not looked at.");
    }
);
