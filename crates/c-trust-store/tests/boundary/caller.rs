//! A caller, as a C program is one.

use std::ffi::{CStr, CString, c_char, c_void};
use std::path::Path;
use std::ptr;
use std::sync::Mutex;

use trust_store_c::Handle;
use trust_store_c::anchors::{trust_store_anchor, trust_store_anchors};
use trust_store_c::code::{TRUST_STORE_BUFFER_TOO_SMALL, TRUST_STORE_OK};
use trust_store_c::opening::{TrustStoreConfig, trust_store_close, trust_store_open};
use trust_store_c::snapshot::{TrustStoreSnapshot, trust_store_refresh, trust_store_snapshot_read};

/// An open handle.
pub(crate) struct Caller(pub(crate) *mut Handle);

// SAFETY: the interface says that any thread may call it.
unsafe impl Sync for Caller {}

/// The size of a struct, as its first member has it.
pub(crate) fn size<T>() -> u32 {
    u32::try_from(size_of::<T>()).unwrap()
}

pub(crate) fn c_path(path: &Path) -> CString {
    CString::new(path.to_str().unwrap()).unwrap()
}

/// A configuration in which only the size is set.
pub(crate) fn cleared() -> TrustStoreConfig {
    TrustStoreConfig {
        struct_size: size::<TrustStoreConfig>(),
        store_path: ptr::null(),
        store_offset: 0,
        store_bytes: 0,
        seed_path: ptr::null(),
        interval_milliseconds: 0,
        judges: false,
        context: ptr::null_mut(),
        log: None,
    }
}

/// Opens as `change` has the configuration: the code, the handle, and what the log was told.
pub(crate) fn open(
    store: &Path,
    seed: Option<&Path>,
    change: impl FnOnce(&mut TrustStoreConfig),
) -> (i32, Option<Caller>, String) {
    let (store, seed) = (c_path(store), seed.map(c_path));
    let mut config = cleared();
    config.store_path = store.as_ptr();
    config.seed_path = seed.as_ref().map_or(ptr::null(), |seed| seed.as_ptr());
    // Handles may call it for as long as they live: it is never given back.
    let lines: &'static Mutex<String> = Box::leak(Box::default());
    config.context = ptr::from_ref(lines).cast_mut().cast();
    config.log = Some(log);
    change(&mut config);
    let mut handle = ptr::dangling_mut();
    // SAFETY: a configuration whose strings live, and a place for the result.
    let code = unsafe { trust_store_open(&raw const config, &raw mut handle) };
    assert_eq!(handle.is_null(), code != TRUST_STORE_OK, "there is a handle where it was opened, else NULL");
    let told = lines.lock().unwrap().clone();
    (code, (!handle.is_null()).then_some(Caller(handle)), told)
}

unsafe extern "C" fn log(context: *mut c_void, _level: i32, line: *const c_char) {
    // SAFETY: the context that `open` gave, and a string that lives until this returns.
    let (lines, line) = unsafe { (&*context.cast::<Mutex<String>>(), CStr::from_ptr(line)) };
    lines.lock().unwrap().push_str(line.to_str().unwrap());
}

impl Caller {
    pub(crate) fn opened(store: &Path) -> Self {
        let (code, caller, told) = open(store, None, |_| {});
        assert_eq!(code, TRUST_STORE_OK, "{told}");
        caller.unwrap()
    }

    pub(crate) fn refresh(&self) -> i32 {
        // SAFETY: an open handle.
        unsafe { trust_store_refresh(self.0) }
    }

    pub(crate) fn snapshot(&self) -> TrustStoreSnapshot {
        let mut snapshot =
            TrustStoreSnapshot { struct_size: size::<TrustStoreSnapshot>(), ..TrustStoreSnapshot::default() };
        // SAFETY: an open handle, and a struct whose size is set.
        assert_eq!(unsafe { trust_store_snapshot_read(self.0, &raw mut snapshot) }, TRUST_STORE_OK);
        snapshot
    }

    /// Anchors into a buffer of this size, with a guard behind it: the code, the buffer and what is needed.
    pub(crate) fn fill(
        &self,
        changes: u64,
        service: &CStr,
        format: i32,
        room: usize,
    ) -> (i32, Vec<u8>, usize) {
        filled(room, |buffer, needed| {
            // SAFETY: an open handle, a string, and a buffer of this size.
            unsafe { trust_store_anchors(self.0, changes, service.as_ptr(), format, buffer, room, needed) }
        })
    }

    /// As [`Caller::fill`], of one anchor.
    pub(crate) fn fill_one(&self, changes: u64, index: usize, room: usize) -> (i32, Vec<u8>, usize) {
        filled(room, |buffer, needed| {
            // SAFETY: as above.
            unsafe { trust_store_anchor(self.0, changes, c"hub".as_ptr(), index, buffer, room, needed) }
        })
    }

    /// The anchors of `hub`; the code where there are none.
    pub(crate) fn anchors(&self, changes: u64, format: i32) -> Result<Vec<u8>, i32> {
        let (code, _, needed) = self.fill(changes, c"hub", format, 0);
        if code != TRUST_STORE_BUFFER_TOO_SMALL {
            return if code == TRUST_STORE_OK { Ok(Vec::new()) } else { Err(code) };
        }
        match self.fill(changes, c"hub", format, needed) {
            (TRUST_STORE_OK, bytes, _) => Ok(bytes),
            (code, ..) => Err(code),
        }
    }
}

fn filled(room: usize, call: impl FnOnce(*mut u8, *mut usize) -> i32) -> (i32, Vec<u8>, usize) {
    const GUARD: [u8; 16] = [0xa5; 16];
    let mut buffer = vec![0x5a; room];
    buffer.extend(GUARD);
    let mut needed = usize::MAX;
    let code = call(buffer.as_mut_ptr(), &raw mut needed);
    assert_eq!(buffer.split_off(room), GUARD, "nothing is written past the buffer");
    (code, buffer, needed)
}

impl Drop for Caller {
    fn drop(&mut self) {
        // SAFETY: an open handle that nobody uses any more.
        let code = unsafe { trust_store_close(self.0) };
        assert_eq!(code, TRUST_STORE_OK);
    }
}
