//! What allows insecure connections: streams, themselves or by tags of theirs.

use model::{Page, PageRequest, Reference, StreamRef, TagName, policy::InsecureRow};

use super::{Tx, on, row};
use crate::error::Result;

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    namespace: String,
    name: String,
    insecure: bool,
    tags: i64,
    insecure_tags: i64,
    source: Option<String>,
}

impl Tx {
    /// One page of the streams that allow insecure connections, or have tags that do, by namespace and name.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn list_insecure(&mut self, page: &PageRequest) -> Result<Page<InsecureRow>> {
        macro_rules! streams {
            ($compare:literal, $order:literal) => {
                concat!(
                    "SELECT id, namespace, name, insecure, tags, insecure_tags, source FROM streams
                    WHERE (insecure OR insecure_tags > 0) AND (namespace, name) ",
                    $compare,
                    " ($1, $2) ORDER BY namespace ",
                    $order,
                    ", name ",
                    $order,
                    " LIMIT $3"
                )
            };
        }
        const FORWARDS: &str = streams!(">", "ASC");
        const BACKWARDS: &str = streams!("<", "DESC");
        let sql = if page.backwards() {
            BACKWARDS
        } else {
            FORWARDS
        };
        let (namespace, name) = page.key().split_once('/').unwrap_or_default();
        let found: Vec<Row> = on!(self, |conn| {
            sqlx::query_as(sql)
                .bind(namespace)
                .bind(name)
                .bind(page.fetch())
                .fetch_all(conn)
                .await?
        });
        let mut rows = Vec::with_capacity(found.len());
        for row in found {
            let (mut named, mut source) = (Vec::new(), None);
            // Looked for only where the count says there are some.
            if row.insecure_tags > 0 {
                (named, source) = self.insecure_tags(&row.id).await?;
            }
            if row.insecure {
                source = row::parse_opt("streams.source", row.source.as_deref())?.or(source);
            }
            rows.push(InsecureRow {
                stream: StreamRef {
                    namespace: row::parse("streams.namespace", &row.namespace)?,
                    name: row::parse("streams.name", &row.name)?,
                },
                whole: row.insecure,
                tags: row.tags,
                insecure_tags: row.insecure_tags,
                named,
                source,
            });
        }
        Ok(Page::from_rows(rows, page, |row| row.stream.to_string()))
    }

    /// The first tags of a stream that allow insecure connections themselves, and what the first of them imports.
    async fn insecure_tags(
        &mut self,
        stream_id: &str,
    ) -> Result<(Vec<TagName>, Option<Reference>)> {
        const SQL: &str =
            "SELECT name, CASE WHEN source_kind = 'external' THEN source_reference END FROM tags
            WHERE stream_id = $1 AND insecure ORDER BY name LIMIT $2";
        let found: Vec<(String, Option<String>)> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(stream_id)
            .bind(i64::try_from(InsecureRow::NAMED).unwrap_or(i64::MAX))
            .fetch_all(conn)
            .await?);
        let source = found.iter().find_map(|(_, source)| source.as_deref());
        let source = row::parse_opt("tags.source_reference", source)?;
        let names = found.iter().map(|(name, _)| row::parse("tags.name", name));
        Ok((names.collect::<Result<_>>()?, source))
    }
}
