//! Every bound of the server, each with its reason.

use std::time::Duration;

/// Largest file that is loaded: 16 MiB. The largest that the format allows is `update/0-<n>` with every
/// certificate at its longest, 8.1 MiB; all of Mozilla's store is a twentieth of that.
pub const FILE_BYTES_MAX: u64 = 16 << 20;

/// Most files in one published tree. A channel with a release a day for ten years, each with updates from
/// the last 32 releases, is 120,000.
pub const TREE_FILES_MAX: usize = 200_000;

/// Bytes of file bodies held in memory unless `--memory-mebibytes` says otherwise.
pub const TREE_MEBIBYTES_DEFAULT: u64 = 256;

/// Longest request line and headers: 16 KiB. A device sends less than 300 bytes; proxies add to it. (hyper
/// itself takes at most 100 headers.)
pub const HEAD_BYTES_MAX: usize = 16 << 10;

/// Open connections unless `--connections` says otherwise: below the usual limit of 1,024 open files.
pub const CONNECTIONS_DEFAULT: usize = 900;

/// How long a client may take to send its request head, and how long a kept connection may idle.
pub const HEAD_READ: Duration = Duration::from_secs(20);

/// How long a TLS handshake may take: slow radio links need seconds, no link needs longer.
pub const HANDSHAKE: Duration = Duration::from_secs(15);

/// How long a report's body may take to arrive.
pub const BODY_READ: Duration = Duration::from_secs(10);

/// Longest life of one connection; a client that does not read its answer is cut off here.
pub const CONNECTION_LIFE: Duration = Duration::from_secs(300);

/// How long answers under way may take to finish after SIGTERM; service managers kill after longer.
pub const STOP: Duration = Duration::from_secs(5);

/// Milliseconds between two looks at the served folder, unless `--poll-milliseconds` says otherwise: what is
/// published is served at once to human eyes, and an idle server stays idle.
pub const POLL_MILLISECONDS_DEFAULT: u64 = 500;

/// How long caches keep a head. A head is small and devices ask every hour or less, so that a minute
/// costs nothing and takes the edge off a fleet that wakes at once.
pub const HEAD_MAX_AGE_SECONDS: u32 = 60;

/// How long caches keep "not found". Shorter than a head lives in a cache: whoever sees a new head must
/// find the files it names.
pub const NOT_FOUND_MAX_AGE_SECONDS: u32 = 30;

/// How long caches keep a file that never changes: a year, the longest that caches honour.
pub const IMMUTABLE_MAX_AGE_SECONDS: u32 = 31_536_000;

/// How often a changing folder is read again before the old content is kept until the next poll.
pub const LOAD_ATTEMPTS_MAX: usize = 4;

/// Request log lines waiting for standard error; further ones are counted, not written.
pub const LOG_LINES_MAX: usize = 8_192;

/// What a device is told to wait, in seconds, when its report cannot be stored now.
pub const RETRY_SECONDS: u32 = 30;
