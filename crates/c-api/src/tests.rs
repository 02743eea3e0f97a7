//! Tests of the interface, as a C program would call it.
