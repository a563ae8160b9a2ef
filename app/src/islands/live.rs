//! Keeps an open page as the server would show it now. Without scripts the page is loaded anew by hand.
//!
//! Word of a change comes over `/events`; then the page is fetched and what differs is taken over, element by element,
//! so that focus, ticked boxes, open menus and islands stay as they are.

use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{DomParser, Element, Event, EventSource, Node, SupportedType};

use gloo_timers::future::TimeoutFuture;

/// Between two takings-over, in milliseconds: changes come in crowds.
const PAUSE: u32 = 700;

/// Follows the changes of one stream, or of all, and updates the page's content.
#[island]
pub fn LivePage(
    /// Where the events come from.
    events: String,
) -> impl IntoView {
    Effect::new(move |_| {
        let Ok(source) = EventSource::new(&events) else {
            return;
        };
        let waiting = StoredValue::new(false);
        let changed = Closure::<dyn FnMut(Event)>::new(move |_| {
            // One taking-over for all that happens meanwhile.
            if !waiting.try_get_value().unwrap_or(true) {
                waiting.set_value(true);
                spawn_local(async move {
                    TimeoutFuture::new(PAUSE).await;
                    waiting.try_set_value(false);
                    take_over().await;
                });
            }
        });
        let listening =
            source.add_event_listener_with_callback("change", changed.as_ref().unchecked_ref());
        if listening.is_ok() {
            // As long as the page.
            changed.forget();
        }
    });
    ().into_view()
}

/// Fetches the page and takes over what differs. If it cannot be had, the page stays as it is.
pub(super) async fn take_over() -> Option<()> {
    let address = window().location().href().ok()?;
    let answer = JsFuture::from(window().fetch_with_str(&address))
        .await
        .ok()?;
    let answer: web_sys::Response = answer.dyn_into().ok()?;
    // Signed out meanwhile, or gone: the person will see when they go on.
    if !answer.ok() || answer.redirected() {
        return None;
    }
    let text = JsFuture::from(answer.text().ok()?)
        .await
        .ok()?
        .as_string()?;
    let parser = DomParser::new().ok()?;
    let fresh = parser
        .parse_from_string(&text, SupportedType::TextHtml)
        .ok()?;
    for id in ["main", "running"] {
        let new = fresh.get_element_by_id(id);
        if let Some((old, new)) = document().get_element_by_id(id).zip(new) {
            morph(&old, &new);
        }
    }
    Some(())
}

/// Makes an element like another one of its kind.
fn morph(old: &Element, new: &Element) {
    attributes(old, new);
    let mut at = old.first_child();
    let all = children(new);
    for (i, fresh) in all.iter().enumerate() {
        // Where more is there than is to be, something went: what is wanted comes after it.
        let went = following(at.as_ref()).count() > all.len() - i;
        match counterpart(old, at.as_ref(), fresh, went) {
            Some(found) => {
                if Some(&found) != at.as_ref() {
                    let _ = old.insert_before(&found, at.as_ref());
                }
                at = found.next_sibling();
                same_kind(&found, fresh);
            }
            // Its content is alive in a page that was parsed without scripts.
            None if fresh.node_name() == "NOSCRIPT" => {}
            None => {
                let Ok(copy) = document().import_node_with_deep(fresh, true) else {
                    continue;
                };
                if let Some(row) = copy
                    .dyn_ref::<Element>()
                    .filter(|copy| copy.tag_name() == "TR")
                {
                    let _ = row.class_list().add_1("fresh");
                }
                let _ = old.insert_before(&copy, at.as_ref());
            }
        }
    }
    while let Some(gone) = at {
        at = gone.next_sibling();
        let _ = old.remove_child(&gone);
    }
}

/// A node and those after it.
fn following(at: Option<&Node>) -> impl Iterator<Item = Node> {
    std::iter::successors(at.cloned(), Node::next_sibling)
}

/// The node that is to become like `fresh`: the one with its id, else the next one if it is of the same kind; any further
/// one if something `went`.
fn counterpart(parent: &Element, at: Option<&Node>, fresh: &Node, went: bool) -> Option<Node> {
    let id = id(fresh);
    if let Some(id) = id {
        let found = parent
            .owner_document()
            .and_then(|document| document.get_element_by_id(&id))
            .map(Node::from);
        return found.filter(|found| found.parent_node().as_ref() == Some(parent.as_ref()));
    }
    following(at)
        .take(if went { usize::MAX } else { 1 })
        .find(|at| kind(at) == kind(fresh) && self::id(at).is_none())
}

fn id(node: &Node) -> Option<String> {
    // Not the property: a form's is its field of that name.
    let id = node.dyn_ref::<Element>()?.get_attribute("id");
    id.filter(|id| !id.is_empty())
}

fn kind(node: &Node) -> (u16, String) {
    (node.node_type(), node.node_name())
}

fn same_kind(old: &Node, new: &Node) {
    match (old.dyn_ref::<Element>(), new.dyn_ref::<Element>()) {
        // What a person has opened stays open.
        (Some(old), Some(new)) if old.tag_name() == "DETAILS" => {
            if old.has_attribute("open") {
                let _ = new.set_attribute("open", "");
            }
            morph(old, new);
        }
        (Some(old), Some(_)) if old.tag_name() == "NOSCRIPT" => {}
        // An island that the server would make the same is left to itself.
        (Some(old), Some(new)) if old.tag_name() == "LEPTOS-ISLAND" => {
            if old.get_attribute("data-props") != new.get_attribute("data-props") {
                attributes(old, new);
            }
        }
        (Some(old), Some(new)) => morph(old, new),
        _ => {
            if old.node_value() != new.node_value() {
                old.set_node_value(new.node_value().as_deref());
                mark(old);
            }
        }
    }
}

/// Lets the row of a changed text be seen to have changed.
fn mark(text: &Node) {
    let row = text
        .parent_element()
        .and_then(|parent| parent.closest("tr").ok().flatten());
    if let Some(row) = row {
        let _ = row.class_list().add_1("fresh");
    }
}

fn attributes(old: &Element, new: &Element) {
    for name in names(old) {
        let marked = name == "class" && old.tag_name() == "TR";
        if !marked && !new.has_attribute(&name) {
            let _ = old.remove_attribute(&name);
        }
    }
    for name in names(new) {
        let value = new.get_attribute(&name);
        if let Some(value) = value.filter(|value| old.get_attribute(&name).as_ref() != Some(value))
        {
            let _ = old.set_attribute(&name, &value);
        }
    }
}

fn names(element: &Element) -> Vec<String> {
    element
        .get_attribute_names()
        .iter()
        .filter_map(|name| name.as_string())
        .collect()
}

fn children(element: &Element) -> Vec<Node> {
    let list = element.child_nodes();
    (0..list.length()).filter_map(|i| list.item(i)).collect()
}
