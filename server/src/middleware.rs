//! What happens to every request, whatever it asks for: outermost first as `router.rs` stacks them.

pub mod headers;
pub mod limits;
pub mod linger;
pub mod origin;
pub mod request;
