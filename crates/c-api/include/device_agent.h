/* The device agent as a C library: keeps an application's trust in step with its fleet's releases.
 *
 * Everything runs inside device_agent_step, on one thread; all memory comes from one arena. Every struct begins with its
 * size. Functions return a code, DEVICE_AGENT_OK or another; codes and numbers are stable.
 *
 * Generated from crates/c-api; change it there. */

#ifndef DEVICE_AGENT_H
#define DEVICE_AGENT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/*
 The chain verifies; a server that then asks for a client certificate has verified too.
 */
#define DEVICE_AGENT_VERIFIED 0

/*
 The chain is bad: its links, its name, its dates.
 */
#define DEVICE_AGENT_REFUSED 1

/*
 Nothing can be said: no address, no connection, no answer, no clock.
 */
#define DEVICE_AGENT_INCONCLUSIVE 2

/*
 The image does not allow the connection.
 */
#define DEVICE_AGENT_NOT_ALLOWED 3

/*
 Not asked for.
 */
#define DEVICE_AGENT_NOT_ASKED 4

/*
 What applications trust.
 */
#define DEVICE_AGENT_INSTALLED 0

/*
 The bundle in use; in a trial, the one to go back to.
 */
#define DEVICE_AGENT_PRESENT 1

/*
 The bundle on its way, or on trial.
 */
#define DEVICE_AGENT_CANDIDATE 2

/*
 PEM without comments, NUL-terminated: CURLOPT_CAINFO_BLOB, wolfSSL_CTX_load_verify_buffer with
 WOLFSSL_FILETYPE_PEM, mbedtls_x509_crt_parse (with the NUL), OPTION_TRUSTED_CERT.
 */
#define DEVICE_AGENT_PEM 0

/*
 Certificates in DER, back to back: wolfSSL_CTX_load_verify_chain_buffer_format and parsers that read on.
 */
#define DEVICE_AGENT_DER 1

/*
 The answer of a probe callback: the agent is to make the handshake itself.
 */
#define DEVICE_AGENT_PROBE_YOURS 0

/*
 The answer of a probe callback: the application is at it.
 */
#define DEVICE_AGENT_PROBE_STARTED 1

/*
 The version of this interface. It grows when something in it changes its meaning.
 */
#define DEVICE_AGENT_ABI_VERSION 1

/*
 Done.
 */
#define DEVICE_AGENT_OK 0

/*
 device_agent_step: there is more to do now, call it again soon.
 */
#define DEVICE_AGENT_AGAIN 1

/*
 An argument is NULL that must not be, or cannot be read.
 */
#define DEVICE_AGENT_BAD_ARGUMENT -1

/*
 A struct_size that this library does not know.
 */
#define DEVICE_AGENT_ABI_MISMATCH -2

/*
 Called on another thread than device_agent_start.
 */
#define DEVICE_AGENT_WRONG_THREAD -3

/*
 Called from inside a callback.
 */
#define DEVICE_AGENT_REENTERED -4

/*
 The arena is smaller than device_agent_arena_size says, or the configuration has more text than fits into it.
 */
#define DEVICE_AGENT_ARENA_TOO_SMALL -5

/*
 There is an agent already; device_agent_stop it first.
 */
#define DEVICE_AGENT_ALREADY_STARTED -6

/*
 The image's seed does not verify.
 */
#define DEVICE_AGENT_SEED_REFUSED -7

/*
 The image's keyring is not a keyring.
 */
#define DEVICE_AGENT_KEYRING_REFUSED -8

/*
 Neither image nor store has a keyring.
 */
#define DEVICE_AGENT_KEYRING_MISSING -9

/*
 The store cannot be read or written.
 */
#define DEVICE_AGENT_STORE_FAILED -10

/*
 The region's offset is no multiple of 8,192, or it has fewer than 32,768 bytes.
 */
#define DEVICE_AGENT_REGION_REFUSED -12

/*
 The buffer is too small; how much is needed stands in *needed.
 */
#define DEVICE_AGENT_BUFFER_TOO_SMALL -13

/*
 The bundle has no such service.
 */
#define DEVICE_AGENT_UNKNOWN_SERVICE -14

/*
 There is no such bundle.
 */
#define DEVICE_AGENT_NO_BUNDLE -15

/*
 An answer that nobody waits for: too late, or never asked for.
 */
#define DEVICE_AGENT_UNKNOWN_TICKET -16

/*
 The system has no random bytes.
 */
#define DEVICE_AGENT_ENTROPY_FAILED -17

/*
 A base URL cannot be read, or there are none or more than eight.
 */
#define DEVICE_AGENT_URL_REFUSED -18

/*
 No agent was started, or it was stopped.
 */
#define DEVICE_AGENT_NOT_STARTED -19

