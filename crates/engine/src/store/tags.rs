//! Tags and their history: lists for pages, facts for rules.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use model::{
    Digest, Page, PageRequest, Reference, StreamRef, TagName, TagSource, TagSpec,
    policy::{ImportMode, ReferencePolicy},
    tag::{Checks, Condition, Head, Hold, Reason, TagAt, TagFilter, TagRow},
};
use sqlx::AssertSqlSafe;

use super::{StreamRecord, Tx, elsewhere::stream_ref, on, row};
use crate::{
    error::{Error, Result},
    rules::facts::{HeadFacts, StreamFacts, TagFacts, Taken},
};

#[derive(sqlx::FromRow)]
struct TagColumns {
    name: String,
    source_kind: Option<String>,
    source_reference: Option<String>,
    source_stream: Option<String>,
    source_tag: Option<String>,
    source_digest: Option<String>,
    source_since: Option<DateTime<Utc>>,
    import_mode: String,
    annotations: String,
    insecure: bool,
    reference_policy: String,
    schedule: String,
    due_at: Option<DateTime<Utc>>,
    checked_at: Option<DateTime<Utc>>,
    checked_due_at: Option<DateTime<Utc>>,
    attempts: i64,
    held_at: Option<DateTime<Utc>>,
    held_by: String,
    generation: Option<i64>,
    head_digest: Option<String>,
    head_reference: Option<String>,
    head_number: i64,
    head_generation: Option<i64>,
    head_created_at: Option<DateTime<Utc>>,
    reason: Option<String>,
    message: Option<String>,
    hint: Option<String>,
    condition_generation: Option<i64>,
    since: Option<DateTime<Utc>>,
    index_digest: Option<String>,
    index_child: Option<String>,
    index_platform: Option<String>,
}

#[derive(sqlx::FromRow)]
struct ListColumns {
    #[sqlx(flatten)]
    tag: TagColumns,
    sort_key: String,
    size: Option<i64>,
    os: Option<String>,
    architecture: Option<String>,
    variant: Option<String>,
    children: Option<i64>,
    importing: i64,
}

macro_rules! tag_columns {
    () => {
        "t.name, t.source_kind, t.source_reference, t.source_stream, t.source_tag, t.source_digest, t.source_since,
        t.import_mode, t.annotations, t.insecure,
        t.reference_policy, t.schedule, t.due_at, t.checked_at, t.checked_due_at, t.attempts, t.held_at, t.held_by, t.generation,
        t.head_digest, t.head_reference, t.head_number, t.head_generation, t.head_created_at,
        t.index_digest, t.index_child, t.index_platform,
        c.reason, c.message, c.hint, c.generation AS condition_generation, c.since"
    };
}
macro_rules! conditions {
    () => {
        " LEFT JOIN conditions c ON c.stream_id = t.stream_id AND c.tag = t.name "
    };
}
macro_rules! list_columns {
    () => {
        concat!(
            "SELECT ",
            tag_columns!(),
            ", t.sort_key, i.size, i.os, i.architecture, i.variant, i.children,
            CAST(CASE WHEN EXISTS (
                SELECT 1 FROM jobs j JOIN job_items x ON x.job_id = j.id AND x.tag = t.name AND x.state = 'pending'
                WHERE j.stream_id = t.stream_id AND j.finished_at IS NULL
            ) THEN 1 ELSE 0 END AS BIGINT) AS importing
            FROM tags t LEFT JOIN images i ON i.digest = t.head_digest",
            conditions!()
        )
    };
}

