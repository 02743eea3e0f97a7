//! The program of a real-time core on an emulated one: what it answers and trusts is what it does on this machine.

use std::{io, path::Path};

use system_tests::rt_record;

use crate::output;

/// Feeds it every stream, and says what it took.
pub(crate) fn check(program: &Path, record: &Path) -> io::Result<()> {
    let (figures, is_known) = rt_record::check_once(program, record)?;
    if is_known {
        output::complain(&"the same program, streams and emulator as in the record: measured before");
    }
    figures.iter().try_for_each(|(name, value)| output::figure(name, *value))
}
