//! Tag lists: paged or whole, and never endless.

use std::{collections::HashSet, time::Duration};

use model::TagName;
use serde::Deserialize;
use url::Url;

use super::{address::same_origin, repository::Repository, transport::Answer, trouble::Trouble};

/// The largest page taken.
const PAGE_CAP: usize = 8 << 20;
/// Pages before the rest is left out.
const MAX_PAGES: usize = 10_000;
/// Tags before the rest is left out, whatever was asked for.
const MAX_TAGS: usize = 1_000_000;
/// Tags asked for at once.
const PAGE_SIZE: usize = 1_000;
/// How long a whole list may take.
const DEADLINE: Duration = Duration::from_secs(600);

/// The tags of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagList {
    /// The names, in the registry's order, each once. Names that no tag can have are left out.
    pub tags: Vec<String>,
    /// Whether there are more.
    pub truncated: bool,
}

/// All pages, one after the other.
pub(super) async fn list(repository: &Repository, limit: usize) -> Result<TagList, Trouble> {
    match tokio::time::timeout(DEADLINE, pages(repository, limit.min(MAX_TAGS))).await {
        Ok(list) => list,
        Err(_) => Err(malformed("the tag list did not end in time")),
    }
}

async fn pages(repository: &Repository, limit: usize) -> Result<TagList, Trouble> {
    let ping = repository.ping().await?;
    let size = limit.saturating_add(1).min(PAGE_SIZE);
    let mut url = ping
        .base
        .join(&format!("{}/tags/list?n={size}", repository.path()))
        .map_err(|_| malformed("the tag list cannot be asked for"))?;
    let mut tags = Vec::new();
    let mut seen = HashSet::new();
    for _ in 0..MAX_PAGES {
        let answer = repository
            .request_url(&ping, url.clone(), "application/json", PAGE_CAP, false)
            .await?;
        let page = page(&answer)?;
        let mut news = false;
        for tag in page {
            if tag.parse::<TagName>().is_err() || !seen.insert(tag.clone()) {
                continue;
            }
            news = true;
            if tags.len() == limit {
                return Ok(TagList {
                    tags,
                    truncated: true,
                });
            }
            tags.push(tag);
        }
        let Some(next) = next(&answer, &url)? else {
            return Ok(TagList {
                tags,
                truncated: false,
            });
        };
        if !news {
            return Err(malformed("the tag list repeats itself and does not end"));
        }
        url = next;
    }
    Ok(TagList {
        tags,
        truncated: true,
    })
}

fn malformed(text: &str) -> Trouble {
    Trouble::Malformed(text.to_owned())
}

fn page(answer: &Answer) -> Result<Vec<String>, Trouble> {
    #[derive(Deserialize)]
    struct Page {
        tags: Option<Vec<String>>,
    }
    serde_json::from_slice::<Page>(&answer.body)
        .map(|page| page.tags.unwrap_or_default())
        .map_err(|_| malformed("the tag list is not valid JSON"))
}

/// The next page, on the same registry only.
fn next(answer: &Answer, url: &Url) -> Result<Option<Url>, Trouble> {
    let Some(target) = answer
        .headers
        .get_all("link")
        .iter()
        .filter_map(|link| link.to_str().ok())
        .find_map(next_target)
    else {
        return Ok(None);
    };
    match url.join(target) {
        Ok(next) if same_origin(&next, url) => Ok(Some(next)),
        _ => Err(malformed("the tag list continues on another host")),
    }
}

/// `<target>; rel="next"`, among others.
fn next_target(link: &str) -> Option<&str> {
    link.split('<').skip(1).find_map(|part| {
        let (target, parameters) = part.split_once('>')?;
        let parameters = parameters.to_ascii_lowercase().replace(' ', "");
        parameters
            .split([';', ','])
            .any(|parameter| matches!(parameter, "rel=next" | "rel=\"next\""))
            .then_some(target)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_among_links() {
        for (link, target) in [
            (
                "</v2/a/tags/list?last=b&n=2>; rel=\"next\"",
                Some("/v2/a/tags/list?last=b&n=2"),
            ),
            ("</p>; rel=prev, </n>; rel=next", Some("/n")),
            ("</p>; rel=\"prev\"", None),
            ("nothing", None),
        ] {
            assert_eq!(next_target(link), target, "{link}");
        }
    }
}
