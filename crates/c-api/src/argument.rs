//! What a C caller hands over, read with every check that can be made.

use core::ffi::{CStr, c_char};
use core::slice;

use crate::Code;

/// A struct whose first member is its size, as the caller's header has it.
///
/// # Safety
/// Implementors are `repr(C)` and begin with `struct_size: u32`.
pub(crate) unsafe trait Sized32: Sized {}

/// A struct that the caller filled.
///
/// # Safety
/// `pointer` is NULL or points to a struct whose first four bytes are its size, which lives for `'a`.
pub(crate) unsafe fn read<'a, T: Sized32>(pointer: *const T) -> Result<&'a T, Code> {
    check_size::<T>(pointer)?;
    // SAFETY: not NULL, aligned, and as long as this version's struct; the caller keeps it for 'a.
    unsafe { pointer.as_ref() }.ok_or(Code::BadArgument)
}

/// A struct that the caller wants filled.
///
/// # Safety
/// As [`read`], and nobody else uses it during `'a`.
pub(crate) unsafe fn write<'a, T: Sized32>(pointer: *mut T) -> Result<&'a mut T, Code> {
    check_size::<T>(pointer)?;
    // SAFETY: not NULL, aligned, and as long as this version's struct; the caller keeps it for 'a.
    unsafe { pointer.as_mut() }.ok_or(Code::BadArgument)
}

fn check_size<T: Sized32>(pointer: *const T) -> Result<(), Code> {
    if pointer.is_null() || !pointer.is_aligned() {
        return Err(Code::BadArgument);
    }
    // SAFETY: every struct of the interface begins with its size, whatever version it is of.
    let size = unsafe { pointer.cast::<u32>().read() };
    if usize::try_from(size) == Ok(size_of::<T>()) { Ok(()) } else { Err(Code::AbiMismatch) }
}

/// Bytes; none where the pointer is NULL.
///
/// # Safety
/// `pointer` is NULL or points to `length` bytes that live and do not change for `'a`.
pub(crate) unsafe fn bytes<'a>(pointer: *const u8, length: usize) -> Result<&'a [u8], Code> {
    if pointer.is_null() {
        return if length == 0 { Ok(&[]) } else { Err(Code::BadArgument) };
    }
    if isize::try_from(length).is_err() {
        return Err(Code::BadArgument);
    }
    // SAFETY: the caller's bytes, no longer than half of the address space.
    Ok(unsafe { slice::from_raw_parts(pointer, length) })
}

/// A buffer to be filled; an empty one where the pointer is NULL.
///
/// # Safety
/// `pointer` is NULL or points to `length` bytes that nobody else uses during `'a`.
pub(crate) unsafe fn buffer<'a>(pointer: *mut u8, length: usize) -> Result<&'a mut [u8], Code> {
    if pointer.is_null() {
        return if length == 0 { Ok(&mut []) } else { Err(Code::BadArgument) };
    }
    if isize::try_from(length).is_err() {
        return Err(Code::BadArgument);
    }
    // SAFETY: the caller's buffer, no longer than half of the address space.
    Ok(unsafe { slice::from_raw_parts_mut(pointer, length) })
}

/// An array of pointers or structs; empty where the pointer is NULL.
///
/// # Safety
/// `pointer` is NULL or points to `count` elements that live and do not change for `'a`.
pub(crate) unsafe fn array<'a, T>(pointer: *const T, count: usize) -> Result<&'a [T], Code> {
    /// More than any list of hosts, URLs or certificates has.
    const COUNT_MAX: usize = 256;
    if pointer.is_null() {
        return if count == 0 { Ok(&[]) } else { Err(Code::BadArgument) };
    }
    if count > COUNT_MAX || !pointer.is_aligned() {
        return Err(Code::BadArgument);
    }
    // SAFETY: the caller's array, of a bounded count.
    Ok(unsafe { slice::from_raw_parts(pointer, count) })
}

/// A string in UTF-8.
///
/// # Safety
/// `pointer` is NULL or points to a NUL-terminated string that lives and does not change for `'a`.
pub(crate) unsafe fn text<'a>(pointer: *const c_char) -> Result<&'a str, Code> {
    if pointer.is_null() {
        return Err(Code::BadArgument);
    }
    // SAFETY: the caller's string ends in a NUL.
    unsafe { CStr::from_ptr(pointer) }.to_str().map_err(|_| Code::BadArgument)
}
