//! What can go wrong with a wheel.

use std::io;
use std::path::{Path, PathBuf};

/// A rule of docs/wheel-checks.md that a wheel breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The rule's code.
    pub code: &'static str,
    /// The archive member concerned.
    pub member: Option<String>,
    /// What the rule asks for.
    pub expected: Option<String>,
    /// What was found.
    pub actual: Option<String>,
}

impl Fault {
    /// A fault of the archive as a whole.
    #[must_use]
    pub fn new(code: &'static str) -> Self {
        Self { code, member: None, expected: None, actual: None }
    }

    /// A fault of one member.
    #[must_use]
    pub fn of(code: &'static str, member: &str) -> Self {
        Self { member: Some(member.to_owned()), ..Self::new(code) }
    }

    /// Say what the rule asks for.
    #[must_use]
    pub fn expected(self, value: impl std::fmt::Display) -> Self {
        Self { expected: Some(value.to_string()), ..self }
    }

    /// Say what was found.
    #[must_use]
    pub fn actual(self, value: impl std::fmt::Display) -> Self {
        Self { actual: Some(value.to_string()), ..self }
    }
}

/// Why a job failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The wheel breaks a rule.
    Fault(Fault),
    /// The operating system refused something.
    Os {
        /// Its error number.
        errno: i32,
        /// The file or folder concerned.
        path: PathBuf,
    },
    /// The job was dropped, because its pool was told to stop.
    Stopped,
    /// A bug in this library: what the panic said.
    Panic(String),
}

impl Error {
    /// Name the file that an I/O error is about.
    #[must_use]
    pub fn os(error: &io::Error, path: &Path) -> Self {
        Self::Os { errno: error.raw_os_error().unwrap_or(EIO), path: path.to_owned() }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// "Input/output error": for errors without a number, such as a file that became shorter.
const EIO: i32 = 5;
