//! The program: one core, its buffers, its line, and what it says of itself at the end.

use core::panic::PanicInfo;

use intercore::{Answer, Memory, Receiver, limits::MESSAGE_BYTES_MAX};

use crate::{
    image::{buffers, image},
    mailbox::{Line, Mailbox},
    report,
};

#[cortex_m_rt::entry]
fn main() -> ! {
    let passed = run();
    report::end(passed)
}

/// Feeds the core until the line ends; then says what it trusts.
fn run() -> bool {
    // All on the stack, where its high-water mark counts it.
    let (mut keyring, mut document) = ([0; buffers::KEYRING_BYTES], [0; buffers::DOCUMENT_BYTES]);
    let (mut one, mut other) = ([0; buffers::SET_BYTES], [0; buffers::SET_BYTES]);
    let memory = Memory { keyring: &mut keyring, document: &mut document, sets: [&mut one, &mut other] };
    // Used where it is made: a copy of it on the stack would be there as long as the program.
    let mut made = Receiver::new(&image(), memory);
    let receiver = match &mut made {
        Ok(receiver) => receiver,
        Err(reason) => {
            report::line(format_args!("refused image {reason}"));
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
    #[cfg(not(feature = "mt3620"))]
    show(receiver);
    true
}

#[inline(never)] // so that nothing of it is on the stack while signatures are checked
fn send(line: &mut Line, answer: &Answer) {
    line.send(&answer.to_bytes());
}

#[cfg(not(feature = "mt3620"))]
#[inline(never)] // as above
fn show(receiver: &Receiver<'_>) {
    for anchor in receiver.trust().iter().flat_map(|trust| trust.anchors()) {
        report::line(format_args!("anchor {}", report::Hex(&anchor.sha256.0)));
    }
}

/// Takes the next message; `None` at the end of the line. The message's buffer is gone before anything is judged.
#[inline(never)]
fn take(line: &mut Line, receiver: &mut Receiver<'_>) -> Option<Option<Answer>> {
    let mut message = [0; MESSAGE_BYTES_MAX];
    let length = line.receive(&mut message)?;
    Some(receiver.receive(message.get(..length).unwrap_or_default()))
}

/// A panic is reported and ends the program; a product would restart the core.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    report::line(format_args!("panic"));
    report::end(false)
}

#[expect(
    unsafe_code,
    reason = "an exception handler is entered by the processor, and the attribute asks for it"
)]
mod exceptions {
    use super::report;

    /// A fault ends the program, as a panic does where its message was compiled away.
    #[cortex_m_rt::exception]
    unsafe fn HardFault(_frame: &cortex_m_rt::ExceptionFrame) -> ! {
        report::line(format_args!("fault"));
        report::end(false)
    }
}
