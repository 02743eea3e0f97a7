/* One TLS connection of the application's own, over wolfSSL and a non-blocking socket: what the SDK brings (TARGET_API_SET 6). */
#ifndef SAMPLE_TLS_CLIENT_H
#define SAMPLE_TLS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A served chain that is kept for judging: more than any public service sends. */
#define CHAIN_CERTIFICATES_MAX 6
#define CHAIN_BYTES_MAX 8192

typedef struct {
    uint8_t bytes[CHAIN_BYTES_MAX];
    const uint8_t *certificates[CHAIN_CERTIFICATES_MAX];
    size_t certificate_bytes[CHAIN_CERTIFICATES_MAX];
    size_t count;
} tls_chain;

typedef enum {
    TLS_WANTS_READ,  /* call again when the socket is readable */
    TLS_WANTS_WRITE, /* … writable */
    TLS_DONE,
    TLS_REFUSED,     /* the certificate: chain, name or date */
    TLS_FAILED,      /* anything else */
} tls_progress;

typedef struct {
    int fd; /* -1: none */
    void *context;
    void *session;
    bool connected; /* TCP */
    int error;      /* wolfSSL's, or errno, after TLS_REFUSED and TLS_FAILED */
} tls_client;

/* Once, before anything else. */
bool tls_client_library_start(void);

/* Starts to connect. With `anchors` (PEM, NUL-terminated) the server is verified against these and `host`. With `chain` instead it is
 * not: its certificates are copied there, and proven to be the server's by the handshake, for somebody else to judge. A client of an
 * earlier connection must have been closed. */
bool tls_client_open(tls_client *client, const uint8_t *address, size_t address_bytes, uint16_t port, const char *host,
                     const char *anchors, tls_chain *chain);

/* Goes on with connecting and the handshake. */
tls_progress tls_client_handshake(tls_client *client);

/* Sends a short message whole. */
bool tls_client_send(tls_client *client, const char *text);

/* Reads what has come: more than 0 bytes with TLS_DONE. TLS_FAILED also where the peer has closed. */
tls_progress tls_client_receive(tls_client *client, char *text, size_t text_bytes, size_t *received);

/* "TLSv1.2" and the like. */
const char *tls_client_version(const tls_client *client);

/* Frees session, context (and with it the anchors) and socket. Unregister the socket from the event loop before. */
void tls_client_close(tls_client *client);

/* What the TLS library holds now, and the most that it has held at once, in bytes. */
size_t tls_client_heap(void);
size_t tls_client_heap_peak(void);

#endif
