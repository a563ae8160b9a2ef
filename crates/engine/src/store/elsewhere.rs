//! Tags of one stream that follow tags of another: what they follow, who follows, and the moves that come of it.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Cause, Change, Digest, Reference, StreamRef, TagName,
    tag::{TagAt, TagView},
};
use sqlx::AssertSqlSafe;

use super::{Tx, WriteContext, on, row};
use crate::{
    error::Result,
    rules::{
        alias,
        facts::{Elsewhere, StreamFacts},
    },
};

/// A chain of follows across streams is read this far; longer ones are not looked through for circles.
const LONGEST_CHAIN: usize = 100;
/// Followers in other streams that a page names.
const NAMED: i64 = 50;
/// Tags of other streams that a preview says would move.
pub(crate) const MOST_MOVED: usize = 50;

#[derive(sqlx::FromRow)]
struct Followed {
    name: String,
    head_digest: Option<String>,
    head_reference: Option<String>,
    source_kind: Option<String>,
    source_stream: Option<String>,
    source_tag: Option<String>,
    insecure: bool,
    stream_insecure: bool,
}

#[derive(sqlx::FromRow)]
struct Follower {
    stream_id: String,
    namespace: String,
    stream: String,
    name: String,
    source_tag: String,
}

impl Follower {
    fn at(&self) -> Result<TagAt> {
        Ok(TagAt {
            stream: StreamRef {
                namespace: row::parse("streams.namespace", &self.namespace)?,
                name: row::parse("streams.name", &self.stream)?,
            },
            tag: row::parse("tags.name", &self.name)?,
        })
    }
}

/// Reads `namespace/name`.
pub(super) fn stream_ref(column: &str, text: &str) -> Result<StreamRef> {
    let (namespace, name) = text.split_once('/').unwrap_or(("", text));
    Ok(StreamRef {
        namespace: row::parse(column, namespace)?,
        name: row::parse(column, name)?,
    })
}

