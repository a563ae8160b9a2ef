//! The islands: copy, live progress, row selection, theme. Each adds life to what works without it.

mod copy;
mod progress;
mod selection;
mod theme;

pub use copy::CopyButton;
pub use progress::{LiveProgress, Snapshot};
pub use selection::RowSelection;
pub use theme::ThemeSwitch;
