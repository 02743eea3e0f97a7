/* wolfSSL, as a small device uses it: a new context for each set of anchors, no session cache, nothing blocking. */
#include "tls_client.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#if defined(WOLFSSL_USER_SETTINGS)
#include <wolfssl/wolfcrypt/settings.h>
#else
#include <wolfssl/options.h>
#endif
#include <wolfssl/error-ssl.h>
#include <wolfssl/ssl.h>
#include <wolfssl/wolfcrypt/error-crypt.h>
#include <wolfssl/wolfcrypt/memory.h>

/* Each block of the library's heap carries its size in front, so that the peak can be told; the union keeps it aligned. */
typedef union {
    size_t bytes;
    max_align_t alignment;
} block_size;

static size_t heap_bytes;
static size_t heap_bytes_peak;

static void *counted_malloc(size_t bytes)
{
    block_size *block = malloc(sizeof *block + bytes);
    if (block == NULL) {
        return NULL;
    }
    block->bytes = bytes;
    heap_bytes += bytes;
    heap_bytes_peak = heap_bytes > heap_bytes_peak ? heap_bytes : heap_bytes_peak;
    return block + 1;
}

static void counted_free(void *pointer)
{
    if (pointer != NULL) {
        block_size *block = (block_size *)pointer - 1;
        heap_bytes -= block->bytes;
        free(block);
    }
}

static void *counted_realloc(void *pointer, size_t bytes)
{
    void *moved = counted_malloc(bytes);
    if (moved != NULL && pointer != NULL) {
        size_t old = ((block_size *)pointer - 1)->bytes;
        memcpy(moved, pointer, old < bytes ? old : bytes);
        counted_free(pointer);
    }
    return moved;
}

size_t tls_client_heap(void)
{
    return heap_bytes;
}

size_t tls_client_heap_peak(void)
{
    return heap_bytes_peak;
}

bool tls_client_library_start(void)
{
    return wolfSSL_SetAllocators(counted_malloc, counted_free, counted_realloc) == 0 && wolfSSL_Init() == WOLFSSL_SUCCESS;
}

/* Keeps the served chain and accepts it for now: with no anchor loaded every chain fails, and so comes by here. That the server holds
 * the key of its certificate is still checked, by the handshake itself. */
static int keep_chain(int verified, WOLFSSL_X509_STORE_CTX *store)
{
    tls_chain *chain = store->userCtx;
    size_t used = 0;
    (void)verified;
    if (chain == NULL) {
        return 0;
    }
    if (chain->count > 0) {
        return 1; /* one call for each certificate of the chain; the first has them all */
    }
    for (int index = 0; index < store->totalCerts && chain->count < CHAIN_CERTIFICATES_MAX; index++) {
        const WOLFSSL_BUFFER_INFO *certificate = &store->certs[index];
        if (certificate->length > sizeof chain->bytes - used) {
            return 0;
        }
        memcpy(chain->bytes + used, certificate->buffer, certificate->length);
        chain->certificates[chain->count] = chain->bytes + used;
        chain->certificate_bytes[chain->count++] = certificate->length;
        used += certificate->length;
    }
    return chain->count > 0;
}

