//! engine

pub mod upstream;

#[cfg(feature = "testing")]
pub mod testing {
    //! What tests of this crate and of the crates above it start.
    pub mod upstream;
}
