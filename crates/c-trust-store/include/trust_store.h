/* What an application trusts, as the device agent keeps it: the anchors of a service, and a judge of chains.
 *
 * Any thread may call any function, but for trust_store_close. Every struct begins with its size. Functions return a code,
 * TRUST_STORE_OK or another; codes and numbers are stable, and those of device_agent.h. trust_store(3) has the whole.
 *
 * Generated from crates/c-trust-store; change it there. */

#ifndef TRUST_STORE_H
#define TRUST_STORE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/*
 PEM without comments, NUL-terminated: CURLOPT_CAINFO_BLOB, SSL_CTX with PEM_read_bio_X509, wolfSSL_CTX_load_verify_buffer
 with WOLFSSL_FILETYPE_PEM, mbedtls_x509_crt_parse (with the NUL), gnutls_certificate_set_x509_trust_mem.
 */
#define TRUST_STORE_PEM 0

/*
 Certificates in DER, back to back: wolfSSL_CTX_load_verify_chain_buffer_format and parsers that read on.
 */
#define TRUST_STORE_DER 1

/*
 The version of this interface, and the number of its soname. It grows when something in it changes its meaning.
 */
#define TRUST_STORE_ABI_VERSION 1

/*
 Done.
 */
#define TRUST_STORE_OK 0

/*
 Not now: trust_store_wait came to its deadline, or what was asked for is no longer the state of the handle.
 */
#define TRUST_STORE_AGAIN 1

/*
 An argument is NULL that must not be, or cannot be read.
 */
#define TRUST_STORE_BAD_ARGUMENT -1

/*
 A struct_size that this library does not know.
 */
#define TRUST_STORE_ABI_MISMATCH -2

/*
 The image's seed cannot be read, or does not verify.
 */
#define TRUST_STORE_SEED_REFUSED -7

/*
 The store cannot be read; what was read before stays in force.
 */
#define TRUST_STORE_STORE_FAILED -10

/*
 The region's offset is no multiple of 8,192, or it has fewer than 32,768 bytes.
 */
#define TRUST_STORE_REGION_REFUSED -12

/*
 The buffer is too small; how much is needed stands in *needed.
 */
#define TRUST_STORE_BUFFER_TOO_SMALL -13

/*
 The bundle has no such service.
 */
#define TRUST_STORE_UNKNOWN_SERVICE -14

/*
 Neither the store nor a seed has a bundle.
 */
#define TRUST_STORE_NO_BUNDLE -15

/*
 A newer agent wrote the store, and no seed is given: update this library.
 */
#define TRUST_STORE_NEWER_FORMAT -20

/*
 The handle was opened by another process: open one after fork.
 */
#define TRUST_STORE_FORKED -21

/*
 The system gave no thread or no descriptor.
 */
#define TRUST_STORE_SYSTEM_FAILED -22

/*
 A bug of this library. The handle stays usable.
 */
#define TRUST_STORE_BUG -70

/*
 The chain verifies.
 */
#define TRUST_STORE_VERIFIED 0

/*
 The chain is bad: its links, its name, its dates, or what the bundle says of them.
 */
#define TRUST_STORE_REFUSED 1

/*
 Nothing can be said: the chain takes more work than is allowed.
 */
#define TRUST_STORE_INCONCLUSIVE 2

/*
 A time that nobody knows.
 */
#define TRUST_STORE_CLOCK_UNKNOWN UINT64_MAX

/*
 Bytes of a judgement's words, with the NUL behind them; longer ones are cut.
 */
#define TRUST_STORE_WORDS_BYTES 256

/*
 A timeout that never comes.
 */
#define TRUST_STORE_FOREVER UINT64_MAX

/*
 The handle. Applications only hold its address.
 */
typedef struct trust_store trust_store;

/*
 A chain that a server served, and what it is to be judged for.
 */
typedef struct trust_store_chain {
  /*
   sizeof(trust_store_chain).
   */
  uint32_t struct_size;
  /*
   The service's name.
   */
  const char *service;
  /*
   The host name that was asked for, or an address.
   */
  const char *host;
  /*
   The certificates in DER, the server's own first.
   */
  const uint8_t *const *certificates;
  /*
   The length of each in bytes.
   */
  const size_t *certificate_bytes;
  /*
   How many there are.
   */
  size_t certificate_count;
  /*
   The time in seconds since 1970; 0: that of the system's clock; TRUST_STORE_CLOCK_UNKNOWN where nobody knows it. A
   clock behind the snapshot's time floor was never set: dates are then judged by the floor.
   */
  uint64_t unix_seconds;
} trust_store_chain;

/*
 Why a chain was judged as it was.
 */
