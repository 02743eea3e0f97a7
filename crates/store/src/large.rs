//! A value of several KiB: where it stands, or on the heap of whoever has one.
//!
//! Small boards have heaps and short stacks. With the feature `boxed` such a value is made on the heap at once, and
//! never moved over the stack; without it the store needs no heap. Nothing else depends on the feature.

use core::ops::{Deref, DerefMut};

/// One large value.
#[derive(Debug)]
#[cfg_attr(any(test, feature = "fault"), derive(Clone))]
pub struct Large<T> {
    #[cfg(not(feature = "boxed"))]
    value: T,
    #[cfg(feature = "boxed")]
    value: alloc::boxed::Box<[T; 1]>,
}

#[cfg(not(feature = "boxed"))]
impl<T: Default> Large<T> {
    /// The default value.
    #[must_use]
    pub fn new() -> Self {
        Self { value: T::default() }
    }
}

#[cfg(feature = "boxed")]
impl<T: Default> Large<T> {
    /// The default value.
    #[must_use]
    pub fn new() -> Self {
        // A vector's place exists before its value is made, so that the value is made in it.
        let mut one = alloc::vec::Vec::with_capacity(1);
        one.resize_with(1, T::default);
        // Not reached: one value is an array of one.
        let value =
            one.into_boxed_slice().try_into().unwrap_or_else(|_| alloc::boxed::Box::new([T::default()]));
        Self { value }
    }
}

impl<T: Default> Default for Large<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Deref for Large<T> {
    type Target = T;

    fn deref(&self) -> &T {
        #[cfg(not(feature = "boxed"))]
        let value = &self.value;
        #[cfg(feature = "boxed")]
        let [value] = &*self.value;
        value
    }
}

impl<T> DerefMut for Large<T> {
    fn deref_mut(&mut self) -> &mut T {
        #[cfg(not(feature = "boxed"))]
        let value = &mut self.value;
        #[cfg(feature = "boxed")]
        let [value] = &mut *self.value;
        value
    }
}
