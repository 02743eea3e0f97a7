//! The program: one core, its buffers, its line, and what it says of itself at the end.

use core::{fmt, panic::PanicInfo};

use intercore::limits::MESSAGE_BYTES_MAX;
#[cfg(not(feature = "scaffold"))]
use intercore::{Answer, Memory, Receiver};
use semihosting::{println, process::ExitCode};

use crate::{
    mailbox::{Line, Mailbox},
    stack,
};

/// Bytes as hexadecimal digits.
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cortex_m_rt::entry]
fn main() -> ! {
    let passed = run();
    println!("figure m4_static_bytes={}", stack::static_bytes());
    println!("figure m4_stack_bytes={}", stack::high_water_bytes());
    let code = if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    code.exit_process()
}

/// Feeds the core until the line ends; then says what it trusts.
#[cfg(not(feature = "scaffold"))]
fn run() -> bool {
    use crate::image::{buffers, image};
    // All on the stack, where its high-water mark counts it.
    let (mut keyring, mut document) = ([0; buffers::KEYRING_BYTES], [0; buffers::DOCUMENT_BYTES]);
    let (mut one, mut other) = ([0; buffers::SET_BYTES], [0; buffers::SET_BYTES]);
    let memory = Memory { keyring: &mut keyring, document: &mut document, sets: [&mut one, &mut other] };
    // Used where it is made: a copy of it on the stack would be there as long as the program.
    let mut made = Receiver::new(&image(), memory);
    let receiver = match &mut made {
        Ok(receiver) => receiver,
        Err(reason) => {
            println!("refused image {reason}");
            return false;
        }
    };
    let mut line = Line::open();
    while let Some(mut answer) = take(&mut line, receiver) {
        // One signature a call: here is the place for what the core does besides.
        while answer.is_none() {
            answer = receiver.proceed();
        }
        answer.iter().for_each(|answer| send(&mut line, answer));
    }
    show(receiver);
    true
}

#[cfg(not(feature = "scaffold"))]
#[inline(never)] // so that nothing of it is on the stack while signatures are checked
fn send(line: &mut Line, answer: &Answer) {
    line.send(&answer.to_bytes());
}

#[cfg(not(feature = "scaffold"))]
#[inline(never)] // as above
fn show(receiver: &Receiver<'_>) {
    for anchor in receiver.trust().iter().flat_map(|trust| trust.anchors()) {
        println!("anchor {}", Hex(&anchor.sha256.0));
    }
}

/// Takes the next message; `None` at the end of the line. The message's buffer is gone before anything is judged.
#[cfg(not(feature = "scaffold"))]
#[inline(never)]
fn take(line: &mut Line, receiver: &mut Receiver<'_>) -> Option<Option<Answer>> {
    let mut message = [0; MESSAGE_BYTES_MAX];
    let length = line.receive(&mut message)?;
    Some(receiver.receive(message.get(..length).unwrap_or_default()))
}

/// The same line without a core behind it: what is left is what the program costs without one.
#[cfg(feature = "scaffold")]
fn run() -> bool {
    let (mut line, mut message) = (Line::open(), [0; MESSAGE_BYTES_MAX]);
    while let Some(length) = line.receive(&mut message) {
        let mut answer = [0; intercore::limits::ANSWER_BYTES];
        answer.iter_mut().zip(message.iter().take(length)).for_each(|(to, from)| *to = *from);
        line.send(&answer);
    }
    true
}

/// A panic is reported and ends the program; a product would restart the core.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    println!("panic");
    ExitCode::FAILURE.exit_process()
}

#[expect(
    unsafe_code,
    reason = "an exception handler is entered by the processor, and the attribute asks for it"
)]
mod exceptions {
    use super::{ExitCode, println};

    /// A fault ends the program, as a panic does where its message was compiled away.
    #[cortex_m_rt::exception]
    unsafe fn HardFault(_frame: &cortex_m_rt::ExceptionFrame) -> ! {
        println!("fault");
        ExitCode::FAILURE.exit_process()
    }
}