impl TagColumns {
    fn spec(&self) -> Result<Option<TagSpec>> {
        let Some(kind) = self.source_kind.as_deref() else {
            return Ok(None);
        };
        let missing =
            || Error::inconsistent(format_args!("tags.source_kind {kind}: its column is empty"));
        let reference = || {
            row::parse_opt("tags.source_reference", self.source_reference.as_deref())?
                .ok_or_else(missing)
        };
        let stream = || {
            let text = self.source_stream.as_deref();
            text.map(|text| stream_ref("tags.source_stream", text))
                .transpose()
        };
        let source = match kind {
            "external" => TagSource::External {
                reference: reference()?,
                schedule: row::parse("tags.schedule", &self.schedule)?,
                mode: row::word("tags.import_mode", &self.import_mode, ImportMode::from_word)?,
            },
            "reference" => TagSource::Reference {
                reference: reference()?,
                since: self.source_since.ok_or_else(missing)?,
            },
            "pushed" => TagSource::Pushed,
            "follow" => TagSource::Follow {
                stream: stream()?,
                tag: row::parse_opt("tags.source_tag", self.source_tag.as_deref())?
                    .ok_or_else(missing)?,
            },
            "fixed" => TagSource::Fixed {
                stream: stream()?,
                digest: row::parse_opt("tags.source_digest", self.source_digest.as_deref())?
                    .ok_or_else(missing)?,
            },
            other => {
                return Err(Error::inconsistent(format_args!(
                    "tags.source_kind: unknown word \"{other}\""
                )));
            }
        };
        Ok(Some(TagSpec {
            source,
            insecure: self.insecure,
            reference_policy: row::word(
                "tags.reference_policy",
                &self.reference_policy,
                ReferencePolicy::from_word,
            )?,
            annotations: row::map("tags.annotations", &self.annotations)?,
            generation: self.generation.unwrap_or(0),
        }))
    }

    fn facts(&self) -> Result<TagFacts> {
        let head = match (
            &self.head_digest,
            &self.head_reference,
            self.head_created_at,
        ) {
            (Some(digest), Some(reference), Some(created_at)) => Some(HeadFacts {
                digest: row::parse("tags.head_digest", digest)?,
                reference: row::parse("tags.head_reference", reference)?,
                number: self.head_number,
                generation: self.head_generation.unwrap_or(0),
                created_at,
            }),
            _ => None,
        };
        let condition = match (&self.reason, &self.message, &self.hint, self.since) {
            (Some(reason), Some(message), Some(hint), Some(since)) => Some(Condition {
                reason: row::word("conditions.reason", reason, Reason::from_word)?,
                message: message.clone(),
                hint: hint.clone(),
                generation: self.condition_generation.unwrap_or(0),
                since,
            }),
            _ => None,
        };
        let index = match (&self.index_digest, &self.index_platform) {
            (Some(digest), Some(platform)) if self.index_child == self.head_digest => Some(Taken {
                index: row::parse("tags.index_digest", digest)?,
                platform: platform.clone(),
            }),
            _ => None,
        };
        Ok(TagFacts {
            spec: self.spec()?,
            head,
            index,
            condition,
            hold: self.held_at.map(|since| Hold {
                since,
                by: self.held_by.clone(),
            }),
        })
    }
}

impl ListColumns {
    fn row(&self) -> Result<TagRow> {
        let facts = self.tag.facts()?;
        let platform = match (&self.os, &self.architecture, self.children.unwrap_or(0)) {
            (_, _, children) if children > 0 => Some(format!("{children} platforms")),
            (Some(os), Some(architecture), _) if !architecture.is_empty() => {
                let variant = self
                    .variant
                    .as_deref()
                    .filter(|variant| !variant.is_empty());
                Some(format!(
                    "{os}/{architecture}{}",
                    variant.map(|v| format!("/{v}")).unwrap_or_default()
                ))
            }
            _ => None,
        };
        Ok(TagRow {
            name: row::parse("tags.name", &self.tag.name)?,
            spec: facts.spec,
            head: facts.head.map(|head| Head {
                digest: head.digest,
                reference: head.reference,
                created_at: head.created_at,
                number: head.number,
            }),
            // An index has no size of its own.
            size: self.size.filter(|_| self.children.unwrap_or(0) == 0),
            platform,
            condition: facts.condition,
            importing: self.importing != 0,
            hold: facts.hold,
            checks: Checks {
                due: self.tag.due_at,
                last: self.tag.checked_at,
                last_due: self.tag.checked_due_at,
                attempts: self.tag.attempts,
            },
        })
    }
}

