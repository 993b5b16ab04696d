//! The two calls that need `unsafe`, each behind a safe function.

#![allow(unsafe_code)]

use std::ffi::c_void;
use std::fs::File;
use std::io;
use std::ptr::NonNull;

use libdeflate_sys::{
    libdeflate_alloc_decompressor, libdeflate_decompressor, libdeflate_deflate_decompress_ex,
    libdeflate_free_decompressor, libdeflate_result_LIBDEFLATE_SUCCESS,
};
use memmap2::Mmap;

/// Map a file that nobody else can change or shorten while it is mapped.
pub fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: callers map only archives that trail itself downloaded into a folder of its own
    // (`Job::private`); all others are read with `Source::File`.
    unsafe { Mmap::map(file) }
}

/// A libdeflate decompressor. The crate libdeflater does not tell how much input was used.
pub struct Inflater(NonNull<libdeflate_decompressor>);

// SAFETY: a decompressor is a block of memory without ties to a thread.
unsafe impl Send for Inflater {}

impl Default for Inflater {
    fn default() -> Self {
        Self::new()
    }
}

impl Inflater {
    /// Make one.
    ///
    /// # Panics
    ///
    /// If there is no memory for it.
    #[must_use]
    pub fn new() -> Self {
        // SAFETY: no preconditions; null means that there is no memory.
        let pointer = unsafe { libdeflate_alloc_decompressor() };
        Self(NonNull::new(pointer).expect("no memory for a decompressor"))
    }

    /// Inflate a whole stream.
    ///
    /// Returns how many bytes of `input` it used and how many of `output` it filled, or nothing
    /// if the stream is damaged or `output` too small.
    pub fn inflate(&mut self, input: &[u8], output: &mut [u8]) -> Option<(usize, usize)> {
        let (mut used, mut filled) = (0, 0);
        // SAFETY: both slices are valid for their lengths, and libdeflate stays inside them.
        let result = unsafe {
            libdeflate_deflate_decompress_ex(
                self.0.as_ptr(),
                input.as_ptr().cast::<c_void>(),
                input.len(),
                output.as_mut_ptr().cast::<c_void>(),
                output.len(),
                &raw mut used,
                &raw mut filled,
            )
        };
        (result == libdeflate_result_LIBDEFLATE_SUCCESS).then_some((used, filled))
    }
}

impl Drop for Inflater {
    fn drop(&mut self) {
        // SAFETY: the pointer came from `libdeflate_alloc_decompressor` and is not used again.
        unsafe { libdeflate_free_decompressor(self.0.as_ptr()) }
    }
}
