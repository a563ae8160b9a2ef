//! Parts of pages: no data access, plain values in, markup out. Used by any page.
//!
//! Small values are functions, written in braces; what has children or many properties is a component.
//!
//! | values | |
//! |---|---|
//! | `icon("tag")` | [`icon`]: names are listed there |
//! | `digest(&d)` `reference(&r)` | short forms; the whole in the title and, for digests, on a copy button |
//! | `size(bytes)` `size_change(bytes)` `time(at, now)` `exact_time(at)` `relative_time(at, now)` | units, words, `<time>` |
//! | `state_badge(State::Held)` `job_badge(state)` `tag_badge(&row)` `policy_badge(Policy::Local)` | the words of the product; `badge(kind, icon, word)` for any other |
//! | `alert(kind, view)` `pager(base, prev, next, words)` `layers(&layers)` `escape(text)` | |
//!
//! ```text
//! <PageHead title="ruby" mono=true crumbs=vec![("Streams".into(), routes::STREAMS.into())] facts=facts>
//!     <LinkButton kind="primary" href=routes::import(&stream)>"Import"</LinkButton>
//!     <Kebab label="More actions"><a class="danger" href=routes::delete_stream(&stream)>"Delete the stream…"</a></Kebab>
//! </PageHead>
//! <Tabs tabs=vec![Tab { name: "Tags", href, count: Some(61) }] current="Tags"/>
//! <Alert kind="ok"><p>"ruby:latest was set."</p></Alert>          result of a write, on the page it lands on
//! <Empty title="No tags yet" why="Tags come with an import." icon_name="tag"> button, link </Empty>
//! <ErrorState title="The latest import failed; the tag keeps what it had" said=message when=(since, now) hint=hint/>
//! ```
//!
//! # Forms
//! `<form class="sheet">`, then fields, then `<p class="buttons">` with one primary [`Button`]. [`ErrorSummary`] stands above
//! the form; its links go to the field's id, which is the field's name. After [`TextField`] a parsed echo is `<p class="echo">`.
//! The preview goes into `<section class="confirm" id="preview" tabindex="-1">` with [`Preview`]; the form before it then has no
//! primary button. A filter is [`Filters`] with labels around controls, then [`FilterChips`].
//!
//! # Tables
//! ```text
//! <form id="tags" method="get" action=..>                         only if rows can be ticked
//! <table class="data">
//!   <caption class="visually-hidden">"Tags"</caption>
//!   <thead><tr>
//!     <th scope="col" class="tick"><SelectAll form="tags".to_owned() name="tag[]".to_owned()/></th>
//!     <th scope="col" aria-sort="ascending"><a href=..>"Tag"</a></th>    sortable heads are links
//!     <th scope="col" class="number wide">"Size"</th>                     `wide`: left out below 1360 px, `middle`: below 1200
//!     <th scope="col"><span class="visually-hidden">"Actions"</span></th>
//!   </tr></thead>
//!   <tbody><tr id="tag-2.0">                                             `tr:target` is marked
//!     <td class="tick"><input type="checkbox" name="tag[]" value=.. aria-label="Select 2.0"/></td>
//!     <th scope="row"><a href=..>"2.0"</a></th>                           the first column is the link
//!     <td data-label="Size" class="number wide">{size(n)}</td>            `data-label`: the word beside it on phones
//!     <td data-label="State">{tag_badge(&row)}<span class="row-error">{message}</span></td>
//!     <td class="row-menu"><Kebab label="Actions for 2.0">..</Kebab></td>
//!   </tr></tbody>
//! </table>
//! <SelectionBar form="tags" name="tag[]"> buttons </SelectionBar>
//! </form>
//! ```
//! # Frame
//! `<header class="topbar">` holds [`NavMenu`] (phones), [`Brand`], `<form class="search" role="search">`,
//! `<span class="grow">`, [`RunningPill`], and `<details class="menu">` of the user; then [`Rail`]; then `<main id="main">`.
//!
//! Small classes: `muted small mono nowrap number visually-hidden script-only well figures figure kv badges`.

mod facts;
mod forms;
mod head;
mod icons;
mod layers;
mod notices;
mod progress;
mod states;
mod tables;

pub use facts::{
    CopyButton, Kv, PullCommand, clock, digest, exact_time, reference, relative_time, shortened,
    size, size_change, time,
};
pub use forms::{
    Button, CheckBox, Choice, ConfirmButtons, Csrf, Field, LinkButton, PreviewButtons, RadioGroup,
    TextField, field_error,
};
pub use head::{Brand, NavItem, NavMenu, PageHead, Rail, RunningPill, Tab, Tabs};
pub use icons::{Mark, icon};
pub use layers::layers;
pub use notices::{Alert, Empty, ErrorState, ErrorSummary, alert, sentence};
pub use progress::Progress;
pub use states::{
    Policy, State, badge, job_badge, outcome_badge, policy_badge, state_badge, tag_badge,
};
pub use tables::{
    Ask, FilterChips, Filters, Kebab, Preview, PreviewTable, SelectionBar, escape, pager,
    plan_table,
};
