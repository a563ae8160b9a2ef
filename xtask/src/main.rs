//! Build, run, test and measure Weir: `cargo xtask run|test|dev|bench|wasm`.
fn main() {}