/*
 Bytes of all strings of a configuration, and sixteen more for each: what the arena has room for.
 */
#define DEVICE_AGENT_CONFIGURATION_BYTES_MAX 2048

/*
 Bytes of the arena: working memory, engine, one TLS connection, and one chain under judgement. `cargo xtask devkit`
 measures what a whole update takes of it.
 */
#define DEVICE_AGENT_ARENA_BYTES 73728

/*
 The agent. It lives in the arena; applications only hold its address.
 */
typedef struct device_agent device_agent;

/*
 A place in the order of releases or keyrings.
 */
typedef struct device_agent_order {
  /*
   The recovery epoch.
   */
  uint16_t epoch;
  /*
   The number in it.
   */
  uint32_t number;
} device_agent_order;

/*
 This device's own host where a service's pattern has a wildcard.
 */
typedef struct device_agent_local_host {
  /*
   sizeof(device_agent_local_host).
   */
  uint32_t struct_size;
  /*
   The service's name.
   */
  const char *service;
  /*
   "host" or "host:port".
   */
  const char *host;
} device_agent_local_host;

/*
 An endpoint to be probed.
 */
typedef struct device_agent_probe {
  /*
   sizeof(device_agent_probe).
   */
  uint32_t struct_size;
  /*
   Answer with it.
   */
  uint32_t ticket;
  /*
   The service's name.
   */
  const char *service;
  /*
   Host name or address.
   */
  const char *host;
  /*
   TCP port.
   */
  uint16_t port;
  /*
   Judge under the present bundle (DEVICE_AGENT_PRESENT).
   */
  bool under_present;
  /*
   Judge under the candidate (DEVICE_AGENT_CANDIDATE).
   */
  bool under_candidate;
} device_agent_probe;

/*
 What the agent calls. Each may be NULL. None of them may block, or call a function of this interface but
 device_agent_snapshot_read, device_agent_code_name and device_agent_reason_name. Strings that are handed over are
 valid until the callback returns.
 */
typedef struct device_agent_callbacks {
  /*
   sizeof(device_agent_callbacks).
   */
  uint32_t struct_size;
  /*
   Handed to every callback.
   */
  void *context;
  /*
   The time in seconds since 1970; 0 where nobody knows. NULL: the system's clock. A time before the image was
   made (the build time, or the seed's date) counts as unknown.
   */
  uint64_t (*unix_seconds)(void *context);
  /*
   Starts to resolve a name: 0 where device_agent_resolved follows. NULL: only numeric addresses are reached.
   */
  int32_t (*resolve)(void *context, uint32_t ticket, const char *host);
  /*
   Asks for a probe by the application's own TLS stack, for services that speak no TLS 1.3:
   DEVICE_AGENT_PROBE_STARTED where device_agent_probed_chain or device_agent_probed follows,
   DEVICE_AGENT_PROBE_YOURS where the agent is to make the handshake itself.
   */
  int32_t (*probe)(void *context, const struct device_agent_probe *probe);
  /*
   What is trusted has changed: make new TLS contexts, at once or when a connection is made next.
   */
  void (*changed)(void *context, uint64_t generation);
  /*
   A report is due: 0 where it is on its way and device_agent_reported follows, another number where it cannot be
   sent now; a later cycle asks again. The bytes are those that an enrolled key signs; send them over a connection
   that proves which device it is.
   */
  int32_t (*report)(void *context, uint32_t ticket, const uint8_t *report, size_t report_bytes);
  /*
   One line for people, without a line end. Level 0 error, 1 warning, 2 information.
   */
  void (*log)(void *context, int32_t level, const char *line);
} device_agent_callbacks;

/*
 Everything that the agent must know at the start. Strings and arrays are copied, up to
 DEVICE_AGENT_CONFIGURATION_BYTES_MAX in all, above which the start says DEVICE_AGENT_ARENA_TOO_SMALL; seed and keyring are not, and stay
 where they are, unchanged, until device_agent_stop.
 */
