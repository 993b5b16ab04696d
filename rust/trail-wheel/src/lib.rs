//! Unpacks and verifies Python wheels, on many threads, by the rules of docs/wheel-checks.md.
//!
//! A [`Pool`] takes [`Job`]s and gives back [`Facts`] or an [`Error`] for each. The modules follow
//! the document: `frame`, `directory` and `local` read the archive, `plan` reads the wheel in it
//! (with `name`, `version`, `record`, `metadata` and `scheme`), `unpack` writes its files (with
//! `inflate` and `tree`), `facts` and `rpath` tell what it is like. `wheel` puts these together for
//! one wheel, `pool` for many. `remote` is for wheels that are not unpacked (yet).

mod bytes;
mod directory;
mod error;
mod extra;
mod facts;
mod frame;
mod inflate;
mod local;
mod metadata;
mod name;
mod plan;
mod pool;
mod raw;
mod record;
mod remote;
mod rpath;
mod scheme;
mod source;
mod tree;
mod unpack;
mod version;
mod wheel;

pub use directory::Member;
pub use error::{Error, Fault};
pub use facts::{EntryPoint, Escape, Facts, Mismatch, TopLevel};
pub use name::normalize;
pub use pool::{Next, Outcome, Pool};
pub use raw::Inflater;
pub use remote::find_metadata;
pub use version::Version;
pub use wheel::Job;

/// The version of this library, which is trail's.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
