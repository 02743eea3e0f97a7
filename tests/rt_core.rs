//! The verifying core on an emulated real-time core: what it answers and trusts is what it does on this machine.

use std::{env, path::PathBuf};

/// Names the built program of the sample; `cargo xtask` sets it.
const PROGRAM_VARIABLE: &str = "SYSTEM_TESTS_RT_CORE";

#[test]
fn an_emulated_core_answers_as_this_machine_s_core_does() {
    // Without a toolchain for the target there is no program; `cargo xtask` builds one and sets the variable.
    let Some(program) = env::var_os(PROGRAM_VARIABLE).map(PathBuf::from) else { return };
    let figures = system_tests::rt_core::check(&program).unwrap();
    for (name, value) in &figures {
        println!("figure {name}={value}");
    }
    let ram = figures.iter().find(|(name, _)| name == "m4_ram_bytes").map(|(_, value)| *value);
    assert!(ram.is_some_and(|ram| ram <= 16 * 1_024), "{ram:?}");
}
