//! The alias graph of a stream.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    StreamRef, TagName,
    graph::{Follow, Followed, Graph},
    tag::TagAt,
};
use sqlx::AssertSqlSafe;

use super::{
    StreamRecord, Tx,
    elsewhere::{placeholders, stream_ref},
    on, row,
};
use crate::error::Result;

#[derive(sqlx::FromRow)]
struct Row {
    namespace: String,
    stream: String,
    name: String,
    source_stream: Option<String>,
    source_tag: String,
    held: bool,
}

impl Row {
    /// What it says; what the followed tag is stands elsewhere.
    fn follow(&self) -> Result<Follow> {
        let own = StreamRef {
            namespace: row::parse("streams.namespace", &self.namespace)?,
            name: row::parse("streams.name", &self.stream)?,
        };
        let other = self.source_stream.as_deref();
        let other = other.map(|text| stream_ref("tags.source_stream", text));
        let tag = row::parse("tags.source_tag", &self.source_tag)?;
        Ok(Follow {
            followed: TagAt::new(&other.transpose()?.unwrap_or_else(|| own.clone()), tag),
            follower: TagAt::new(&own, row::parse("tags.name", &self.name)?),
            is: Followed::Missing,
            held: self.held,
        })
    }
}

impl Tx {
    /// The follows that begin or end at a tag of a stream, those of one tag together; `text` narrows to tags that
    /// contain it and what they follow or are followed by.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn graph(&mut self, stream: &StreamRecord, text: &str) -> Result<Graph> {
        // Each side of the OR has an index: the followed tags of a stream, and who follows from elsewhere.
        const SQL: &str = "SELECT s.namespace, s.name AS stream, t.name, t.source_stream, t.source_tag,
                t.held_at IS NOT NULL AS held
            FROM tags t JOIN streams s ON s.id = t.stream_id
            WHERE ((t.stream_id = $1 AND t.source_tag IS NOT NULL) OR t.source_stream = $2)
              AND t.source_kind = 'follow' AND (LOWER(t.name) LIKE $3 ESCAPE '\\' OR LOWER(t.source_tag) LIKE $3 ESCAPE '\\')
            ORDER BY COALESCE(t.source_stream, $2), t.source_tag, s.namespace, s.name, t.sort_key LIMIT $4";
        let limit = Graph::LIMIT + 1;
        let rows: Vec<Row> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(&stream.id)
            .bind(stream.stream.to_string())
            .bind(row::contains(text))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(conn)
            .await?);
        let more = rows.len() == limit;
        let mut follows = rows
            .iter()
            .take(Graph::LIMIT)
            .map(Row::follow)
            .collect::<Result<Vec<_>>>()?;
        let mut wanted: BTreeMap<StreamRef, BTreeSet<TagName>> = BTreeMap::new();
        for Follow { followed, .. } in &follows {
            let of = wanted.entry(followed.stream.clone()).or_default();
            of.insert(followed.tag.clone());
        }
        let mut found = BTreeMap::new();
        for (stream, tags) in wanted {
            for (tag, is) in self.followed(&stream, &tags).await? {
                found.insert(TagAt::new(&stream, tag), is);
            }
        }
        for follow in &mut follows {
            if let Some(is) = found.get(&follow.followed) {
                follow.is = is.clone();
            }
        }
        Ok(Graph { follows, more })
    }

    /// What tags of a stream are; those that are not there are missing.
    async fn followed(
        &mut self,
        stream: &StreamRef,
        tags: &BTreeSet<TagName>,
    ) -> Result<Vec<(TagName, Followed)>> {
        let sql = format!(
            "SELECT t.name, CASE WHEN t.source_kind = 'external' THEN t.source_reference END
            FROM tags t JOIN streams s ON s.id = t.stream_id
            WHERE s.namespace = $1 AND s.name = $2 AND t.name IN ({})",
            placeholders(3, tags.len())
        );
        let rows: Vec<(String, Option<String>)> = on!(self, |conn| {
            // Only placeholders are put in.
            let mut query = sqlx::query_as(AssertSqlSafe(sql))
                .bind(stream.namespace.as_str())
                .bind(stream.name.as_str());
            for tag in tags {
                query = query.bind(tag.as_str());
            }
            query.fetch_all(conn).await?
        });
        rows.iter()
            .map(|(name, reference)| {
                let imported = row::parse_opt("tags.source_reference", reference.as_deref())?;
                let is = imported.map_or(Followed::Here, Followed::Imported);
                Ok((row::parse("tags.name", name)?, is))
            })
            .collect()
    }
}
