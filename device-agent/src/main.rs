//! The `device-agent` program: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    device_agent::linux::cli::main()
}
