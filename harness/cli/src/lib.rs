//! The parts of the `ramscope` program that others use too: finding the workspace and building
//! firmware images.
//!
//! The program itself is in `main.rs`. Tests that need an image call [`image::build`]: it builds
//! once, under a lock, and costs no more than cargo's own check afterwards.

pub mod image;
pub mod workspace;
