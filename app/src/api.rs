//! What the browser may ask us to change: one server function per verb, one file per area.
//!
//! Each takes the form's fields as text, begins with the guard, reads the text into model types (`form.rs`), asks
//! the engine, and ends with [`guard::answer`]: a redirect to the page that shows the effect, or back to the form
//! with the typed error. Reading needs no server function: pages are rendered on the server and call the engine.

pub mod error;
pub mod form;
#[cfg(feature = "ssr")]
pub mod guard;
pub mod imports;
pub mod streams;
pub mod tags;
