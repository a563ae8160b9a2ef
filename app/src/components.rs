//! Parts of pages: no data access, plain values in, markup out. Used by any page.
//!
//! Tables follow one form: `<table>` with a `<caption>`, `scope` on heads, and `data-label` on cells, which become
//! labelled rows on narrow screens. States are always a word with an icon and a colour.

mod facts;
mod forms;
mod icons;
mod layers;
mod states;

pub use facts::{Kv, digest, exact_time, reference, size, time};
pub use forms::{CheckBox, Csrf, ErrorSummary, Preview, TextField, field_error};
pub use icons::{Mark, icon};
pub use layers::layers;
pub use states::{alert, badge, escape, job_badge, pager, tag_badge};