typedef struct trust_store_judgement {
  /*
   sizeof(trust_store_judgement).
   */
  uint32_t struct_size;
  /*
   The state that it was judged under, as snapshots have it.
   */
  uint64_t changes;
  /*
   TRUST_STORE_VERIFIED, TRUST_STORE_REFUSED or TRUST_STORE_INCONCLUSIVE.
   */
  int32_t verdict;
  /*
   Why, as a stable reason; 0 where it verifies.
   */
  uint16_t reason;
  /*
   Where it verifies, the last moment at which it still will, in seconds since 1970: for connections that live long.
   */
  uint64_t valid_until;
  /*
   A sentence for people.
   */
  char words[TRUST_STORE_WORDS_BYTES];
} trust_store_judgement;

/*
 Where the store is, and how it is followed. Zeros and NULL are the defaults: of a struct that is cleared, only
 struct_size must be set. Strings are copied.
 */
typedef struct trust_store_config {
  /*
   sizeof(trust_store_config).
   */
  uint32_t struct_size;
  /*
   The store's file; NULL: /var/lib/device-agent/store.
   */
  const char *store_path;
  /*
   Where the region starts in it: a multiple of 8,192.
   */
  uint64_t store_offset;
  /*
   Its length in bytes, as the agent was told; 0: the agent's own, 1,048,576.
   */
  uint32_t store_bytes;
  /*
   The image's seed, such as /usr/share/device-agent/seed: what holds before the first check and after a loss of
   the store; NULL for none.
   */
  const char *seed_path;
  /*
   How often the store is looked at for trust_store_wait and trust_store_descriptor; 0: every 5,000.
   */
  uint32_t interval_milliseconds;
  /*
   The application asks trust_store_judge about every chain that it accepts. All anchors for TLS servers are then handed
   out; otherwise the service's policy decides about those that a bare certificate says too little of.
   */
  bool judges;
  /*
   Handed to log.
   */
  void *context;
  /*
   One line for people, without a line end: why trust_store_open failed, what a look at the store found. Level 0
   error, 1 warning, 2 information. Called on any thread that calls a function of this interface, and on the one
   that trust_store_wait and trust_store_descriptor start; NULL for none.
   */
  void (*log)(void *context, int32_t level, const char *line);
} trust_store_config;

/*
 A place in the order of releases.
 */
typedef struct trust_store_order {
  /*
   The recovery epoch.
   */
  uint16_t epoch;
  /*
   The number in it.
   */
  uint32_t number;
} trust_store_order;

/*
 What is in force.
 */
typedef struct trust_store_snapshot {
  /*
   sizeof(trust_store_snapshot).
   */
  uint32_t struct_size;
  /*
   Counts the changes of what is trusted since the store was made, as the agent's status and exports have it.
   */
  uint64_t generation;
  /*
   Counts the states of this handle, from 1: another number, another trust. It tells a store apart that was
   replaced by another one, too.
   */
  uint64_t changes;
  /*
   The release in use.
   */
  struct trust_store_order release;
  /*
   0 the image's seed, 1 a confirmed release, 2 a release on trial.
   */
  uint8_t phase;
  /*
   What is to be said of the store, as a stable reason; 0 for nothing. Whatever it is, what was read before stays in
   force.
   */
  uint16_t reason;
  /*
   A time that has passed for certain, in seconds since 1970: a clock that shows an earlier one was never set.
   */
  uint64_t time_floor;
  /*
   SHA-256 of the release's header: what heads, reports and exports call it.
   */
  uint8_t release_sha256[32];
} trust_store_snapshot;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/*
 Writes the anchors of a service into `buffer`, and how many bytes they have in all into *needed: with PEM its NUL
 included. With TRUST_STORE_BUFFER_TOO_SMALL the buffer's content is of no use; ask with a NULL buffer for the
 length alone.

 An anchor that is denied or that is not for TLS servers is left out. What certificates cannot say of the others is decided
 as in the files that the agent exports: by the service's policy ("unexportable"), and without one, an anchor with
 constraints and one that has ended are left out. Nothing more is where the configuration says that the application
 judges every chain.

 `changes` is the state to read, as a snapshot has it: TRUST_STORE_AGAIN where the handle has moved on, so that what
 several calls return is of one state; 0: the newest.

 # Safety
 `store` came from trust_store_open; `service` is a NUL-terminated string; `buffer` points to `buffer_bytes`
 bytes, and `needed` to a place for a number.
 */
int32_t trust_store_anchors(struct trust_store *store,
                            uint64_t changes,
                            const char *service,
                            int32_t format,
                            uint8_t *buffer,
                            size_t buffer_bytes,
                            size_t *needed);

