//! Writes the seeds of every target into a folder of its own: `seeds FOLDER`.

use std::{env, error::Error, fs, io::Write as _, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::args_os().nth(1).ok_or("which folder?")?);
    for target in fuzz::TARGETS {
        let own = folder.join(target.name);
        fs::create_dir_all(&own)?;
        for (number, seed) in (target.seeds)().iter().enumerate() {
            fs::File::create(own.join(number.to_string()))?.write_all(seed)?;
        }
    }
    Ok(())
}