typedef struct device_agent_config {
  /*
   sizeof(device_agent_config).
   */
  uint32_t struct_size;
  /*
   The device's id, as enrolled; also its place in rollouts.
   */
  const char *device;
  /*
   The channel's name.
   */
  const char *channel;
  /*
   Groups of the device, for rollouts by group; NULL for none.
   */
  const char *const *groups;
  /*
   How many there are.
   */
  size_t group_count;
  /*
   True: verify, stage, probe and report, and install nothing.
   */
  bool observe;
  /*
   The image's seed file.
   */
  const uint8_t *seed;
  /*
   Its length in bytes.
   */
  size_t seed_bytes;
  /*
   The image's keyring document; NULL where the seed has it.
   */
  const uint8_t *keyring;
  /*
   Its length in bytes.
   */
  size_t keyring_bytes;
  /*
   The lowest keyring that the image accepts; zeros where seed and keyring say it.
   */
  struct device_agent_order keyring_floor;
  /*
   The lowest release that the image accepts; zeros where the seed says it.
   */
  struct device_agent_order release_floor;
  /*
   When the image was built, in seconds since 1970: the first floor of time.
   */
  uint64_t build_time;
  /*
   An open file; the agent reads and writes only the region of it that follows, and never closes it.
   */
  int store_fd;
  /*
   Where the region starts: a multiple of 8,192.
   */
  uint64_t store_offset;
  /*
   Its length in bytes: at least 32,768.
   */
  uint32_t store_bytes;
  /*
   Base URLs of the published tree, two to eight, such as `https://updates.example/trust/`.
   */
  const char *const *urls;
  /*
   How many there are.
   */
  size_t url_count;
  /*
   The hosts that the image may connect to (AllowedConnections); NULL: not checked.
   */
  const char *const *allowed_hosts;
  /*
   How many there are.
   */
  size_t allowed_host_count;
  /*
   This device's own hosts; NULL for none.
   */
  const struct device_agent_local_host *local_hosts;
  /*
   How many there are.
   */
  size_t local_host_count;
  /*
   What the agent calls.
   */
  struct device_agent_callbacks callbacks;
  /*
   True: reports also say which anchors the services were seen to need. It is the device's owner who asks for it; told are
   names of services, eight bytes of each anchor's SHA-256, and hours.
   */
  bool census;
} device_agent_config;

/*
 What to wait for before the next step.
 */
typedef struct device_agent_wait {
  /*
   sizeof(device_agent_wait).
   */
  uint32_t struct_size;
  /*
   The descriptor; -1 for none. It changes from step to step: ask again after each.
   */
  int32_t fd;
  /*
   Wait until it can be read.
   */
  bool readable;
  /*
   Wait until it can be written.
   */
  bool writable;
  /*
   Step again after so many milliseconds at the latest; 0: at once.
   */
  uint64_t timeout_milliseconds;
} device_agent_wait;

/*
 The agent's state after its last step.
 */
typedef struct device_agent_snapshot {
  /*
   sizeof(device_agent_snapshot).
   */
  uint32_t struct_size;
  /*
   Counts the changes of what is trusted.
   */
  uint64_t generation;
  /*
   Counts the cycles that have ended since the start.
   */
  uint32_t cycles;
  /*
   The release in use.
   */
  struct device_agent_order release;
  /*
   The keyring in force.
   */
  struct device_agent_order keyring;
  /*
   0 the image's seed, 1 a confirmed release, 2 a release on trial.
   */
  uint8_t phase;
  /*
   What is to be said first, as a stable reason; 0 for nothing.
   */
  uint16_t reason;
  /*
   The newest head has expired: what is in use stays, its freshness is unknown.
   */
  bool stale;
  /*
   Nobody knows the time.
   */
  bool clock_unknown;
  /*
   The last check went without authenticated TLS.
   */
  bool unauthenticated;
  /*
   Bytes of the arena in use.
   */
  uint32_t arena_bytes_used;
  /*
   The most that ever were.
   */
  uint32_t arena_bytes_peak;
} device_agent_snapshot;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/*
 Answers a resolve callback with an address of 4 or 16 bytes, the highest byte first; none: the name has none.

 # Safety
 `agent` came from device_agent_start; `address` points to `address_bytes` bytes.
 */
int32_t device_agent_resolved(struct device_agent *agent,
                              uint32_t ticket,
                              const uint8_t *address,
                              size_t address_bytes);

/*
 Answers a probe callback with the verdicts of the application's own TLS stack. One handshake should serve both, as
 somebody on the path could spoil one of two; device_agent_probed_chain does that, and alone can tell that a loss is
 what a distrust order wants.

 # Safety
 `agent` came from device_agent_start.
 */
int32_t device_agent_probed(struct device_agent *agent,
                            uint32_t ticket,
                            int32_t present,
                            int32_t candidate);

/*
 Answers a probe callback with the chain that the server served, the server's own certificate first: the agent judges
 it under both bundles. The application must have seen the server prove the key (the handshake came to its end but for
 the chain).

 # Safety
 `agent` came from device_agent_start; both arrays have `count` elements, which point to so many bytes each.
 */
int32_t device_agent_probed_chain(struct device_agent *agent,
                                  uint32_t ticket,
                                  const uint8_t *const *certificates,
                                  const size_t *certificate_bytes,
                                  size_t count);

/*
 Answers a report callback: whether the report was taken, or must be sent again.

 # Safety
 `agent` came from device_agent_start.
 */
int32_t device_agent_reported(struct device_agent *agent, uint32_t ticket, bool delivered);