/*
 Writes one anchor of a service in DER into `buffer`, by its place from 0 on, and its length into *needed: zero past
 the last one. For stacks that are given one certificate at a time; name the state, so that all are of one.

 # Safety
 As [`trust_store_anchors`].
 */
int32_t trust_store_anchor(struct trust_store *store,
                           uint64_t changes,
                           const char *service,
                           size_t index,
                           uint8_t *buffer,
                           size_t buffer_bytes,
                           size_t *needed);

/*
 The version of the interface that this library has: compare it with TRUST_STORE_ABI_VERSION.
 */
uint32_t trust_store_abi_version(void);

/*
 The name of a code, such as "buffer_too_small"; "unknown" for one of a later version. Never NULL.
 */
const char *trust_store_code_name(int32_t code);

/*
 The name of a reason, such as "pin"; "unknown" for one of a later version. Never NULL.
 */
const char *trust_store_reason_name(uint16_t reason);

/*
 Looks at the store, and judges a served chain under what is in force: links, host name and dates, and the purposes,
 constraints, pins, expected names and denials of the bundle, which a TLS stack that was given certificates knows nothing of.

 Returns TRUST_STORE_VERIFIED, which is 0, for a chain that verifies, and only then; TRUST_STORE_REFUSED,
 TRUST_STORE_INCONCLUSIVE, or a code below zero. Whatever is not 0 must end the connection. It says nothing of the
 handshake: the TLS stack must have seen the server prove its key. A resumed session shows no chain: keep none over a
 change.

 *judgement says why; NULL: nobody asks. After a code below zero nothing stands in it.

 # Safety
 `store` came from trust_store_open; `chain` and everything in it are as their comments say; `judgement` is NULL or
 points to a trust_store_judgement whose struct_size is set.
 */
int32_t trust_store_judge(struct trust_store *store,
                          const struct trust_store_chain *chain,
                          struct trust_store_judgement *judgement);

/*
 Writes into *descriptor an eventfd(2) that can be read once the state has changed since it was read last: for poll,
 epoll and event loops. Read its eight bytes, then the snapshot. It does not block, is closed by trust_store_close, and
 is the same one at every call: one loop reads it, further threads use trust_store_wait.

 The first call of this function or of trust_store_wait starts a thread that looks at the store in the interval of the
 configuration. It takes no signals. The store is polled, and not watched: a watch ends where the file is replaced, and
 file systems that are shared over a network or in layers tell nothing.

 # Safety
 `store` came from trust_store_open; `descriptor` points to a place for a number.
 */
int32_t trust_store_descriptor(struct trust_store *store,
                               int32_t *descriptor);

/*
 Waits until the state is another one than number `changes` of a snapshot: TRUST_STORE_OK, also where it was already;
 TRUST_STORE_AGAIN where it is not after so many milliseconds. Any number of threads may wait.

 # Safety
 `store` came from trust_store_open.
 */
int32_t trust_store_wait(struct trust_store *store,
                         uint64_t changes,
                         uint64_t timeout_milliseconds);

/*
 Opens the store that the device agent keeps, and verifies nothing but digests: what stands there was verified by the
 agent, which alone may write it. In force is the store's release, or the seed's where that is newer.

 TRUST_STORE_NO_BUNDLE where neither has one, TRUST_STORE_NEWER_FORMAT, TRUST_STORE_SEED_REFUSED,
 TRUST_STORE_REGION_REFUSED; TRUST_STORE_STORE_FAILED where the file may not be read, or no seed can stand in.

 # Safety
 `config` and everything in it are as their comments say; `store` points to a place for the result, which is NULL
 after a failure.
 */
int32_t trust_store_open(const struct trust_store_config *config,
                         struct trust_store **store);

/*
 Closes a handle: its thread ends, and its descriptor is closed. NULL is none.

 # Safety
 `store` came from trust_store_open and is used no more; no other thread is inside a function with it.
 */
int32_t trust_store_close(struct trust_store *store);

/*
 Looks at the store now, at the cost of 64 bytes read, and reads it where it has changed. Every call of this interface
 that begins afterwards answers for what was found.

 TRUST_STORE_STORE_FAILED where it cannot be read: what was read before stays in force.

 # Safety
 `store` came from trust_store_open.
 */
int32_t trust_store_refresh(struct trust_store *store);

/*
 Fills *snapshot with what is in force, without a look at the store.

 # Safety
 `store` came from trust_store_open; `snapshot` points to a trust_store_snapshot whose struct_size is set.
 */
int32_t trust_store_snapshot_read(struct trust_store *store,
                                  struct trust_store_snapshot *snapshot);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* TRUST_STORE_H */