static int connect_to(const uint8_t *address, size_t address_bytes, uint16_t port)
{
    struct sockaddr_in ip4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 ip6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    bool old = address_bytes == sizeof ip4.sin_addr;
    if (!old && address_bytes != sizeof ip6.sin6_addr) {
        errno = EINVAL;
        return -1;
    }
    memcpy(old ? (void *)&ip4.sin_addr : (void *)&ip6.sin6_addr, address, address_bytes);
    int fd = socket(old ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    int result = old ? connect(fd, (const struct sockaddr *)&ip4, sizeof ip4) : connect(fd, (const struct sockaddr *)&ip6, sizeof ip6);
    if (result != 0 && errno != EINPROGRESS) {
        int error = errno;
        (void)close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static bool prepare(tls_client *client, const char *host, const char *anchors, tls_chain *chain)
{
    WOLFSSL_CTX *context = wolfSSL_CTX_new(wolfSSLv23_client_method());
    client->context = context;
    if (context == NULL) {
        return false;
    }
    wolfSSL_CTX_set_verify(context, WOLFSSL_VERIFY_PEER, chain == NULL ? NULL : keep_chain);
    if (chain == NULL && wolfSSL_CTX_load_verify_buffer(context, (const unsigned char *)anchors, (long)strlen(anchors),
                                                        WOLFSSL_FILETYPE_PEM) != WOLFSSL_SUCCESS) {
        return false;
    }
    WOLFSSL *session = wolfSSL_new(context);
    client->session = session;
    if (session == NULL || wolfSSL_set_fd(session, client->fd) != WOLFSSL_SUCCESS ||
        wolfSSL_UseSNI(session, WOLFSSL_SNI_HOST_NAME, host, (unsigned short)strlen(host)) != WOLFSSL_SUCCESS) {
        return false;
    }
    if (chain != NULL) {
        chain->count = 0;
        wolfSSL_SetCertCbCtx(session, chain);
        return true;
    }
    return wolfSSL_check_domain_name(session, host) == WOLFSSL_SUCCESS;
}

bool tls_client_open(tls_client *client, const uint8_t *address, size_t address_bytes, uint16_t port, const char *host,
                     const char *anchors, tls_chain *chain)
{
    *client = (tls_client){.fd = connect_to(address, address_bytes, port)};
    if (client->fd < 0) {
        client->error = errno;
        return false;
    }
    if (!prepare(client, host, anchors, chain)) {
        client->error = ENOMEM;
        tls_client_close(client);
        return false;
    }
    return true;
}

/* wolfSSL's errors that speak of the server's certificate, not of the connection. */
static bool is_refusal(int error)
{
    static const int refusals[] = {
        ASN_NO_SIGNER_E, ASN_SIG_CONFIRM_E, ASN_BEFORE_DATE_E, ASN_AFTER_DATE_E, DOMAIN_NAME_MISMATCH, ASN_NAME_INVALID_E,
        ASN_PATHLEN_SIZE_E, ASN_PATHLEN_INV_E, ASN_SIG_KEY_E, ASN_PARSE_E, EXTKEYUSAGE_E, KEYUSAGE_E, VERIFY_CERT_ERROR,
    };
    for (size_t index = 0; index < sizeof refusals / sizeof *refusals; index++) {
        if (error == refusals[index]) {
            return true;
        }
    }
    return false;
}

static tls_progress progress_of(tls_client *client, int result)
{
    int error = wolfSSL_get_error(client->session, result);
    if (error == WOLFSSL_ERROR_WANT_READ || error == WOLFSSL_ERROR_WANT_WRITE) {
        return error == WOLFSSL_ERROR_WANT_READ ? TLS_WANTS_READ : TLS_WANTS_WRITE;
    }
    client->error = error;
    return is_refusal(error) ? TLS_REFUSED : TLS_FAILED;
}

tls_progress tls_client_handshake(tls_client *client)
{
    if (!client->connected) {
        int error = 0;
        socklen_t bytes = sizeof error;
        struct sockaddr_storage peer;
        socklen_t peer_bytes = sizeof peer;
        if (getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &bytes) != 0 || error != 0) {
            client->error = error;
            return TLS_FAILED;
        }
        if (getpeername(client->fd, (struct sockaddr *)&peer, &peer_bytes) != 0) {
            return TLS_WANTS_WRITE;
        }
        client->connected = true;
    }
    int result = wolfSSL_connect(client->session);
    return result == WOLFSSL_SUCCESS ? TLS_DONE : progress_of(client, result);
}

bool tls_client_send(tls_client *client, const char *text)
{
    return wolfSSL_write(client->session, text, (int)strlen(text)) == (int)strlen(text);
}

tls_progress tls_client_receive(tls_client *client, char *text, size_t text_bytes, size_t *received)
{
    int result = wolfSSL_read(client->session, text, (int)text_bytes);
    *received = result > 0 ? (size_t)result : 0;
    return result > 0 ? TLS_DONE : progress_of(client, result);
}

const char *tls_client_version(const tls_client *client)
{
    return wolfSSL_get_version(client->session);
}

void tls_client_close(tls_client *client)
{
    wolfSSL_free(client->session);
    wolfSSL_CTX_free(client->context);
    if (client->fd >= 0) {
        (void)close(client->fd);
    }
    client->fd = -1;
    client->session = NULL;
    client->context = NULL;
}
