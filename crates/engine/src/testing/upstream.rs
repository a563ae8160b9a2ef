//! An in-process registry for tests.
