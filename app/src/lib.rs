//! The pages of Weir and their islands.
#![recursion_limit = "256"]
