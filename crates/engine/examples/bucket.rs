//! The S3 server of the tests as a program: `bucket FOLDER`. What it is, is in `engine::testing::bucket`.
//!
//! The first line it prints is the environment of a Weir with its blobs there, as JSON. Then it does what lines of its
//! input say and prints each again when it is done: `room BYTES` and `hold` break it, `mend` ends that. It ends with its
//! input.

use std::{collections::BTreeMap, error::Error, io, path::Path};

use engine::testing::bucket::TestBucket;
use tokio::runtime::Runtime;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("bucket FOLDER")?;
    let runtime = Runtime::new()?;
    let bucket = runtime.block_on(TestBucket::over(Path::new(&folder)));
    let mut environment = BTreeMap::from([("WEIR_BLOBS_URL".to_owned(), TestBucket::url())]);
    for (name, value) in bucket.options() {
        environment.insert(name.to_uppercase(), value.to_owned());
    }
    println!("{}", serde_json::to_string(&environment)?);
    for line in io::stdin().lines() {
        let line = line?;
        match line.split_once(' ') {
            Some(("room", bytes)) => bucket.set_room(bytes.parse()?),
            None if line == "hold" => bucket.set_held(true),
            None if line == "mend" => {
                bucket.set_room(u64::MAX);
                bucket.set_held(false);
            }
            _ => return Err(format!("it does not know how to {line:?}").into()),
        }
        println!("{line}");
    }
    Ok(())
}
