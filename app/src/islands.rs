//! The islands: copy, live page, advice on names, live progress, search, row selection, theme. Each adds life to what works without it.
//!
//! They are plain code that the server renders and the browser runs. On the server effects and event handlers do
//! nothing, so the browser is only ever touched from those.
//!
//! ```text
//! <Clipboard/>                                                  once a page: makes every `CopyButton` work
//! <LivePage events=routes::events(Some(&stream))/>              once a page that shows what may change meanwhile
//! <NameAdvice field="destination".to_owned() start=text/>        below a field for a tag's name
//! <LiveProgress id=job.id start=snapshot/>                      instead of a bar and a line of text
//! <SearchKey field="search".to_owned()/>                         once a page: `/` goes to the search field; its switch
//! <SelectAll form="tags".to_owned() name="tag[]".to_owned()/>   in the table's head
//! <RowSelection form="tags".to_owned() name="tag[]".to_owned()/>   in a selection bar; `SelectionBar` has it
//! <form method="post" action="/theme">.. <ThemeSwitch theme=theme/></form>
//! ```

mod cookie;
mod copy;
mod live;
mod naming;
mod progress;
mod search;
mod selection;
mod theme;

pub use copy::Clipboard;
pub use live::LivePage;
pub use naming::NameAdvice;
pub use progress::{LiveProgress, Snapshot};
pub use search::SearchKey;
pub use selection::{RowSelection, SelectAll};
pub use theme::ThemeSwitch;
