//! Gives the linker the memory of the board that the program is for.

use std::{env, error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=memory");
    if env::var("CARGO_CFG_TARGET_OS")? != "none" {
        return Ok(());
    }
    let board = if env::var_os("CARGO_FEATURE_MT3620").is_some() { "mt3620" } else { "mps2-an386" };
    let folder = PathBuf::from(env::var("OUT_DIR")?);
    fs::copy(format!("memory/{board}.x"), folder.join("memory.x"))?;
    println!("cargo:rustc-link-search={}", folder.display());
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    Ok(())
}
