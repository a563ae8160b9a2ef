//! Who is asking: sessions, the forms that begin and end them, and the token every form carries.

pub mod cookies;
pub mod handlers;
pub mod next;
pub mod session;
pub mod visitor;
