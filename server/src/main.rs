//! The `weir` program: one line on stderr and exit 1 when something fails, 2 when the command line makes no sense.

use std::process::ExitCode;

use server::cli::{self, Failure};

fn main() -> ExitCode {
    // Every TLS connection of the process uses this one library; a second call could only mean it is installed.
    if rustls::crypto::ring::default_provider()
        .install_default()
        .is_err()
    {
        eprintln!("weir: another TLS library was installed first");
        return ExitCode::FAILURE;
    }
    match cli::run(std::env::args_os()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(message)) => {
            eprintln!("weir: {message} (try weir --help)");
            ExitCode::from(2)
        }
        Err(Failure::Failed(error)) => {
            eprintln!("weir: {error:#}");
            ExitCode::FAILURE
        }
    }
}
