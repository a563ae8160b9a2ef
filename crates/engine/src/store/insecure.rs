//! What allows insecure connections: streams and tags.

use model::{
    Page, PageRequest, StreamRef,
    policy::{InsecureBy, InsecureRow},
};

use super::{Tx, on, row};
use crate::error::Result;

#[derive(sqlx::FromRow)]
struct Row {
    namespace: String,
    name: String,
    /// Empty for the stream itself.
    tag: String,
    tags: i64,
    source: Option<String>,
    stream_too: bool,
}

impl Row {
    fn read(&self) -> Result<InsecureRow> {
        let source = row::parse_opt("source", self.source.as_deref())?;
        Ok(InsecureRow {
            stream: StreamRef {
                namespace: row::parse("streams.namespace", &self.namespace)?,
                name: row::parse("streams.name", &self.name)?,
            },
            by: if self.tag.is_empty() {
                InsecureBy::Stream {
                    tags: self.tags,
                    source,
                }
            } else {
                InsecureBy::Tag {
                    tag: row::parse("tags.name", &self.tag)?,
                    source,
                    stream_too: self.stream_too,
                }
            },
        })
    }
}

impl Tx {
    /// One page of the streams and tags that allow insecure connections themselves, by namespace, stream and tag; a
    /// stream stands before its tags.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn list_insecure(&mut self, page: &PageRequest) -> Result<Page<InsecureRow>> {
        // Each half reads along an index and no further than the page; tags are looked for only where the count says
        // there are some.
        macro_rules! halves {
            ($compare:literal, $around:literal, $order:literal) => {
                concat!(
                    "SELECT * FROM (
                        SELECT s.namespace, s.name, '' AS tag, s.tags, s.source, s.insecure AS stream_too FROM streams s
                        WHERE s.insecure AND (s.namespace, s.name, '') ",
                    $compare,
                    " ($1, $2, $3) ORDER BY s.namespace ", $order, ", s.name ", $order, " LIMIT $4
                    ) a UNION ALL SELECT * FROM (
                        SELECT s.namespace, s.name, t.name AS tag, s.tags,
                            CASE WHEN t.source_kind = 'external' THEN t.source_reference END AS source, s.insecure AS stream_too
                        FROM streams s JOIN tags t ON t.stream_id = s.id
                        WHERE s.insecure_tags > 0 AND t.insecure AND (s.namespace, s.name) ",
                    $around,
                    " ($1, $2) AND (s.namespace, s.name, t.name) ",
                    $compare,
                    " ($1, $2, $3) ORDER BY s.namespace ", $order, ", s.name ", $order, ", t.name ", $order, " LIMIT $4
                    ) b ORDER BY namespace ", $order, ", name ", $order, ", tag ", $order, " LIMIT $4"
                )
            };
        }
        const FORWARDS: &str = halves!(">", ">=", "ASC");
        const BACKWARDS: &str = halves!("<", "<=", "DESC");
        let sql = if page.backwards() {
            BACKWARDS
        } else {
            FORWARDS
        };
        let mut key = page.key().splitn(3, '/');
        let mut part = || key.next().unwrap_or_default();
        let (namespace, name, tag) = (part(), part(), part());
        let rows: Vec<Row> = on!(self, |conn| {
            sqlx::query_as(sql)
                .bind(namespace)
                .bind(name)
                .bind(tag)
                .bind(page.fetch())
                .fetch_all(conn)
                .await?
        });
        let rows = rows.iter().map(Row::read).collect::<Result<Vec<_>>>()?;
        Ok(Page::from_rows(rows, page, |row| {
            let tag = match &row.by {
                InsecureBy::Stream { .. } => "",
                InsecureBy::Tag { tag, .. } => tag.as_str(),
            };
            format!("{}/{tag}", row.stream)
        }))
    }
}