impl Tx {
    /// Adds to `facts` what tags of other streams are, those named and those they follow, however far. Returns tags of
    /// the stream itself that are followed from there and are not among the facts.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn look_elsewhere(
        &mut self,
        facts: &mut StreamFacts,
        tags: impl IntoIterator<Item = TagAt>,
    ) -> Result<Vec<TagName>> {
        let mut back = Vec::new();
        let mut wanted: BTreeSet<TagAt> = tags.into_iter().collect();
        for _ in 0..LONGEST_CHAIN {
            let mut by_stream: BTreeMap<StreamRef, Vec<TagName>> = BTreeMap::new();
            for at in std::mem::take(&mut wanted) {
                if at.stream != facts.stream {
                    if !facts.elsewhere.contains_key(&at) {
                        by_stream.entry(at.stream).or_default().push(at.tag);
                    }
                } else if facts.tag(&at.tag).is_none() {
                    back.push(at.tag);
                }
            }
            if by_stream.is_empty() {
                break;
            }
            for (stream, tags) in by_stream {
                for (tag, mut found) in self.followed_tags(&stream, &tags).await? {
                    wanted.extend(found.follows.clone());
                    if let Some((_, reference)) = &mut found.head {
                        *reference = self.brought(reference, &stream, &facts.stream)?;
                    }
                    let stream = stream.clone();
                    facts.elsewhere.insert(TagAt { stream, tag }, found);
                }
            }
        }
        Ok(back)
    }

    /// Where an image of the stream `from` is found by those who pull it from `to`: what was pushed there, in the repository
    /// of `to`, so that they need no rights on the other. What `from` has from elsewhere stays where it is; but nobody says
    /// of `to` itself that something was pushed there, which only `to` can know.
    pub(crate) fn brought(
        &self,
        reference: &Reference,
        from: &StreamRef,
        to: &StreamRef,
    ) -> Result<Reference> {
        match self.own_stream(reference) {
            Some(own) if own == *from => self.in_stream(reference, to),
            Some(own) if own == *to => self.in_stream(reference, from),
            _ => Ok(reference.clone()),
        }
    }

    /// The same image in the repository of another stream of this registry.
    pub(crate) fn in_stream(&self, reference: &Reference, to: &StreamRef) -> Result<Reference> {
        match reference.digest() {
            Some(digest) => row::parse(
                "tags.head_reference",
                &format!("{}/{to}@{digest}", reference.host()),
            ),
            None => Ok(reference.clone()),
        }
    }

    /// The stream that a reference names as a repository of this registry.
    pub(crate) fn own_stream(&self, reference: &Reference) -> Option<StreamRef> {
        let host = reference.host();
        let own = &self.own_hosts;
        own.iter().find(|own| own.eq_ignore_ascii_case(host))?;
        let path = reference.repository();
        let (namespace, name) = path.split_once('/')?;
        StreamRef::parse(namespace, name).ok()
    }

    async fn followed_tags(
        &mut self,
        stream: &StreamRef,
        tags: &[TagName],
    ) -> Result<Vec<(TagName, Elsewhere)>> {
        let mut found = Vec::new();
        for chunk in tags.chunks(500) {
            let sql = format!(
                "SELECT t.name, t.head_digest, t.head_reference, t.source_kind, t.source_stream, t.source_tag,
                    t.insecure, s.insecure AS stream_insecure
                FROM tags t JOIN streams s ON s.id = t.stream_id
                WHERE s.namespace = $1 AND s.name = $2 AND t.name IN ({})",
                placeholders(3, chunk.len())
            );
            let rows: Vec<Followed> = on!(self, |conn| {
                // Only placeholders are put in.
                let mut query = sqlx::query_as(AssertSqlSafe(sql))
                    .bind(stream.namespace.as_str())
                    .bind(stream.name.as_str());
                for tag in chunk {
                    query = query.bind(tag.as_str());
                }
                query.fetch_all(conn).await?
            });
            for row in rows {
                found.push((
                    row::parse("tags.name", &row.name)?,
                    elsewhere(stream, &row)?,
                ));
            }
        }
        Ok(found)
    }

    /// Ids of streams with tags that follow tags of another stream.
    pub(super) async fn following_streams(&mut self, id: &str) -> Result<Vec<String>> {
        const SQL: &str = "SELECT DISTINCT t.stream_id FROM streams s
            JOIN tags t ON t.source_stream = s.namespace || '/' || s.name
            WHERE s.id = $1 AND t.source_stream IS NOT NULL ORDER BY t.stream_id";
        Ok(on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(id)
            .fetch_all(conn)
            .await?))
    }

    /// Tags of other streams that follow one of these, by namespace, stream and tag, at most `limit`.
    async fn followers_elsewhere(
        &mut self,
        stream: &StreamRef,
        tags: &[TagName],
        limit: i64,
    ) -> Result<Vec<Follower>> {
        let mut found = Vec::new();
        for chunk in tags.chunks(500) {
            let sql = format!(
                "SELECT t.stream_id, s.namespace, s.name AS stream, t.name, t.source_tag
                FROM tags t JOIN streams s ON s.id = t.stream_id
                WHERE t.source_stream = $1 AND t.source_kind = 'follow' AND t.source_tag IN ({})
                ORDER BY s.namespace, s.name, t.name LIMIT $2",
                placeholders(3, chunk.len())
            );
            let rows: Vec<Follower> = on!(self, |conn| {
                // Only placeholders are put in.
                let mut query = sqlx::query_as(AssertSqlSafe(sql))
                    .bind(stream.to_string())
                    .bind(limit);
                for tag in chunk {
                    query = query.bind(tag.as_str());
                }
                query.fetch_all(conn).await?
            });
            found.extend(rows);
        }
        Ok(found)
    }

    /// Tags of other streams that follow tags of a stream directly, all of it if none are given: the first 50.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn followed_from(
        &mut self,
        stream: &StreamRef,
        tags: Option<&[TagName]>,
    ) -> Result<Vec<TagAt>> {
        const ALL: &str = "SELECT t.stream_id, s.namespace, s.name AS stream, t.name, t.source_tag
            FROM tags t JOIN streams s ON s.id = t.stream_id
            WHERE t.source_stream = $1 AND t.source_kind = 'follow'
            ORDER BY s.namespace, s.name, t.name LIMIT $2";
        let found = match tags {
            Some(tags) => self.followers_elsewhere(stream, tags, NAMED).await?,
            None => on!(self, |conn| sqlx::query_as(ALL)
                .bind(stream.to_string())
                .bind(NAMED)
                .fetch_all(conn)
                .await?),
        };
        let most = usize::try_from(NAMED).unwrap_or(usize::MAX);
        found.iter().take(most).map(Follower::at).collect()
    }

    /// Tags of other streams that follow a tag directly: the first 50, and how many more, counted up to
    /// [`TagView::COUNTED`].
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn direct_followers_elsewhere(
        &mut self,
        stream: &StreamRef,
        tag: &TagName,
    ) -> Result<(Vec<TagAt>, i64)> {
        const COUNT: &str = "SELECT COUNT(*) FROM (
                SELECT name FROM tags WHERE source_stream = $1 AND source_kind = 'follow' AND source_tag = $2 LIMIT $3
            ) AS found";
        let tags = std::slice::from_ref(tag);
        let found = self.followers_elsewhere(stream, tags, NAMED).await?;
        let found: Vec<TagAt> = found.iter().map(Follower::at).collect::<Result<_>>()?;
        let named = i64::try_from(found.len()).unwrap_or(NAMED);
        if named < NAMED {
            return Ok((found, 0));
        }
        let count: i64 = on!(self, |conn| {
            sqlx::query_scalar(COUNT)
                .bind(stream.to_string())
                .bind(tag.as_str())
                .bind(NAMED + TagView::COUNTED)
                .fetch_one(conn)
                .await?
        });
        Ok((found, count - named))
    }

    /// Tags of other streams that would move with these changes, directly or through others, at most 50.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn moves_elsewhere(
        &mut self,
        stream: &StreamRef,
        changes: &[Change],
    ) -> Result<Vec<TagAt>> {
        let elsewhere: Vec<Change> = changes
            .iter()
            .filter(|change| !matches!(change, Change::MoveHead { before, after, .. } if before.as_ref() == Some(after)))
            .cloned()
            .collect();
        let mut seen: BTreeSet<TagAt> = moved(stream, &elsewhere).into_iter().collect();
        let mut queue = vec![(
            stream.clone(),
            seen.iter().map(|at| at.tag.clone()).collect(),
        )];
        let mut found = Vec::new();
        while let Some((stream, tags)) = queue.pop() {
            let tags: Vec<TagName> = tags;
            for follower in self.followers_elsewhere(&stream, &tags, NAMED).await? {
                let at = follower.at()?;
                let Some(record) = self.stream_by_id(&follower.stream_id).await? else {
                    continue;
                };
                let facts = self.facts(&record, std::slice::from_ref(&at.tag)).await?;
                if facts.held(&at.tag) || !seen.insert(at.clone()) || found.len() >= MOST_MOVED {
                    continue;
                }
                queue.push((at.stream.clone(), vec![at.tag.clone()]));
                found.push(at);
            }
        }
        Ok(found)
    }

    /// Moves the tags of other streams that follow the moved ones, however far. A tag moves once.
    pub(super) async fn cascade(
        &mut self,
        stream: &StreamRef,
        changes: &[Change],
        ctx: &WriteContext,
    ) -> Result<()> {
        let mut seen: BTreeSet<TagAt> = moved(stream, changes).into_iter().collect();
        if seen.is_empty() {
            return Ok(());
        }
        let mut queue = vec![(
            stream.clone(),
            seen.iter().map(|at| at.tag.clone()).collect(),
        )];
        while let Some((stream, tags)) = queue.pop() {
            let tags: Vec<TagName> = tags;
            let followers = self.followers_elsewhere(&stream, &tags, i64::MAX).await?;
            let mut by_stream: BTreeMap<String, Vec<(TagName, TagName)>> = BTreeMap::new();
            for follower in followers {
                let followed = row::parse("tags.source_tag", &follower.source_tag)?;
                let at = follower.at()?;
                if !seen.contains(&at) {
                    let of = by_stream.entry(follower.stream_id).or_default();
                    of.push((at.tag, followed));
                }
            }
            for (id, tags) in by_stream {
                self.lock_stream(&id).await?;
                let Some(record) = self.stream_by_id(&id).await? else {
                    continue;
                };
                let names: Vec<TagName> = tags.iter().map(|(tag, _)| tag.clone()).collect();
                let facts = self.facts(&record, &names).await?;
                let mut moves = Vec::new();
                for (tag, followed) in tags {
                    let at = TagAt {
                        stream: stream.clone(),
                        tag: followed,
                    };
                    if let Some((digest, reference)) =
                        facts.head_at(&at).filter(|_| !facts.held(&tag))
                    {
                        let generation = facts.generation + 1;
                        moves.extend(facts.move_head(
                            &tag,
                            &digest,
                            &reference,
                            generation,
                            Cause::Follow,
                        ));
                    }
                }
                let mut moves = alias::with_followers(&facts, moves);
                moves.retain(|change| {
                    change.tag().is_some_and(|tag| {
                        seen.insert(TagAt {
                            stream: record.stream.clone(),
                            tag: tag.clone(),
                        })
                    })
                });
                if !moves.is_empty() {
                    let tags = moves.iter().filter_map(Change::tag).cloned().collect();
                    self.apply_here(&record, &facts, &moves, ctx).await?;
                    queue.push((record.stream, tags));
                }
            }
        }
        Ok(())
    }
}

