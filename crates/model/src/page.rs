//! Keyset paging: a page is found by the key beside it, so page 1 and page 1 000 cost the same.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Where a page begins: after or before a key. Opaque to users; travels in URLs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Cursor {
    /// Rows that follow this key.
    After(String),
    /// Rows that come before this key.
    Before(String),
}

/// A text that is not a cursor, most likely an edited URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the page position in the address is not valid; open the list from its first page")]
pub struct CursorError;

impl Cursor {
    /// The key.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Self::After(key) | Self::Before(key) => key,
        }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::After(key) => write!(f, "a.{key}"),
            Self::Before(key) => write!(f, "b.{key}"),
        }
    }
}

impl FromStr for Cursor {
    type Err = CursorError;
    fn from_str(text: &str) -> Result<Self, CursorError> {
        if text.len() > 600 || text.contains('\0') {
            return Err(CursorError);
        }
        match text.split_once('.') {
            Some(("a", key)) => Ok(Self::After(key.to_owned())),
            Some(("b", key)) => Ok(Self::Before(key.to_owned())),
            _ => Err(CursorError),
        }
    }
}

impl TryFrom<String> for Cursor {
    type Error = CursorError;
    fn try_from(text: String) -> Result<Self, CursorError> {
        text.parse()
    }
}

impl From<Cursor> for String {
    fn from(cursor: Cursor) -> String {
        cursor.to_string()
    }
}

/// Which page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// Where it begins; none for the first page.
    pub cursor: Option<Cursor>,
    /// Rows on it, 1 to [`PageRequest::MAX`].
    pub size: usize,
}

impl PageRequest {
    /// Rows on a page unless asked otherwise.
    pub const DEFAULT: usize = 50;
    /// Most rows on a page.
    pub const MAX: usize = 250;

    /// Rows before this page are wanted.
    #[must_use]
    pub fn backwards(&self) -> bool {
        matches!(self.cursor, Some(Cursor::Before(_)))
    }

    /// The key to begin at, empty for the first page.
    #[must_use]
    pub fn key(&self) -> &str {
        self.cursor.as_ref().map_or("", Cursor::key)
    }

    /// Rows to fetch: one more than shown tells whether there is a further page.
    #[must_use]
    pub fn fetch(&self) -> i64 {
        i64::try_from(self.size.clamp(1, Self::MAX)).unwrap_or(50) + 1
    }
}

impl Default for PageRequest {
    fn default() -> Self {
        Self {
            cursor: None,
            size: Self::DEFAULT,
        }
    }
}

/// One page of a list, in display order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// The page before this one, if there is one.
    pub previous: Option<Cursor>,
    /// The page after this one, if there is one.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// Builds a page from rows fetched in the request's direction, `request.fetch()` of them at most.
    pub fn from_rows(mut rows: Vec<T>, request: &PageRequest, key: impl Fn(&T) -> String) -> Self {
        let size = request.size.clamp(1, PageRequest::MAX);
        let more = rows.len() > size;
        rows.truncate(size);
        if request.backwards() {
            rows.reverse();
        }
        let (has_previous, has_next) = match &request.cursor {
            None => (false, more),
            Some(Cursor::After(_)) => (true, more),
            Some(Cursor::Before(_)) => (more, true),
        };
        Self {
            previous: rows
                .first()
                .filter(|_| has_previous)
                .map(|row| Cursor::Before(key(row))),
            next: rows
                .last()
                .filter(|_| has_next)
                .map(|row| Cursor::After(key(row))),
            items: rows,
        }
    }

    /// The same page with each row turned into something else.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(f).collect(),
            previous: self.previous,
            next: self.next,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_knows_its_neighbours() {
        let request = PageRequest {
            cursor: None,
            size: 2,
        };
        let page = Page::from_rows(vec![1, 2, 3], &request, ToString::to_string);
        assert_eq!(
            (page.items, page.previous, page.next),
            (vec![1, 2], None, Some(Cursor::After("2".into())))
        );
        let request = PageRequest {
            cursor: Some("b.3".parse().unwrap()),
            size: 2,
        };
        let page = Page::from_rows(vec![2, 1], &request, ToString::to_string);
        assert_eq!(
            (page.items, page.previous, page.next),
            (vec![1, 2], None, Some(Cursor::After("2".into())))
        );
    }

    #[test]
    fn edited_cursors_are_refused() {
        for bad in ["", "x", "c.1", "a"] {
            assert!(bad.parse::<Cursor>().is_err(), "{bad}");
        }
    }
}