impl Tx {
    /// One page of those of a stream's tags that the filter leaves, in priority order.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn list_tags(
        &mut self,
        stream_id: &str,
        filter: &TagFilter,
        page: &PageRequest,
    ) -> Result<Page<TagRow>> {
        macro_rules! forwards {
            ($more:literal) => {
                concat!(
                    list_columns!(),
                    "WHERE t.stream_id = $1 AND t.sort_key > $2 AND LOWER(t.name) LIKE $3 ESCAPE '\\' ",
                    $more,
                    "ORDER BY t.sort_key LIMIT $4"
                )
            };
        }
        macro_rules! backwards {
            ($more:literal) => {
                concat!(
                    list_columns!(),
                    "WHERE t.stream_id = $1 AND t.sort_key < $2 AND LOWER(t.name) LIKE $3 ESCAPE '\\' ",
                    $more,
                    "ORDER BY t.sort_key DESC LIMIT $4"
                )
            };
        }
        let sql = match (page.backwards(), filter.failed) {
            (false, false) => forwards!(""),
            (false, true) => forwards!("AND c.reason IS NOT NULL "),
            (true, false) => backwards!(""),
            (true, true) => backwards!("AND c.reason IS NOT NULL "),
        };
        let rows: Vec<ListColumns> = on!(self, |conn| {
            sqlx::query_as(sql)
                .bind(stream_id)
                .bind(page.key())
                .bind(row::contains(&filter.text))
                .bind(page.fetch())
                .fetch_all(conn)
                .await?
        });
        let rows = rows
            .iter()
            .map(|row| Ok((row.sort_key.clone(), row.row()?)))
            .collect::<Result<Vec<_>>>()?;
        Ok(Page::from_rows(rows, page, |(key, _)| key.clone()).map(|(_, row)| row))
    }

    /// One tag as lists show it.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn tag_row(&mut self, stream_id: &str, tag: &TagName) -> Result<Option<TagRow>> {
        const SQL: &str = concat!(list_columns!(), "WHERE t.stream_id = $1 AND t.name = $2");
        let found: Option<ListColumns> = on!(self, |conn| {
            sqlx::query_as(SQL)
                .bind(stream_id)
                .bind(tag.as_str())
                .fetch_optional(conn)
                .await?
        });
        found.as_ref().map(ListColumns::row).transpose()
    }

    /// The first stream a tag of which has or had this image.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn stream_with_image(&mut self, digest: &Digest) -> Result<Option<StreamRef>> {
        // An index answers for each stream.
        const SQL: &str = "SELECT s.namespace, s.name FROM streams s
            WHERE EXISTS (SELECT 1 FROM revisions r WHERE r.stream_id = s.id AND r.digest = $1)
            ORDER BY s.namespace, s.name LIMIT 1";
        let found: Option<(String, String)> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(digest.as_str())
            .fetch_optional(conn)
            .await?);
        found
            .map(|(namespace, name)| {
                StreamRef::parse(&namespace, &name).map_err(Error::inconsistent)
            })
            .transpose()
    }

    /// Tags whose head is this image, in priority order, at most 100.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn tags_of_image(
        &mut self,
        stream_id: &str,
        digest: &Digest,
    ) -> Result<Vec<TagName>> {
        const SQL: &str = "SELECT name FROM tags WHERE stream_id = $1 AND head_digest = $2 ORDER BY sort_key LIMIT 100";
        let names: Vec<String> = on!(self, |conn| {
            sqlx::query_scalar(SQL)
                .bind(stream_id)
                .bind(digest.as_str())
                .fetch_all(conn)
                .await?
        });
        names
            .iter()
            .map(|name| row::parse("tags.name", name))
            .collect()
    }

    /// Tags that are imported, in priority order, at most 100 000: name, what to ask upstream, insecure.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn external_tags(
        &mut self,
        stream_id: &str,
    ) -> Result<Vec<(TagName, Reference, bool)>> {
        const SQL: &str = "SELECT name, source_reference, insecure FROM tags
            WHERE stream_id = $1 AND source_kind = 'external' ORDER BY sort_key LIMIT 100000";
        let rows: Vec<(String, String, bool)> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(stream_id)
            .fetch_all(conn)
            .await?);
        rows.iter()
            .map(|(name, reference, insecure)| {
                Ok((
                    row::parse("tags.name", name)?,
                    row::parse("tags.source_reference", reference)?,
                    *insecure,
                ))
            })
            .collect()
    }

    /// Names of tags that contain a text, in priority order, at most `limit`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn tag_names(
        &mut self,
        stream_id: &str,
        text: &str,
        limit: usize,
    ) -> Result<Vec<TagName>> {
        const SQL: &str =
            "SELECT name FROM tags WHERE stream_id = $1 AND LOWER(name) LIKE $2 ESCAPE '\\'
            ORDER BY sort_key LIMIT $3";
        let names: Vec<String> = on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(stream_id)
            .bind(row::contains(text))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(conn)
            .await?);
        names
            .iter()
            .map(|name| row::parse("tags.name", name))
            .collect()
    }

    /// The facts rules need about these tags: themselves, what they follow and what follows them, however far; of
    /// other streams only what is followed.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn facts(&mut self, stream: &StreamRecord, tags: &[TagName]) -> Result<StreamFacts> {
        let mut facts = StreamFacts {
            generation: stream.generation,
            insecure: stream.insecure,
            period: stream.period,
            meta: stream.meta.clone(),
            ..StreamFacts::empty(&stream.stream)
        };
        let mut seen: BTreeSet<TagName> = BTreeSet::new();
        let mut wanted: Vec<TagName> = tags.to_vec();
        // Downwards and upwards at once; `seen` ends circles.
        while !wanted.is_empty() {
            wanted.retain(|tag| seen.insert(tag.clone()));
            let mut next = Vec::new();
            let mut others: Vec<TagAt> = Vec::new();
            for chunk in wanted.chunks(500) {
                for (name, follows, tag) in self.load_facts(&stream.id, chunk).await? {
                    let source = tag.spec.as_ref().map(|spec| &spec.source);
                    match source.and_then(|source| source.followed(&stream.stream)) {
                        Some(at) if at.stream == stream.stream => next.push(at.tag),
                        Some(at) => others.push(at),
                        None => {}
                    }
                    if follows {
                        next.push(name.clone());
                    }
                    facts.tags.insert(name, tag);
                }
            }
            if !others.is_empty() {
                next.extend(self.look_elsewhere(&mut facts, others).await?);
            }
            wanted = next;
        }
        for (name, tag) in &facts.tags {
            let source = tag.spec.as_ref().map(|spec| &spec.source);
            let followed = source.and_then(|source| source.followed(&stream.stream));
            if let Some(at) = followed.filter(|at| at.stream == stream.stream) {
                let followers = facts.followers.entry(at.tag).or_default();
                followers.push(name.clone());
            }
        }
        Ok(facts)
    }

    /// As [`Tx::facts`], with tags of other streams that are to be followed.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn facts_with(
        &mut self,
        stream: &StreamRecord,
        tags: &[TagName],
        others: Vec<TagAt>,
    ) -> Result<StreamFacts> {
        let mut facts = self.facts(stream, tags).await?;
        let back = self.look_elsewhere(&mut facts, others).await?;
        if back.is_empty() {
            return Ok(facts);
        }
        // The chain comes back to tags nobody named: they belong to the facts as well.
        let all: Vec<TagName> = facts.tags.keys().cloned().chain(back).collect();
        let elsewhere = facts.elsewhere;
        let mut facts = self.facts(stream, &all).await?;
        facts.elsewhere.extend(elsewhere);
        Ok(facts)
    }

    /// Tags by name, and the direct followers of these names (marked).
    async fn load_facts(
        &mut self,
        stream_id: &str,
        names: &[TagName],
    ) -> Result<Vec<(TagName, bool, TagFacts)>> {
        let list = |from: usize| {
            (0..names.len())
                .map(|i| format!("${}", i + from))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let mut found = Vec::new();
        for (condition, followed) in [
            ("t.name", false),
            ("t.source_stream IS NULL AND t.source_tag", true),
        ] {
            let sql = format!(
                concat!(
                    "SELECT ",
                    tag_columns!(),
                    " FROM tags t",
                    conditions!(),
                    "WHERE t.stream_id = $1 AND {} IN ({})"
                ),
                condition,
                list(2)
            );
            let rows: Vec<TagColumns> = on!(self, |conn| {
                // Only placeholders and conditions of ours are put in.
                let mut query = sqlx::query_as(AssertSqlSafe(sql)).bind(stream_id);
                for name in names {
                    query = query.bind(name.as_str());
                }
                query.fetch_all(conn).await?
            });
            for columns in rows {
                found.push((
                    row::parse("tags.name", &columns.name)?,
                    followed,
                    columns.facts()?,
                ));
            }
        }
        Ok(found)
    }
}
