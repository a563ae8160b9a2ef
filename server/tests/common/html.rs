//! Just enough HTML to look at our own pages.

/// The start tags of a page as text, without the angle brackets; comments and the insides of scripts are skipped.
pub fn tags(page: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if rest.starts_with("!--") {
            rest = rest.find("-->").map_or("", |end| &rest[end + 3..]);
            continue;
        }
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let tag = &rest[..end_of_tag(rest)];
        found.push(tag);
        rest = &rest[tag.len()..];
        if name(tag) == "script" {
            rest = rest.find("</script").map_or("", |end| &rest[end..]);
        }
    }
    found
}

/// Where a tag ends: the first '>' outside quotes.
fn end_of_tag(text: &str) -> usize {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '>') => return at,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
    }
    text.len()
}

/// The name of a tag.
pub fn name(tag: &str) -> &str {
    tag.split(|c: char| c.is_whitespace() || c == '/')
        .next()
        .unwrap_or_default()
}

/// Names and values of a tag's attributes.
pub fn attributes(tag: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = tag[name(tag).len()..].trim_start();
    while !rest.is_empty() {
        let end = rest
            .find(|c: char| c == '=' || c.is_whitespace())
            .unwrap_or(rest.len());
        let key = rest[..end].to_ascii_lowercase();
        rest = rest[end..].trim_start();
        let mut value = "";
        if let Some(after) = rest.strip_prefix('=') {
            rest = after.trim_start();
            if let Some(quote) = rest.chars().next().filter(|c| *c == '"' || *c == '\'') {
                let inside = &rest[1..];
                let end = inside.find(quote).unwrap_or(inside.len());
                value = &inside[..end];
                rest = inside.get(end + 1..).unwrap_or_default().trim_start();
            } else {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                value = &rest[..end];
                rest = rest[end..].trim_start();
            }
        }
        found.push((key, unescape(value)));
    }
    found
}

/// One attribute of a tag.
pub fn attribute(tag: &str, key: &str) -> Option<String> {
    attributes(tag)
        .into_iter()
        .find(|(name, _)| name == key)
        .map(|(_, value)| value)
}

/// The value of the first form field of that name.
pub fn input(page: &str, field: &str) -> Option<String> {
    value(tags(page).into_iter(), field)
}

/// The value of a field of the form that is sent to `action`.
pub fn input_of(page: &str, action: &str, field: &str) -> Option<String> {
    let form = tags(page).into_iter().skip_while(|tag| {
        name(tag) != "form" || attribute(tag, "action").as_deref() != Some(action)
    });
    value(form.skip(1).take_while(|tag| name(tag) != "form"), field)
}

fn value<'a>(mut tags: impl Iterator<Item = &'a str>, field: &str) -> Option<String> {
    tags.find(|tag| name(tag) == "input" && attribute(tag, "name").as_deref() == Some(field))
        .map(|tag| attribute(tag, "value").unwrap_or_default())
}

fn unescape(text: &str) -> String {
    text.replace("&quot;", "\"")
        .replace("&#x27;", "'")
        .replace("&#39;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}
