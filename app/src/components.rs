//! Placeholder until the components land.
