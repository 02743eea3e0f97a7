//! How deep the stack went, and how much memory is static: what a budget is held against.

/// What the start-up code fills the stack with (`paint-stack` of `cortex-m-rt`).
const PAINT: u32 = cortex_m_rt::STACK_PAINT_VALUE;

#[expect(unsafe_code, reason = "symbols of the linker script; only their addresses are taken")]
mod symbols {
    unsafe extern "C" {
        pub(super) static __sdata: u32;
        pub(super) static __edata: u32;
        pub(super) static __sbss: u32;
        pub(super) static __ebss: u32;
        pub(super) static _stack_start: u32;
        pub(super) static _stack_end: u32;
    }
}

/// Bytes of `.data` and `.bss`.
pub(crate) fn static_bytes() -> usize {
    let [data, data_end, bss, bss_end] = [
        (&raw const symbols::__sdata).addr(),
        (&raw const symbols::__edata).addr(),
        (&raw const symbols::__sbss).addr(),
        (&raw const symbols::__ebss).addr(),
    ];
    data_end.saturating_sub(data).saturating_add(bss_end.saturating_sub(bss))
}

/// Most bytes that the stack has had: from its start down to the last painted word that was written over.
pub(crate) fn high_water_bytes() -> usize {
    let lowest = &raw const symbols::_stack_end;
    let words = (&raw const symbols::_stack_start).addr().saturating_sub(lowest.addr()).div_euclid(4);
    let untouched = (0..words).take_while(|word| read(lowest.wrapping_add(*word)) == PAINT).count();
    words.saturating_sub(untouched).saturating_mul(4)
}

#[expect(
    unsafe_code,
    reason = "reads the stack's own memory, between the linker's two symbols, as whole words"
)]
fn read(word: *const u32) -> u32 {
    // SAFETY: `word` is aligned and lies in the RAM that the linker script reserves for the stack.
    unsafe { word.read_volatile() }
}
