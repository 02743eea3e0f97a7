/* A client on OpenSSL that runs for long.
 *
 * untouched: one SSL_CTX with a CA file, read at the start and never again.
 * adapted: a new SSL_CTX when the trust store has changed, as an X509_STORE forgets nothing; and the trust store judges
 * each chain after OpenSSL has, under the constraints, pins and denials that certificates cannot carry. */

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "../c/protocol.h"
#include "../c/trust.h"

#define SERVED_MAX 16

static struct trust trust;
static SSL_CTX *context;
static char judged[256]; /* why the chain of the connection being made is refused */

static SSL_CTX *context_of_file(const char *path)
{
    SSL_CTX *made = SSL_CTX_new(TLS_client_method());

    if (made != NULL && SSL_CTX_load_verify_locations(made, path, NULL) == 1) {
        SSL_CTX_set_verify(made, SSL_VERIFY_PEER, NULL);
        return made;
    }
    SSL_CTX_free(made);
    return NULL;
}

/* In place of OpenSSL's own verification, which comes first in it. */
static int verify(X509_STORE_CTX *verification, void *unused)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(verification, SSL_get_ex_data_X509_STORE_CTX_idx());
    STACK_OF(X509) *served = X509_STORE_CTX_get0_untrusted(verification);
    uint8_t *ders[SERVED_MAX] = {NULL};
    size_t lengths[SERVED_MAX];
    int count, is_good = 0;

    (void)unused;
    if (X509_verify_cert(verification) != 1)
        return 0;
    for (count = 0; count < sk_X509_num(served) && count < SERVED_MAX; count++) {
        const int length = i2d_X509(sk_X509_value(served, count), &ders[count]);

        if (length < 0)
            break;
        lengths[count] = (size_t)length;
    }
    is_good = trust_judge(&trust, SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name),
                          (const uint8_t *const *)ders, lengths, (size_t)count, judged, sizeof judged);
    while (count-- > 0)
        OPENSSL_free(ders[count]);
    if (!is_good)
        X509_STORE_CTX_set_error(verification, X509_V_ERR_APPLICATION_VERIFICATION);
    return is_good;
}

static SSL_CTX *context_of_store(void)
{
    SSL_CTX *made = SSL_CTX_new(TLS_client_method());
    size_t bytes;
    char *pem = trust_anchors(&trust, &bytes);
    BIO *reader = pem == NULL ? NULL : BIO_new_mem_buf(pem, -1);
    X509 *anchor;

    if (made != NULL && reader != NULL) {
        while ((anchor = PEM_read_bio_X509(reader, NULL, NULL, NULL)) != NULL) {
            X509_STORE_add_cert(SSL_CTX_get_cert_store(made), anchor);
            X509_free(anchor);
        }
        ERR_clear_error(); /* the end of the PEM */
        SSL_CTX_set_verify(made, SSL_VERIFY_PEER, NULL);
        SSL_CTX_set_cert_verify_callback(made, verify, NULL);
    } else {
        SSL_CTX_free(made);
        made = NULL;
    }
    BIO_free(reader);
    free(pem);
    return made;
}

static enum outcome handshake(SSL *ssl, const char *host, char *words)
{
    char request[512], answer[64];
    int length;

    SSL_set_tlsext_host_name(ssl, host);
    SSL_set1_host(ssl, host);
    judged[0] = '\0';
    if (SSL_connect(ssl) != 1) {
        const long why = SSL_get_verify_result(ssl);

        snprintf(words, 256, "%s", judged[0] ? judged : X509_verify_cert_error_string(why));
        return why == X509_V_OK ? FAILED : REFUSED;
    }
    length = snprintf(request, sizeof request, REQUEST_FORMAT, host);
    if (SSL_write(ssl, request, length) == length && SSL_read(ssl, answer, sizeof answer) > 0)
        return ACCEPTED;
    snprintf(words, 256, "no answer");
    return FAILED;
}

static enum outcome visit(const char *host, const char *port, char *words)
{
    const int fd = tcp_connect(host, port);
    enum outcome outcome = FAILED;
    SSL *ssl;

    /* Connections that are open keep the context that they began with; every new one begins with the newest. */
    if (trust.store != NULL && trust_has_changed(&trust)) {
        SSL_CTX_free(context);
        context = context_of_store();
    }
    ssl = context == NULL ? NULL : SSL_new(context);
    if (context == NULL) {
        snprintf(words, 256, "no anchor is left");
        outcome = REFUSED;
    } else if (fd < 0 || ssl == NULL)
        snprintf(words, 256, "no connection");
    else if (SSL_set_fd(ssl, fd) == 1)
        outcome = handshake(ssl, host, words);
    SSL_free(ssl);
    if (fd >= 0)
        close(fd);
    return outcome;
}

int main(int argc, char **argv)
{
    if (!is_adapted(argc, argv))
        context = context_of_file(needed("TRUST_FILE"));
    else if (trust_open(&trust, needed("TRUST_STORE"), getenv("TRUST_SEED"), needed("TRUST_SERVICE"), true))
        context = context_of_store();
    if (context == NULL)
        return 1;
    return obey("openssl", OpenSSL_version(OPENSSL_VERSION_STRING), visit);
}
