/* A client on wolfSSL that runs for long.
 *
 * untouched: one WOLFSSL_CTX with a CA file, read at the start and never again.
 * adapted: the anchors of the same WOLFSSL_CTX are unloaded and loaded anew when the trust store has changed; and the
 * trust store judges each chain after wolfSSL has, under the constraints, pins and denials that certificates cannot
 * carry. */

#include <wolfssl/options.h>
#include <wolfssl/error-ssl.h>
#include <wolfssl/ssl.h>
#include <wolfssl/version.h>

#include "../c/protocol.h"
#include "../c/trust.h"

#define SERVED_MAX 16

static struct trust trust;
static bool is_loaded; /* false: nothing is trusted */
static WOLFSSL_CTX *context;

static bool load_file(const char *path)
{
    return wolfSSL_CTX_load_verify_locations(context, path, NULL) == WOLFSSL_SUCCESS;
}

/* Connections that are open are past their verification, so one context serves for ever. */
static bool load_store(void)
{
    size_t bytes;
    char *pem = trust_anchors(&trust, &bytes);
    const bool is_done = pem != NULL && wolfSSL_CTX_UnloadCAs(context) == WOLFSSL_SUCCESS
        && wolfSSL_CTX_load_verify_buffer(context, (const unsigned char *)pem, (long)(bytes - 1),
                                          WOLFSSL_FILETYPE_PEM) == WOLFSSL_SUCCESS;

    free(pem);
    return is_done;
}

/* wolfSSL has no callback for a chain that it found good: the judge comes before the first byte is sent. */
static bool is_judged_good(WOLFSSL *ssl, const char *host, char *words)
{
    WOLFSSL_X509_CHAIN *served = wolfSSL_get_peer_chain(ssl);
    const uint8_t *ders[SERVED_MAX];
    size_t lengths[SERVED_MAX];
    int count = wolfSSL_get_chain_count(served);

    count = count > SERVED_MAX ? SERVED_MAX : count;
    for (int place = 0; place < count; place++) {
        ders[place] = wolfSSL_get_chain_cert(served, place);
        lengths[place] = (size_t)wolfSSL_get_chain_length(served, place);
    }
    return trust_judge(&trust, host, ders, lengths, (size_t)count, words, 256);
}

static enum outcome handshake(WOLFSSL *ssl, const char *host, char *words)
{
    char request[512], answer[64];
    int length;

    wolfSSL_UseSNI(ssl, WOLFSSL_SNI_HOST_NAME, host, (unsigned short)strlen(host));
    wolfSSL_check_domain_name(ssl, host);
    if (wolfSSL_connect(ssl) != WOLFSSL_SUCCESS) {
        const int why = wolfSSL_get_error(ssl, 0);

        wolfSSL_ERR_error_string((unsigned long)why, words);
        /* What wolfCrypt says of certificates lies in one range of its own, a wrong name in the library's. */
        return (why <= ASN_PARSE_E && why >= ASN_NO_SKID) || why == ASN_NO_SIGNER_E || why == DOMAIN_NAME_MISMATCH
            ? REFUSED
            : FAILED;
    }
    if (trust.store != NULL && !is_judged_good(ssl, host, words))
        return REFUSED;
    length = snprintf(request, sizeof request, REQUEST_FORMAT, host);
    if (wolfSSL_write(ssl, request, length) == length) {
        do /* a session ticket is no answer */
            length = wolfSSL_read(ssl, answer, sizeof answer);
        while (length < 0 && wolfSSL_get_error(ssl, length) == APP_DATA_READY);
        if (length > 0)
            return ACCEPTED;
    }
    snprintf(words, 256, "no answer: wolfSSL error %d", wolfSSL_get_error(ssl, 0));
    return FAILED;
}

static enum outcome visit(const char *host, const char *port, char *words)
{
    const int fd = tcp_connect(host, port);
    enum outcome outcome = FAILED;
    WOLFSSL *ssl = NULL;

    if (trust.store != NULL && trust_has_changed(&trust))
        is_loaded = load_store();
    if (!is_loaded) {
        snprintf(words, 256, "no anchor is left");
        outcome = REFUSED;
    } else if (fd < 0)
        snprintf(words, 256, "no connection");
    else if ((ssl = wolfSSL_new(context)) != NULL) {
        wolfSSL_set_fd(ssl, fd);
        outcome = handshake(ssl, host, words);
        wolfSSL_free(ssl);
    }
    if (fd >= 0)
        close(fd);
    return outcome;
}

int main(int argc, char **argv)
{
    wolfSSL_Init();
    context = wolfSSL_CTX_new(wolfTLS_client_method());
    if (context == NULL)
        return 1;
    wolfSSL_CTX_set_verify(context, WOLFSSL_VERIFY_PEER, NULL);
    /* A resumed session shows no chain. */
    wolfSSL_CTX_set_session_cache_mode(context, WOLFSSL_SESS_CACHE_OFF);
    if (is_adapted(argc, argv))
        is_loaded = trust_open(&trust, needed("TRUST_STORE"), getenv("TRUST_SEED"), needed("TRUST_SERVICE"), true)
            && load_store();
    else
        is_loaded = load_file(needed("TRUST_FILE"));
    return is_loaded ? obey("wolfssl", wolfSSL_lib_version(), visit) : 1;
}
