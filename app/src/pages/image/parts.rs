//! What an image says of itself: platforms, how it runs, environment, labels. Other people's text, cut to bear.

use leptos::prelude::*;
use model::{
    StreamRef,
    image::{Child, Config, ImageView},
};

use crate::{
    components::{Kv, badge, digest, size},
    routes,
};

/// Characters of one value that are shown.
const LONGEST: usize = 1_000;
/// Values of one section that are shown.
const MOST: usize = 200;

/// A text cut to what a page can bear.
pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        None => text.to_owned(),
        Some((end, _)) => format!(
            "{}… ({} characters in all)",
            &text[..end],
            text.chars().count()
        ),
    }
}

fn section(title: &'static str, rows: Vec<(String, String)>) -> AnyView {
    if rows.is_empty() {
        return ().into_any();
    }
    let more = rows.len().saturating_sub(MOST);
    let rows = rows
        .into_iter()
        .take(MOST)
        .map(|(name, value)| (cut(&name), cut(&value)))
        .collect::<Vec<_>>();
    view! {
        <section>
            <h2>{title}</h2>
            <Kv rows=rows/>
            {(more > 0).then(|| view! { <p class="muted">{format!("and {more} more")}</p> })}
        </section>
    }
    .into_any()
}

/// What a container of the image runs, as whom and where.
pub(super) fn runs_with(config: &Config) -> AnyView {
    let rows = [
        ("Entrypoint", words(&config.entrypoint)),
        ("Command", words(&config.cmd)),
        ("Working directory", config.working_dir.clone()),
        ("User", config.user.clone()),
        ("Ports", config.exposed_ports.join(", ")),
        ("Volumes", config.volumes.join(", ")),
        ("Stop signal", config.stop_signal.clone()),
    ];
    let rows = rows
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    section("Runs with", rows)
}

/// Arguments as one line; those that would not read as one word are quoted.
fn words(words: &[String]) -> String {
    let word = |word: &String| {
        if word.is_empty() || word.contains(char::is_whitespace) {
            format!("{word:?}")
        } else {
            word.clone()
        }
    };
    words.iter().map(word).collect::<Vec<_>>().join(" ")
}

/// The environment, in the image's order.
pub(super) fn environment(config: &Config) -> AnyView {
    let rows = config
        .env
        .iter()
        .map(|line| {
            let (name, value) = line.split_once('=').unwrap_or((line, ""));
            (name.to_owned(), value.to_owned())
        })
        .collect();
    section("Environment", rows)
}

/// Labels by name.
pub(super) fn labels(config: &Config) -> AnyView {
    let rows = config.labels.clone().into_iter().collect();
    section("Labels", rows)
}

/// The children of an index, attestations marked and last.
pub(super) fn platforms(stream: &StreamRef, image: &ImageView) -> AnyView {
    if image.platforms.is_empty() {
        return ().into_any();
    }
    let (notes, real): (Vec<&Child>, Vec<&Child>) = image
        .platforms
        .iter()
        .partition(|child| child.is_attestation());
    let more = image.platforms.len().saturating_sub(MOST);
    let rows = real
        .into_iter()
        .chain(notes)
        .take(MOST)
        .map(|child| platform(stream, child))
        .collect_view();
    view! {
        <section>
            <h2>"Platforms"</h2>
            <table class="data">
                <caption class="visually-hidden">"Platforms"</caption>
                <thead><tr>
                    <th scope="col">"Platform"</th><th scope="col">"Digest"</th><th scope="col">"Manifest"</th>
                    <th scope="col" class="number">"Manifest size"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
            {(more > 0).then(|| view! { <p class="muted">{format!("and {more} more")}</p> })}
        </section>
    }
    .into_any()
}

fn platform(stream: &StreamRef, child: &Child) -> AnyView {
    let href = routes::image(stream, &child.digest);
    let name = if child.is_attestation() {
        view! { <a href=href>"Attestation"</a> " " {badge("quiet", "lock", "not a platform")} }
            .into_any()
    } else {
        view! { <a href=href>{child.platform()}</a> }.into_any()
    };
    view! {
        <tr>
            <th scope="row">{name}</th>
            <td data-label="Digest">{digest(&child.digest)}</td>
            <td data-label="Manifest"><code>{child.media_type.clone()}</code></td>
            <td data-label="Manifest size" class="number">{size(child.size)}</td>
        </tr>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_are_cut_and_say_so() {
        assert_eq!(cut("short"), "short");
        let long = "é".repeat(LONGEST + 1);
        let shown = cut(&long);
        assert!(shown.ends_with("… (1001 characters in all)"), "{shown}");
        assert_eq!(shown.chars().filter(|c| *c == 'é').count(), LONGEST);
    }

    #[test]
    fn arguments_with_spaces_are_quoted() {
        let line = ["sh", "-c", "echo \"a b\"", ""].map(str::to_owned);
        assert_eq!(words(&line), r#"sh -c "echo \"a b\"" """#);
    }
}
