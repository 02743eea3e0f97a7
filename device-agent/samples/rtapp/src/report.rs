//! What the program says of itself, and its end: to the machine that emulates it, or to nobody.

#[cfg(feature = "mt3620")]
pub(crate) use chip::{end, line};
#[cfg(not(feature = "mt3620"))]
pub(crate) use emulated::{Hex, end, line};

#[cfg(not(feature = "mt3620"))]
mod emulated {
    use core::fmt;

    use semihosting::{println, process::ExitCode};

    use crate::stack;

    /// Bytes as hexadecimal digits.
    pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

    impl fmt::Display for Hex<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
        }
    }

    /// Writes a line to the emulator's standard output.
    pub(crate) fn line(text: fmt::Arguments<'_>) {
        println!("{text}");
    }

    /// Says what the program took, and ends the emulator.
    pub(crate) fn end(passed: bool) -> ! {
        println!("figure m4_static_bytes={}", stack::static_bytes());
        println!("figure m4_stack_bytes={}", stack::high_water_bytes());
        let code = if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        code.exit_process()
    }
}

#[cfg(feature = "mt3620")]
mod chip {
    use core::fmt;

    /// Nobody reads: without a debugger there is no such line, and asking for one is a fault.
    pub(crate) const fn line(_text: fmt::Arguments<'_>) {}

    /// Stays where it is: there is nothing to return to. A product's watchdog ends this.
    pub(crate) fn end(_passed: bool) -> ! {
        loop {
            core::hint::spin_loop();
        }
    }
}
