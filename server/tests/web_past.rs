//! Pages with `?at=`: a stream and its tags as they were.

use chrono::Duration;
use engine::{
    Engine,
    testing::upstream::{ImageKind, TestUpstream},
};
use http::StatusCode;
use model::{StreamRef, TagName};

use crate::{common::TestServer, v2_pull::import};

#[tokio::test]
async fn a_tag_and_its_history_are_shown_as_they_were_also_when_it_is_gone() {
    let server = TestServer::start().await;
    let (engine, actor) = (&server.engine, Engine::console_actor());
    let up = TestUpstream::start().await;
    let first = up.image("team/app", "1.0", ImageKind::Docker);
    let stream = StreamRef::parse("shop", "ruby").unwrap();
    let tags: [TagName; 1] = ["1.0".parse().unwrap()];
    import(&server, &up, "shop/ruby", &["1.0"]).await;
    let then = engine.clock().now() + Duration::minutes(1);
    let then = then.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    server.clock.advance(Duration::hours(1));
    let second = up.move_tag("team/app", "1.0");
    engine.import_again(&actor, &stream, &[]).await.unwrap();
    engine.run_jobs().await.unwrap();

    let browser = server.signed_in("viewer").await;
    let shown = async |path: &str| {
        let page = browser.get(&format!("/s/shop/ruby{path}?at={then}")).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.body);
        assert!(page.body.contains("as it was at"), "{path}: {}", page.body);
        assert!(page.body.contains(first.as_str()), "{path}: {}", page.body);
        assert!(
            !page.body.contains(second.as_str()),
            "{path}: {}",
            page.body
        );
        page.body
    };
    assert!(
        shown("")
            .await
            .contains(&format!("/t/1.0?at={}", then.replace(':', "%3A")))
    );
    assert!(shown("/t/1.0").await.contains("Back to now"));
    assert!(
        shown("/t/1.0/history")
            .await
            .contains("Compare revision 1 with the current image")
    );

    let planned = engine
        .plan_delete_tags(&actor, &stream, &tags)
        .await
        .unwrap();
    engine
        .delete_tags(&actor, &stream, &tags, &planned.token)
        .await
        .unwrap();
    assert!(shown("/t/1.0").await.contains("It was deleted since."));

    for path in ["/t/1.0", "/t/1.0/history"] {
        let page = browser
            .get(&format!("/s/shop/ruby{path}?at=yesterday"))
            .await;
        assert!(page.body.contains("is no time"), "{path}: {}", page.body);
        let page = browser
            .get(&format!("/s/shop/ruby{path}?at=2001-01-01"))
            .await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}: {}", page.body);
    }
}
