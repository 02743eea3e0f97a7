/* A client on mbedTLS that runs for long.
 *
 * untouched: one configuration with a CA file, read at the start and never again.
 * adapted: the list of anchors is parsed anew when the trust store has changed; and the trust store judges each chain
 * after mbedTLS has, under the constraints, pins and denials that certificates cannot carry.
 *
 * mbedtls_ssl_conf_ca_cb would ask for anchors by issuer; Debian builds mbedTLS without it. */

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>

#include "../c/protocol.h"
#include "../c/trust.h"

#define SERVED_MAX 16

static struct trust trust;
static bool is_loaded; /* false: nothing is trusted */
static mbedtls_entropy_context entropy;
static mbedtls_ctr_drbg_context drbg;
static mbedtls_ssl_config config;
static mbedtls_x509_crt anchors;

static bool load_file(const char *path)
{
    return mbedtls_x509_crt_parse_file(&anchors, path) == 0;
}

/* The new list; no connection is open here, as one that is being made refers to the list. */
static bool load_store(void)
{
    size_t bytes;
    char *pem = trust_anchors(&trust, &bytes);
    bool is_done;

    mbedtls_x509_crt_free(&anchors);
    mbedtls_x509_crt_init(&anchors);
    is_done = pem != NULL && mbedtls_x509_crt_parse(&anchors, (const unsigned char *)pem, bytes) == 0;
    free(pem);
    return is_done;
}

/* Before the first byte is sent: mbedTLS's own callback is called for one certificate at a time. */
static bool is_judged_good(const mbedtls_ssl_context *ssl, const char *host, char *words)
{
    const uint8_t *ders[SERVED_MAX];
    size_t lengths[SERVED_MAX], count = 0;

    for (const mbedtls_x509_crt *at = mbedtls_ssl_get_peer_cert(ssl); at != NULL && count < SERVED_MAX; at = at->next) {
        ders[count] = at->raw.p;
        lengths[count++] = at->raw.len;
    }
    return trust_judge(&trust, host, ders, lengths, count, words, 256);
}

static enum outcome handshake(mbedtls_ssl_context *ssl, const char *host, char *words)
{
    char request[512];
    unsigned char answer[64];
    const int length = snprintf(request, sizeof request, REQUEST_FORMAT, host);
    int code;

    do
        code = mbedtls_ssl_handshake(ssl);
    while (code == MBEDTLS_ERR_SSL_WANT_READ || code == MBEDTLS_ERR_SSL_WANT_WRITE);
    if (code == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED) {
        if (mbedtls_x509_crt_verify_info(words, 256, "", mbedtls_ssl_get_verify_result(ssl)) > 0)
            words[strcspn(words, "\n")] = '\0';
        return REFUSED;
    }
    if (code != 0) {
        snprintf(words, 256, "mbedTLS error -0x%04x", (unsigned int)-code);
        return FAILED;
    }
    if (trust.store != NULL && !is_judged_good(ssl, host, words))
        return REFUSED;
    if (mbedtls_ssl_write(ssl, (const unsigned char *)request, (size_t)length) == length
        && mbedtls_ssl_read(ssl, answer, sizeof answer) > 0)
        return ACCEPTED;
    snprintf(words, 256, "no answer");
    return FAILED;
}

static enum outcome visit(const char *host, const char *port, char *words)
{
    mbedtls_net_context net = {.fd = tcp_connect(host, port)};
    enum outcome outcome = FAILED;
    mbedtls_ssl_context ssl;

    mbedtls_ssl_init(&ssl);
    if (trust.store != NULL && trust_has_changed(&trust))
        is_loaded = load_store();
    if (!is_loaded) {
        snprintf(words, 256, "no anchor is left");
        outcome = REFUSED;
    } else if (net.fd < 0)
        snprintf(words, 256, "no connection");
    else if (mbedtls_ssl_setup(&ssl, &config) == 0 && mbedtls_ssl_set_hostname(&ssl, host) == 0) {
        mbedtls_ssl_set_bio(&ssl, &net, mbedtls_net_send, mbedtls_net_recv, NULL);
        outcome = handshake(&ssl, host, words);
    }
    mbedtls_ssl_free(&ssl);
    mbedtls_net_free(&net);
    return outcome;
}

int main(int argc, char **argv)
{
    char version[32];
    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&drbg);
    mbedtls_ssl_config_init(&config);
    mbedtls_x509_crt_init(&anchors);
    if (mbedtls_ctr_drbg_seed(&drbg, mbedtls_entropy_func, &entropy, NULL, 0) != 0
        || mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                       MBEDTLS_SSL_PRESET_DEFAULT) != 0)
        return 1;
    mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &drbg);
    mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_ca_chain(&config, &anchors, NULL);
    if (is_adapted(argc, argv))
        is_loaded = trust_open(&trust, needed("TRUST_STORE"), getenv("TRUST_SEED"), needed("TRUST_SERVICE"), true)
            && load_store();
    else
        is_loaded = load_file(needed("TRUST_FILE"));
    mbedtls_version_get_string(version);
    return is_loaded ? obey("mbedtls", version, visit) : 1;
}