/*
 Says how the application's own connection to a service ended, made with what was trusted at `generation`: on a release
 that is on trial it counts as a proof, or calls for one at once.

 # Safety
 `agent` came from device_agent_start; `service` is a NUL-terminated string.
 */
int32_t device_agent_service_result(struct device_agent *agent,
                                    const char *service,
                                    uint64_t generation,
                                    int32_t verdict);

/*
 Writes the anchors of a service into `buffer`, and how many bytes they have in all into *needed: with PEM its NUL
 included. With DEVICE_AGENT_BUFFER_TOO_SMALL the buffer's content is of no use; ask with a NULL buffer for the
 length alone.

 An anchor that is denied, that is not for TLS servers, or whose constraints the form cannot carry is left out.
 A service's policy ("unexportable") is not read on small boards: it lets nothing more out, and keeps nothing else in.
 DEVICE_AGENT_AGAIN where the arena has no room now: ask again after another step.

 # Safety
 `agent` came from device_agent_start; `service` is a NUL-terminated string; `buffer` points to `buffer_bytes`
 bytes, and `needed` to a place for a number.
 */
int32_t device_agent_anchors(struct device_agent *agent,
                             int32_t bundle,
                             const char *service,
                             int32_t format,
                             uint8_t *buffer,
                             size_t buffer_bytes,
                             size_t *needed);

/*
 Writes one anchor of a service in DER into `buffer`, by its place from 0 on, and its length into *needed: zero past
 the last one. For stacks that are given one certificate at a time.

 # Safety
 As [`device_agent_anchors`].
 */
int32_t device_agent_anchor(struct device_agent *agent,
                            int32_t bundle,
                            const char *service,
                            size_t index,
                            uint8_t *buffer,
                            size_t buffer_bytes,
                            size_t *needed);

/*
 The version of the interface that this library has: compare it with DEVICE_AGENT_ABI_VERSION.
 */
uint32_t device_agent_abi_version(void);

/*
 The name of a code, such as "buffer_too_small"; "unknown" for one of a later version. Never NULL.
 */
const char *device_agent_code_name(int32_t code);

/*
 The name of a reason, such as "probe_regression"; "unknown" for one of a later version. Never NULL.
 */
const char *device_agent_reason_name(uint16_t reason);

/*
 Bytes that the arena must have.
 */
size_t device_agent_arena_size(void);

/*
 Starts the agent in an arena, which belongs to it until device_agent_stop; there is one agent in a program.

 Opens the store and verifies the image's seed, which takes a few signature checks; nothing is written unless the
 image's keyring is newer than the store's. A store of another channel or fleet is left as it is: the agent then lives
 on the seed, installs nothing, and says store_of_other_channel in snapshot, log and reports. All functions but device_agent_snapshot_read must then be called on
 this thread.

 # Safety
 `config` and everything in it are as their comments say; `arena` points to `arena_bytes` bytes that nobody else
 uses; `agent` points to a place for the result.
 */
int32_t device_agent_start(const struct device_agent_config *config,
                           void *arena,
                           size_t arena_bytes,
                           struct device_agent **agent);

/*
 Does one bounded piece of work and returns: DEVICE_AGENT_AGAIN where there is more to do now, DEVICE_AGENT_OK where
 device_agent_wait_for says what to wait for.

 It never blocks but for writing and syncing the store. At most one signature is verified in a call.

 # Safety
 `agent` came from device_agent_start.
 */
int32_t device_agent_step(struct device_agent *agent);

/*
 Fills *wait with what to wait for before the next step. Answers of the application, such as device_agent_resolved,
 are a reason to step at once.

 # Safety
 `agent` came from device_agent_start; `wait` points to a device_agent_wait whose struct_size is set.
 */
int32_t device_agent_wait_for(const struct device_agent *agent,
                              struct device_agent_wait *wait);

/*
 Asks for a check now: a message from the hub, the network coming up. It is granted once a minute.

 # Safety
 `agent` came from device_agent_start.
 */
int32_t device_agent_nudge(struct device_agent *agent);

/*
 Stops the agent at whatever moment: the store is whole. Connections are closed, and the arena is the application's
 again; the store's file stays open.

 # Safety
 `agent` came from device_agent_start, and is used no more.
 */
int32_t device_agent_stop(struct device_agent *agent);

/*
 An `unwrap` that fails for some arguments.
 */
uint32_t device_agent_seeded_unwrap(uint32_t number);

/*
 Fills *snapshot with the state after the last step, on any thread and at any time.

 DEVICE_AGENT_AGAIN where the agent's thread was writing it all the time: call again.

 # Safety
 `snapshot` points to a device_agent_snapshot whose struct_size is set.
 */
int32_t device_agent_snapshot_read(struct device_agent_snapshot *snapshot);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* DEVICE_AGENT_H */
