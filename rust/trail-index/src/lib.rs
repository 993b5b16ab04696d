//! Reads the JSON pages of the simple repository API (PEP 691, 700, 714, 792), as
//! `python/trail/index/simple.py` does and in the form that `python/trail/index/cache.py` keeps.
//!
//! Only pages that leave no doubt are read here. For all others, the faulty ones included, there
//! is no result, and the Python parser decides: so each message has one place.

#![forbid(unsafe_code)]

mod address;
mod filename;
mod gzip;
mod json;
mod page;
mod rows;

pub use page::{Page, Reader};