/// The tags whose image changes.
fn moved(stream: &StreamRef, changes: &[Change]) -> Vec<TagAt> {
    changes
        .iter()
        .filter_map(|change| match change {
            Change::MoveHead { tag, .. } => Some(TagAt {
                stream: stream.clone(),
                tag: tag.clone(),
            }),
            _ => None,
        })
        .collect()
}

fn elsewhere(stream: &StreamRef, row: &Followed) -> Result<Elsewhere> {
    let noted = row.source_kind.as_deref() == Some("reference");
    let head = match (&row.head_digest, &row.head_reference) {
        _ if noted => None,
        (Some(digest), Some(reference)) => Some((
            row::parse::<Digest>("tags.head_digest", digest)?,
            row::parse::<Reference>("tags.head_reference", reference)?,
        )),
        _ => None,
    };
    let follows = match (row.source_kind.as_deref(), &row.source_tag) {
        (Some("follow"), Some(tag)) => Some(TagAt {
            stream: match &row.source_stream {
                Some(other) => stream_ref("tags.source_stream", other)?,
                None => stream.clone(),
            },
            tag: row::parse("tags.source_tag", tag)?,
        }),
        _ => None,
    };
    Ok(Elsewhere {
        head,
        follows,
        insecure: row.insecure || row.stream_insecure,
    })
}

pub(super) fn placeholders(from: usize, count: usize) -> String {
    let all: Vec<_> = (from..from + count).map(|i| format!("${i}")).collect();
    all.join(", ")
}
