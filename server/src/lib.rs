//! Weir process library.
