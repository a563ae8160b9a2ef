//! Rebuilds the program when the scripts and styles it embeds change.

fn main() {
    // A path that does not exist would make every build a full one.
    let site = "../target/site";
    if std::fs::create_dir_all(site).is_ok() {
        println!("cargo::rerun-if-changed={site}");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
