//! The islands: copy, live progress, row selection, theme. Each adds life to what works without it.
//!
//! They are plain code that the server renders and the browser runs. On the server effects and event handlers do
//! nothing, so the browser is only ever touched from those.
//!
//! ```text
//! <CopyButton text=whole what="digest".to_owned()/>            beside what can be selected; components use it
//! <LiveProgress id=job.id start=snapshot/>                      instead of a bar and a line of text
//! <SelectAll form="tags".to_owned() name="tag[]".to_owned()/>   in the table's head
//! <RowSelection form="tags".to_owned() name="tag[]".to_owned()/>   in a selection bar; `SelectionBar` has it
//! <form method="post" action="/theme">.. <ThemeSwitch theme=theme/></form>
//! ```

mod copy;
mod progress;
mod selection;
mod theme;

pub use copy::CopyButton;
pub use progress::{LiveProgress, Snapshot};
pub use selection::{RowSelection, SelectAll};
pub use theme::ThemeSwitch;
